package lab

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Addr adds addresses with prefix length to an interface. On "lo", as /32 and
// /128, they make one namespace answer for as many hosts as one likes.
func (h *Host) Addr(iface string, addrs ...string) {
	h.net.t.Helper()
	l := h.link(iface)
	for _, s := range addrs {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			h.fail("address: %v", err)
		}
		a := &netlink.Addr{IPNet: &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}}
		if err := h.links.AddrAdd(l, a); err != nil {
			h.fail("address %s on %s: %v", s, iface, err)
		}
	}
	if err := h.awaitAddrs(l); err != nil {
		h.fail("%v", err)
	}
}

// awaitAddrs waits until no IPv6 address is tentative. The kernel joins the
// multicast group in which neighbours ask for an address in a work queue, and
// ends the tentative state then: that is why addresses are not marked as without
// duplicate address detection, although there is none.
func (h *Host) awaitAddrs(l netlink.Link) error {
	return await(l.Attrs().Name, func() (string, error) {
		addrs, err := h.links.AddrList(l, netlink.FAMILY_V6)
		for _, a := range addrs {
			if a.Flags&unix.IFA_F_TENTATIVE != 0 {
				return "usable " + a.IP.String(), nil
			}
		}
		return "", err
	})
}

// Default adds default routes, the family being that of the gateway.
func (h *Host) Default(via ...string) {
	h.net.t.Helper()
	for _, v := range via {
		a, err := netip.ParseAddr(v)
		if err != nil {
			h.fail("gateway: %v", err)
		}
		if a.Is4() {
			h.Route("0.0.0.0/0", v)
		} else {
			h.Route("::/0", v)
		}
	}
}

// Route adds a route to a prefix. via is a gateway ("10.1.0.2", or with an
// interface "fe80::2%eth0"), an interface ("tun0": the prefix is on its link),
// or what the kernel is to say instead: "blackhole", "unreachable", "prohibit",
// "throw"; or "local": the host has all of these addresses.
func (h *Host) Route(prefix, via string) {
	h.net.t.Helper()
	h.RouteTable(unix.RT_TABLE_MAIN, prefix, via)
}

// RouteTable adds a route to one routing table, see Policy.
func (h *Host) RouteTable(table int, prefix, via string) {
	h.net.t.Helper()
	r, err := h.route(prefix, via)
	if err == nil {
		r.Table = table
		err = h.links.RouteAdd(r)
	}
	if err != nil {
		h.fail("route %s via %s: %v", prefix, via, err)
	}
}

// loopback is the number of the loopback interface in each namespace.
const loopback = 1

func (h *Host) route(prefix, via string) (*netlink.Route, error) {
	dst, err := ipNet(prefix)
	if err != nil {
		return nil, err
	}
	r := &netlink.Route{Dst: dst, Family: family(dst)}
	switch via {
	case "blackhole":
		r.Type = unix.RTN_BLACKHOLE
		return r, nil
	case "unreachable":
		r.Type = unix.RTN_UNREACHABLE
		return r, nil
	case "prohibit":
		r.Type = unix.RTN_PROHIBIT
		return r, nil
	case "throw":
		r.Type = unix.RTN_THROW
		return r, nil
	case "local":
		r.Type, r.Scope, r.LinkIndex = unix.RTN_LOCAL, netlink.SCOPE_HOST, loopback
		return r, nil
	}
	iface := via
	if gw, err := netip.ParseAddr(via); err == nil {
		iface = gw.Zone()
		r.Gw = gw.WithZone("").AsSlice()
	} else {
		r.Scope = netlink.SCOPE_LINK
	}
	if iface != "" {
		l, err := h.links.LinkByName(iface)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", iface, err)
		}
		r.LinkIndex = l.Attrs().Index
	}
	return r, nil
}

