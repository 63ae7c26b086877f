package link

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"go4.org/netipx"
	"golang.org/x/sys/unix"
)

// kernel is what the kernel said about its interfaces and routes, at one time.
type kernel struct {
	netlink *netlink.Handle // one socket for all questions
	faces   []face
	own     []ownAddr
	local   *netipx.IPSet // all that is delivered to this machine
	// broadcast is everybody on a link of ours; network is the other address of
	// an IPv4 network that no host has.
	broadcast, network *netipx.IPSet
	edges              []netip.Addr // sorted, unique: first addresses of stretches
	choosy             []string     // rules that look at more than addresses, see ruleWords
}

// ownAddr is one of our addresses with its prefix length, and its interface.
type ownAddr struct {
	netip.Prefix
	iface int
}

// found is the kernel's answer for one address.
type found struct {
	iface     int
	src, next netip.Addr
	mtu       int // of the route, if it has one
}

// askKernel reads interfaces, addresses and the edges of all routes and rules of
// families: a scan of a single port notices each table that is read for nothing.
func askKernel(families ...int) (*kernel, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	k := &kernel{netlink: h}
	if err := k.read(families); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

// close ends asking; what was read stays.
func (k *kernel) close() { k.netlink.Close() }

// read reads everything that routes are made of.
func (k *kernel) read(families []int) error {
	links, err := k.netlink.LinkList()
	if err != nil {
		return fmt.Errorf("interfaces: %w", err)
	}
	for _, l := range links {
		k.faces = append(k.faces, faceOf(l.Attrs()))
	}
	addrs, err := k.netlink.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("addresses: %w", err)
	}
	var local, broadcast, network netipx.IPSetBuilder
	broadcast.Add(limitedBroadcast)
	for _, a := range addrs {
		if p, ok := netipx.FromStdIPNet(a.IPNet); ok {
			ip, _ := netipx.FromStdIP(a.IP)
			k.own = append(k.own, ownAddr{netip.PrefixFrom(ip, p.Bits()), a.LinkIndex})
			k.edge(p) // without a preferred source the kernel takes the address whose prefix fits
			local.Add(ip)
			if ip.Is4() && p.Bits() < 31 && p.Masked().Addr() != ip { // of two addresses both are hosts (RFC 3021)
				network.Add(p.Masked().Addr()) // RFC 1122 §3.2.1.3
			}
		}
	}
	if err := k.readEdges(families, &local, &broadcast); err != nil {
		return err
	}
	slices.SortFunc(k.edges, netip.Addr.Compare)
	k.edges = slices.Compact(k.edges)
	var errs [3]error
	k.local, errs[0] = local.IPSet()
	k.broadcast, errs[1] = broadcast.IPSet()
	k.network, errs[2] = network.IPSet()
	return errors.Join(errs[:]...)
}

// readEdges collects the edges of all prefixes by which the kernel decides, and
// the routes that lead to this machine or to everybody.
func (k *kernel) readEdges(families []int, local, broadcast *netipx.IPSetBuilder) error {
	for _, family := range families {
		err := eachRoute(k.netlink, family, func(r *netlink.Route) {
			if p, ok := netipx.FromStdIPNet(orDefault(r.Dst, family)); ok {
				k.edge(p)
				switch r.Type {
				case unix.RTN_LOCAL:
					local.AddPrefix(p)
				case unix.RTN_BROADCAST:
					broadcast.AddPrefix(p)
				}
			}
		})
		if err != nil {
			return err
		}
		rules, err := k.netlink.RuleList(family)
		if err != nil && !errors.Is(err, syscall.EOPNOTSUPP) { // a kernel without policy rules
			return fmt.Errorf("rules: %w", err)
		}
		for _, r := range rules {
			if words := ruleWords(&r); words != "" && !slices.Contains(k.choosy, words) {
				k.choosy = append(k.choosy, words)
			}
			if r.Dst != nil {
				if p, ok := netipx.FromStdIPNet(r.Dst); ok {
					k.edge(p)
				}
			}
		}
	}
	for _, s := range special {
		k.edge(netip.MustParsePrefix(s))
	}
	if !slices.Contains(families, netlink.FAMILY_V6) {
		return nil
	}
	return k.sourceEdges()
}

