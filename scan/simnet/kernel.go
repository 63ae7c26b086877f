package simnet

import (
	"net/netip"
	"time"

	"sonde/probe/wire"
)

// resolveFor is how long our kernel looks for a neighbour: 3 questions, 1 s
// apart.
const resolveFor = 3 * time.Second

// launchKernel sends flight i as our kernel does, which finds the next hop
// itself. It returns false if it looks for too many already.
func (l *Link) launchKernel(i int32, at time.Duration, way uint16) bool {
	f := l.flights.at(i)
	dst := destination(f.b, f.etype)
	w := &l.n.ways[way]
	next := w.Next
	if !next.IsValid() {
		next = dst
	}
	if _, ok := l.n.neighbour(next); !ok && w.Ether {
		return l.resolve(i, at, hostKey{next})
	}
	l.launch(i, at, dst, way)
	return true
}

// resolve lets flight i wait for a neighbour that does not exist. All that
// waits for it fails at the same time.
func (l *Link) resolve(i int32, at time.Duration, next hostKey) bool {
	k := l.unresolved.find(next)
	if k < 0 || *l.unresolved.at(k) <= at {
		if k >= 0 {
			l.unresolved.remove(k) // over: the next search is a new one
		}
		if l.unresolved.len() == l.unresolved.max {
			oldest := l.unresolved.head - 1
			if *l.unresolved.at(oldest) > at {
				return false
			}
		}
		k = l.unresolved.add(next) // forgets the oldest, if need be
		*l.unresolved.at(k) = at + resolveFor
	}
	l.flights.at(i).stage = atFailed
	l.wait(i, *l.unresolved.at(k))
	return true
}

// unreachable reports to the sender of flight i, which is on our machine, that
// the next hop does not answer: RFC 1122 §2.3.2.2, from our own address.
func (l *Link) unreachable(i int32, f *flight) {
	l.counts.Unresolved++
	src := source(f.b, f.etype)
	own := l.n.ifaces[f.iface].addr(src.Is6())
	if l.Local(src) {
		own = src
	}
	j, e := l.flights.get()
	e.stage = atUs
	e.etype = f.etype
	if e.b = appendError(e.b, f.b, f.etype, wire.HostUnreach, own, 64, -1, 0); len(e.b) == 0 {
		l.flights.put(j)
	} else {
		l.walk(j, l.now)
	}
	l.flights.put(i)
}

// kernel shows our kernel a packet that has arrived, and returns false if it is
// not for us. The kernel knows none of the connections that a scan makes: it
// resets them (RFC 9293 §3.10.7.1).
func (l *Link) kernel(f *flight) bool {
	if f.etype == wire.TypeARP {
		return true
	}
	src, dst := source(f.b, f.etype), destination(f.b, f.etype)
	if !dst.IsValid() || !l.Local(dst) {
		return f.injected
	}
	proto, off := segment(f.b, f.etype)
	if proto != wire.ProtoTCP || !l.n.kernelRST || off+20 > len(f.b) {
		return true
	}
	if !l.pkt.Parse(f.b, f.etype) || l.pkt.TCP.Flags&wire.RST != 0 {
		return true
	}
	l.kernelReset(src, dst)
	return true
}

// kernelReset sends the RST for the segment in l.pkt, on its way to src.
func (l *Link) kernelReset(src, dst netip.Addr) {
	way := l.n.way(src)
	if l.n.ways[way].Err != nil {
		return
	}
	i, f := l.flights.get()
	f.etype = etherType(src)
	f.iface = int16(l.n.ways[way].Iface - 1)
	l.resetFor(&l.pkt.TCP, len(l.pkt.Payload))
	f.b = wire.AppendTCP(f.b, &wire.IP{Src: dst, Dst: src, TTL: 64, DF: true}, &l.tcp, nil)
	l.counts.KernelRST++
	if !l.launchKernel(i, l.now, way) {
		l.flights.put(i)
	}
}