// PolicyPort adds a rule of each family: TCP packets to this port look their route up
// in this table before the main one.
func (h *Host) PolicyPort(table int, port uint16) {
	h.net.t.Helper()
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		r := netlink.NewRule()
		r.Table, r.Family, r.IPProto = table, family, unix.IPPROTO_TCP
		r.Dport = netlink.NewRulePortRange(port, port)
		if err := h.links.RuleAdd(r); err != nil {
			h.fail("policy for port %d table %d: %v", port, table, err)
		}
	}
}

// Policy adds a rule: packets from a prefix, to a prefix ("" is any), look their
// route up in this table before the main one.
func (h *Host) Policy(table int, from, to string) {
	h.net.t.Helper()
	r := netlink.NewRule()
	r.Table, r.Family = table, unix.AF_INET
	for _, side := range []struct {
		prefix string
		into   **net.IPNet
	}{{from, &r.Src}, {to, &r.Dst}} {
		if side.prefix == "" {
			continue
		}
		p, err := ipNet(side.prefix)
		if err != nil {
			h.fail("policy: %v", err)
		}
		*side.into, r.Family = p, family(p)
	}
	if err := h.links.RuleAdd(r); err != nil {
		h.fail("policy from %q to %q table %d: %v", from, to, table, err)
	}
}

// Neighbour adds a permanent entry to the ARP or ND cache.
func (h *Host) Neighbour(iface, addr string, mac net.HardwareAddr) {
	h.net.t.Helper()
	err := h.links.NeighSet(&netlink.Neigh{
		LinkIndex:    h.Index(iface),
		State:        netlink.NUD_PERMANENT,
		IP:           net.ParseIP(addr),
		HardwareAddr: mac,
	})
	if err != nil {
		h.fail("neighbour %s: %v", addr, err)
	}
}

// NoNeighbour adds an entry to the ARP or ND cache that says that the kernel has asked
// for addr in vain. It stays: one that comes of asking goes when the kernel tidies up.
func (h *Host) NoNeighbour(iface, addr string) {
	h.net.t.Helper()
	err := h.links.NeighSet(&netlink.Neigh{
		LinkIndex: h.Index(iface),
		State:     netlink.NUD_FAILED,
		Flags:     netlink.NTF_EXT_LEARNED,
		IP:        net.ParseIP(addr),
	})
	if err != nil {
		h.fail("neighbour %s: %v", addr, err)
	}
}

func ipNet(prefix string) (*net.IPNet, error) {
	p, err := netip.ParsePrefix(prefix)
	if err != nil {
		return nil, err
	}
	p = p.Masked()
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}, nil
}

func family(n *net.IPNet) int {
	if len(n.Mask) == net.IPv4len {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// TakeAddr takes addresses with prefix length away from an interface, as a lease that
// ends does.
func (h *Host) TakeAddr(iface string, addrs ...string) {
	h.net.t.Helper()
	for _, s := range addrs {
		p, err := ipNet(s)
		if err == nil {
			a := netip.MustParsePrefix(s)
			p.IP = a.Addr().AsSlice()
			err = h.links.AddrDel(h.link(iface), &netlink.Addr{IPNet: p})
		}
		if err != nil {
			h.fail("address %s away from %s: %v", s, iface, err)
		}
	}
}

// TakeRoute takes a route away, as a tunnel that ends does.
func (h *Host) TakeRoute(prefix, via string) {
	h.net.t.Helper()
	r, err := h.route(prefix, via)
	if err == nil {
		err = h.links.RouteDel(r)
	}
	if err != nil {
		h.fail("route to %s away: %v", prefix, err)
	}
}

// ReplaceRoute makes a route that is there lead elsewhere, at once, as a routing daemon does.
func (h *Host) ReplaceRoute(prefix, via string) {
	h.net.t.Helper()
	r, err := h.route(prefix, via)
	if err == nil {
		err = h.links.RouteReplace(r)
	}
	if err != nil {
		h.fail("route %s now via %s: %v", prefix, via, err)
	}
}
