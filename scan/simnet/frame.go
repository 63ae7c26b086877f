package simnet

import (
	"net/netip"
	"time"

	"sonde/probe/wire"
)

// launchFrame sends flight i as a frame to mac.
func (l *Link) launchFrame(i int32, at time.Duration, way uint16, mac wire.MAC) {
	f := l.flights.at(i)
	ether := l.n.ifaces[f.iface].ether
	var dst netip.Addr
	var asked bool // for the neighbour: who is asked is in the message
	if f.etype == wire.TypeARP {
		asked = l.pkt.Parse(f.b, f.etype) && l.pkt.ARP.Op == 1
		dst = l.pkt.ARP.TargetIP
	} else {
		dst = destination(f.b, f.etype)
		if f.etype == wire.TypeIPv6 && dst.IsMulticast() {
			asked = l.pkt.Parse(f.b, f.etype) && l.pkt.ICMP.Msg == wire.Solicitation
			dst = l.pkt.ND.Target
		}
	}
	group := mac[0]&1 != 0 // broadcast or multicast
	switch {
	case !dst.IsValid():
		l.lose(i, &l.counts.Malformed)
	case asked && !ether:
		l.lose(i, &l.counts.WrongMAC)
	case !ether:
		l.launch(i, at, dst, way)
	case asked:
		got, ok := l.n.neighbour(dst)
		switch {
		case !ok || !l.onLink(f.iface, dst):
			l.lose(i, &l.counts.Absent)
		case group || got == mac:
			l.overLink(i, at, dst, got)
		default:
			l.lose(i, &l.counts.WrongMAC)
		}
	case group:
		l.lose(i, &l.counts.WrongMAC)
	default:
		if r := l.n.routerByMAC(mac); r >= 0 {
			l.overGateway(i, at, dst, r)
		} else if got, ok := l.n.neighbour(dst); ok && got == mac && l.onLink(f.iface, dst) {
			l.overLink(i, at, dst, mac)
		} else {
			l.lose(i, &l.counts.WrongMAC)
		}
	}
}

// launch sends flight i the way that a route says, with the next hop known.
func (l *Link) launch(i int32, at time.Duration, dst netip.Addr, way uint16) {
	w := &l.n.ways[way]
	if w.Next.IsValid() {
		if r := l.n.router(w.Next); r >= 0 {
			l.overGateway(i, at, dst, r)
			return
		}
		l.lose(i, &l.counts.Absent)
		return
	}
	mac, ok := l.n.neighbour(dst)
	if !ok && !l.n.Alive(dst) {
		l.lose(i, &l.counts.Absent)
		return
	}
	l.overLink(i, at, dst, mac)
}

// overLink sends flight i to the on-link host, or gateway, dst.
func (l *Link) overLink(i int32, at time.Duration, dst netip.Addr, mac wire.MAC) {
	f := l.flights.at(i)
	f.path, f.addr, f.mac = -1, dst, mac
	if f.group = l.n.group(dst); f.group != nil {
		f.line = int32(f.group.line)
	} else {
		f.group = &l.n.routerHost
		f.line = int32(l.n.routers[l.n.router(dst)].line)
	}
	if !l.n.ifaces[f.iface].ether {
		f.mac = wire.MAC{}
	}
	l.walk(i, at)
}

// overGateway sends flight i to router r, for dst.
func (l *Link) overGateway(i int32, at time.Duration, dst netip.Addr, r int) {
	f := l.flights.at(i)
	if l.n.routers[r].has(dst) {
		l.overLink(i, at, dst, l.n.routers[r].mac)
		return
	}
	p := l.n.path(r, dst)
	if p < 0 {
		l.lose(i, &l.counts.Unroutable)
		return
	}
	f.path, f.addr = int32(l.over(p, at, f)), dst
	if l.n.ifaces[f.iface].ether {
		f.mac = l.n.routers[r].mac
	}
	l.walk(i, at)
}

// lose ends flight i and counts why.
func (l *Link) lose(i int32, why *uint64) {
	*why++
	l.flights.put(i)
}

// onLink tells whether dst is a neighbour on an interface.
func (l *Link) onLink(iface int16, dst netip.Addr) bool {
	w := &l.n.ways[l.n.way(dst)]
	return w.Err == nil && !w.Next.IsValid() && w.Iface == int(iface)+1
}

// routerByMAC returns the index of a gateway; negative: none.
func (n *Network) routerByMAC(mac wire.MAC) int {
	for i := range n.routers {
		if n.routers[i].ether && n.routers[i].mac == mac {
			return i
		}
	}
	return -1
}
