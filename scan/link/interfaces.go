package link

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"go4.org/netipx"
	"golang.org/x/sys/unix"

	"sonde/probe/wire"
)

// Carrier is whether an interface can carry packets.
type Carrier uint8

const (
	Down      Carrier = iota // it is switched off
	NoCarrier                // it is on, but there is nothing at the other end of the cable
	Up
)

func (c Carrier) String() string { return [...]string{"down", "no-carrier", "up"}[c] }

// Medium is what an interface needs to reach a neighbour.
type Medium uint8

const (
	Ethernet Medium = iota // the neighbour's MAC, by ARP or ND
	Bare                   // nothing: TUN, PPP, WireGuard, and what does no ARP
	Loopback               // there is no neighbour
)

func (m Medium) String() string { return [...]string{"ethernet", "ip", "loopback"}[m] }

// Interface is one interface of this machine.
type Interface struct {
	Index   int
	Name    string
	Carrier Carrier
	Medium  Medium
	MTU     int
	MAC     wire.MAC       // with Ethernet
	Addrs   []netip.Prefix // ours, with prefix lengths, in the kernel's order
}

// Interfaces lists the interfaces, in the order of their indices.
func Interfaces() ([]Interface, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("interfaces: %w", err)
	}
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("addresses: %w", err)
	}
	of := make(map[int][]netip.Prefix)
	for _, a := range addrs {
		if p, ok := netipx.FromStdIPNet(a.IPNet); ok {
			ip, _ := netipx.FromStdIP(a.IP) // FromStdIPNet keeps the network only
			of[a.LinkIndex] = append(of[a.LinkIndex], netip.PrefixFrom(ip, p.Bits()))
		}
	}
	list := make([]Interface, len(links))
	for i, l := range links {
		list[i] = interfaceOf(l.Attrs())
		list[i].Addrs = of[list[i].Index]
	}
	return list, nil
}

// interfaceOf reads what the kernel says of a link, in the terms in which ways
// are described.
func interfaceOf(a *netlink.LinkAttrs) Interface {
	f := faceOf(a)
	i := Interface{Index: f.index, Name: f.name, MTU: f.mtu, Medium: Bare}
	switch {
	case f.loopback:
		i.Medium = Loopback
	case f.ether:
		i.Medium, i.MAC = Ethernet, f.mac
	}
	switch {
	case a.RawFlags&unix.IFF_UP == 0:
	case a.RawFlags&unix.IFF_LOWER_UP == 0:
		i.Carrier = NoCarrier
	default:
		i.Carrier = Up
	}
	return i
}

// DefaultRoute is a route to everywhere.
type DefaultRoute struct {
	V6     bool
	Iface  string     // "" where Kind is not "unicast"
	Next   netip.Addr // gateway; zero: everybody is on the link
	Source netip.Addr // preferred source address; zero: none is
	Metric int        // the smallest is taken
	Table  int        // routing table; 254 is the main one, others need a rule
	Kind   string     // "unicast", or what the kernel says instead: "unreachable", "prohibit", "blackhole", "throw"
}

// DefaultRoutes lists the default routes of all routing tables, one for each
// next hop, in the kernel's order: IPv4 first.
func DefaultRoutes() (list []DefaultRoute, err error) {
	names := make(map[int]string)
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	defer h.Close()
	links, err := h.LinkList()
	if err != nil {
		return nil, fmt.Errorf("interfaces: %w", err)
	}
	for _, l := range links {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		err := eachRoute(h, family, func(r *netlink.Route) {
			if p, ok := netipx.FromStdIPNet(orDefault(r.Dst, family)); !ok || p.Bits() != 0 {
				return
			}
			kind, ok := routeKinds[r.Type]
			if !ok {
				return
			}
			d := DefaultRoute{V6: family == netlink.FAMILY_V6, Metric: r.Priority, Table: r.Table, Kind: kind}
			d.Source, _ = netipx.FromStdIP(r.Src)
			if r.Type != unix.RTN_UNICAST { // it stands on an interface, but leads nowhere
				list = append(list, d)
				return
			}
			hops := r.MultiPath
			if len(hops) == 0 {
				hops = []*netlink.NexthopInfo{{LinkIndex: r.LinkIndex, Gw: r.Gw, Via: r.Via}}
			}
			for _, h := range hops {
				d.Iface, d.Next = names[h.LinkIndex], gateway(h.Gw, h.Via)
				list = append(list, d)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// routeKinds are the kinds of routes that a default route can be.
var routeKinds = map[int]string{
	unix.RTN_UNICAST: "unicast", unix.RTN_UNREACHABLE: "unreachable", unix.RTN_PROHIBIT: "prohibit",
	unix.RTN_BLACKHOLE: "blackhole", unix.RTN_THROW: "throw",
}