// eachRoute calls f with the routes of all tables of a family.
func eachRoute(h *netlink.Handle, family int, f func(r *netlink.Route)) error {
	all := &netlink.Route{Table: unix.RT_TABLE_UNSPEC}
	err := h.RouteListFilteredIter(family, all, netlink.RT_FILTER_TABLE, func(r netlink.Route) bool {
		f(&r)
		return true
	})
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return fmt.Errorf("routes: %w", err)
	}
	return nil
}

// special are the prefixes that the kernel treats in its own way without a
// route: this host, this network (RFC 1122 §3.2.1.3), multicast, everybody; and
// IPv6 scopes.
var special = [...]string{
	"0.0.0.0/32", "0.0.0.0/8", "224.0.0.0/4", "224.0.0.0/24", "255.255.255.255/32",
	"::/128", "::1/128", "fe80::/10", "fec0::/10", "ff00::/8", "::/96", "::ffff:0:0/96",
}

func orDefault(n *net.IPNet, family int) *net.IPNet {
	switch {
	case n != nil:
		return n
	case family == netlink.FAMILY_V4:
		return &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}
	}
	return &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
}

// sourceEdges adds the edges at which the kernel changes its mind about an IPv6
// source address without a change of route (RFC 6724 §5): the label of the target (rule
// 6), and how many leading bits it shares with each of our addresses (rule 8).
func (k *kernel) sourceEdges() error {
	for _, own := range k.own {
		if own.Addr().Is4() {
			continue
		}
		for bits := 1; bits <= own.Bits(); bits++ {
			k.edge(netip.PrefixFrom(own.Addr(), bits).Masked())
		}
	}
	labels, err := addressLabels()
	for _, p := range labels {
		k.edge(p)
	}
	return err
}

// addressLabels reads the prefixes of the label table (RTM_GETADDRLABEL).
func addressLabels() ([]netip.Prefix, error) {
	const header = 12 // struct ifaddrlblmsg: family, -, prefix length, flags, index, seq
	req := nl.NewNetlinkRequest(unix.RTM_GETADDRLABEL, unix.NLM_F_DUMP)
	req.AddRawData(append([]byte{unix.AF_INET6}, make([]byte, header-1)...))
	messages, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWADDRLABEL)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.EAFNOSUPPORT) {
		return nil, nil // no IPv6 here
	}
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, fmt.Errorf("address labels: %w", err)
	}
	var out []netip.Prefix
	for _, m := range messages {
		if len(m) < header {
			continue
		}
		attrs, err := nl.ParseRouteAttr(m[header:])
		if err != nil {
			continue
		}
		for _, a := range attrs {
			if ip, ok := netip.AddrFromSlice(a.Value); ok && a.Attr.Type == unix.IFA_ADDRESS {
				out = append(out, netip.PrefixFrom(ip, int(m[2])).Masked())
			}
		}
	}
	return out, nil
}

// edge notes where p begins and where what is behind it begins.
func (k *kernel) edge(p netip.Prefix) {
	k.edges = append(k.edges, p.Masked().Addr())
	if next := netipx.PrefixLastIP(p.Masked()).Next(); next.IsValid() {
		k.edges = append(k.edges, next)
	}
}

// edgesWithin returns the edges inside r, its first address not among them;
// borrowed.
func (k *kernel) edgesWithin(r netipx.IPRange) []netip.Addr {
	lo, found := slices.BinarySearchFunc(k.edges, r.From(), netip.Addr.Compare)
	if found {
		lo++
	}
	hi, found := slices.BinarySearchFunc(k.edges, r.To(), netip.Addr.Compare)
	if found {
		hi++
	}
	return k.edges[min(lo, hi):hi]
}

// gateway reads the next hop of a route; zero if there is none. An IPv4 route may
// lead by an IPv6 gateway (RFC 5549), which stands in via.
func gateway(gw net.IP, via netlink.Destination) (next netip.Addr) {
	if v, ok := via.(*netlink.Via); ok {
		gw = v.Addr
	}
	next, _ = netipx.FromStdIP(gw)
	return next
}
