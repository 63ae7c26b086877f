package simnet

import (
	"net/netip"

	"sonde/probe"
	"sonde/probe/wire"
)

// Truth is what is so, whatever a scan finds out.
type Truth struct {
	Alive bool // the host exists
	Echo  bool // it answers echo requests (loss and firewalls aside)
	// Neighbour tells whether it answers ARP or ND, and MAC with what. That it
	// is on our link is not said.
	Neighbour bool
	MAC       wire.MAC
	Hops      int // routers on the way, as far as they are declared; negative: no way
}

// Truth returns what is so about addr.
func (n *Network) Truth(addr netip.Addr) Truth {
	t := Truth{Hops: -1}
	if r := n.router(addr); r >= 0 {
		t = Truth{Alive: true, Echo: !n.routerHost.noEcho, Hops: -1}
	}
	if g := n.group(addr); g != nil {
		t.Alive, t.Echo = true, !g.noEcho
	}
	t.MAC, t.Neighbour = n.neighbour(addr)
	if routers, _, ok := n.routersTo(addr); ok {
		t.Hops = len(routers)
	}
	return t
}

// Alive tells whether a host has addr.
func (n *Network) Alive(addr netip.Addr) bool {
	return n.group(addr) != nil || n.router(addr) >= 0
}

// PortState returns the state that a scan without loss finds for a port of addr
// by SYN (wire.ProtoTCP) or by UDP datagrams with a payload (wire.ProtoUDP),
// with firewalls on the way there taken into account. Rules that depend on more
// than protocol, ports and target do not count.
func (n *Network) PortState(proto uint8, addr netip.Addr, port uint16) probe.State {
	silent := probe.Filtered
	if proto == wire.ProtoUDP {
		silent = probe.OpenFiltered
	}
	routers, path, ok := n.routersTo(addr)
	if !ok {
		return silent
	}
	for _, r := range routers {
		for i := range n.routers[r].rules[there] {
			rule := &n.routers[r].rules[there][i]
			if rule.sport != nil || rule.option != 0 || rule.share != always || !rule.matches(proto, port, addr) {
				continue
			}
			if rule.verdict == accept {
				break
			}
			return rule.state(proto)
		}
	}
	g := n.group(addr)
	switch {
	case g == nil && n.router(addr) >= 0:
		g = &n.routerHost
	case path != nil && (path.loop || g == nil && path.dead != wire.OtherMessage):
		return probe.Filtered // time exceeded, or what the last router says
	case g == nil:
		return silent
	}
	if proto == wire.ProtoTCP {
		return g.port(g.tcp, addr, port).state(proto)
	}
	return g.port(g.udp, addr, port).state(proto)
}

// state returns what a port with action a looks like to a scan.
func (a action) state(proto uint8) probe.State {
	switch {
	case a.verdict == refuse && proto == wire.ProtoUDP && a.msg == wire.PortUnreach && a.router < 0:
		return probe.Closed
	case a.verdict == refuse:
		return probe.Filtered
	case a.verdict == reset:
		return probe.Closed
	case a.verdict == echo, a.verdict == served, a.verdict == tftp, a.verdict == forge:
		return probe.Open
	case proto == wire.ProtoUDP:
		return probe.OpenFiltered
	}
	return probe.Filtered
}

// routersTo returns the routers that a packet to addr passes before it arrives,
// and its path if it leaves the link; false where there is none.
func (n *Network) routersTo(addr netip.Addr) ([]int, *path, bool) {
	w := &n.ways[n.way(addr)]
	switch {
	case w.Err != nil:
		return nil, nil, false
	case !w.Next.IsValid():
		return nil, nil, true
	}
	gateway := n.router(w.Next)
	if gateway < 0 {
		return nil, nil, false
	}
	if n.routers[gateway].has(addr) {
		return nil, nil, true
	}
	i := n.path(gateway, addr)
	if i < 0 {
		return nil, nil, false
	}
	p := &n.paths[i]
	for hop, r := range p.routers {
		if n.routers[r].has(addr) {
			return p.routers[:hop], p, true
		}
	}
	return p.routers, p, true
}
