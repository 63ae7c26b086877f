package simnet

import (
	"encoding/binary"
	"net/netip"
	"time"

	"sonde/probe/wire"
)

// routeThere takes flight i through the router that it is at, away from us. The
// order is that of a Linux router with rewriting in prerouting and a filter in
// forward: a TTL that ends here is reported with what the router itself has
// rewritten. It returns false if the flight ends or waits.
func (l *Link) routeThere(i int32, f *flight, t time.Duration) bool {
	p := &l.paths[f.path]
	index := l.routerOf(f)
	r := &l.n.routers[index]
	here := r.has(f.addr)
	if r.edit.ttl > 0 && !r.edit.late { // before anybody looks at it
		setTTL(f.b, f.etype, r.edit.ttl)
	}
	expired := r.count.over(f)
	if t > l.now && (expired || len(r.rules[there]) > 0) {
		l.wait(i, t) // what it does may depend on what it did
		return false
	}
	if !r.edit.late {
		r.edit.there(f)
	}
	switch {
	case here:
		f.line = -1
		if f.group = l.n.group(f.addr); f.group == nil {
			f.group = &l.n.routerHost
		}
		f.stage = atHost
		return true
	case expired:
		l.counts.Expired[there]++
		l.refuse(i, f, wire.TimeExceeded)
		return false
	}
	if rule := l.filter(r, f, there); rule != nil && !l.admit(i, f, rule, r) {
		return false
	}
	if r.mtu.most > 0 && len(f.b) > r.mtu.most && !mayBeFragmented(f.b, f.etype) {
		if r.mtu.untold {
			l.lose(i, &l.counts.Filtered[there])
			return false
		}
		l.counts.Refused++
		l.refuse(i, f, wire.PacketTooBig)
		return false
	}
	r.count.down(f)
	if r.edit.late {
		r.edit.there(f)
	}
	if r.edit.translates() {
		l.translate(index, f)
	}
	last := len(p.routers) - 1
	switch {
	case int(f.hop) < last:
		f.hop++
		f.stage = atRouterLine
		return true
	case p.loop:
		f.hop--
		f.stage = atRouterLine
		return true
	}
	f.group = l.n.group(f.addr)
	if f.group != nil {
		f.line = int32(f.group.line)
		f.stage = atHostLine
		return true
	}
	l.counts.Absent++
	if p.dead == wire.OtherMessage {
		l.flights.put(i)
		return false
	}
	f.stage = atDead
	l.wait(i, t+p.deadAfter)
	return false
}

// routeBack takes flight i through the router that it is at, towards us.
func (l *Link) routeBack(i int32, f *flight, t time.Duration) bool {
	r := &l.n.routers[l.routerOf(f)]
	if len(r.rules[back]) > 0 && t > l.now {
		l.wait(i, t)
		return false
	}
	if ttl(f.b, f.etype) <= 1 {
		l.lose(i, &l.counts.Expired[back]) // who would be told is the host
		return false
	}
	if rule := l.filter(r, f, back); rule != nil && rule.verdict == drop {
		l.lose(i, &l.counts.Filtered[back])
		return false
	}
	decrement(f.b, f.etype)
	if r.edit.translates() {
		l.translateBack(l.routerOf(f), f)
	}
	f.stage = atRouterLine
	return true
}

// admit does what a rule says with flight i, and tells whether it goes on.
func (l *Link) admit(i int32, f *flight, rule *rule, r *router) bool {
	switch rule.verdict {
	case accept:
		return true
	case refuse:
		l.counts.Refused++
		l.refuse(i, f, rule.msg)
	case reset, forge:
		l.counts.Refused++
		l.forge(i, f, rule.verdict == forge, r.ttl)
	default:
		l.lose(i, &l.counts.Filtered[there])
	}
	return false
}

// filter returns the rule of r that f is subject to; nil: none.
func (l *Link) filter(r *router, f *flight, dir int) *rule {
	rules := r.rules[dir]
	if len(rules) == 0 {
		return nil
	}
	proto, off := segment(f.b, f.etype)
	var from, to uint16
	if (proto == wire.ProtoTCP || proto == wire.ProtoUDP) && off+4 <= len(f.b) {
		from = binary.BigEndian.Uint16(f.b[off:])
		to = binary.BigEndian.Uint16(f.b[off+2:])
	}
	if proto == wire.ProtoICMPv6 {
		proto = wire.ProtoICMP
	}
	if dir == back {
		from, to = to, from
	}
	for i := range rules {
		rule := &rules[i]
		if !rule.matches(proto, to, f.addr) || rule.sport != nil && !rule.sport.has(from) {
			continue
		}
		if !rule.tos.has(uint16(tosOf(f.b, f.etype))) || !rule.size.has(uint16(len(f.b))) {
			continue
		}
		if rule.option != 0 && rule.option.in(f.b, off) == rule.unless {
			continue
		}
		if rule.share == always || rule.share.hits(l.rng.Uint64()) {
			return rule
		}
	}
	return nil
}

// matches checks the conditions of r about the target. Ports are those of the
// far end.
func (r *rule) matches(proto uint8, port uint16, addr netip.Addr) bool {
	if r.proto != 0 && r.proto != proto {
		return false
	}
	if r.ports != nil && (proto == wire.ProtoICMP || !r.ports.has(port)) {
		return false
	}
	return !r.to.IsValid() || r.to.Contains(addr)
}

// refuse ends flight i with an ICMP error from the router that it is at.
func (l *Link) refuse(i int32, f *flight, msg wire.Message) {
	index := l.routerOf(f)
	r := &l.n.routers[index]
	told := maxError6 // any MTU that IPv6 allows
	if r.mtu.most > 0 {
		told = r.mtu.tells
	}
	j, e := l.backFromRouter(f)
	switch e.b = appendError(e.b, f.b, f.etype, msg, r.addr(f.addr.Is6()), r.ttl, r.quote, told); {
	case r.silent || len(e.b) == 0:
		l.flights.put(j)
	case !l.routers[index].take(r.limit, l.now):
		l.lose(j, &l.counts.Limited)
	default:
		l.walk(j, l.now)
	}
	l.flights.put(i)
}

// forge ends flight i with a segment from the router in the name of the target:
// a RST, or a SYN-ACK without options and with window 0, as SYN proxies send
// it.
func (l *Link) forge(i int32, f *flight, synAck bool, ttl uint8) {
	defer l.flights.put(i)
	if !l.pkt.Parse(f.b, f.etype) || l.pkt.TCP.Flags&wire.RST != 0 {
		return
	}
	in := &l.pkt.TCP
	if synAck {
		if in.Flags&(wire.SYN|wire.ACK|wire.FIN) != wire.SYN {
			return
		}
		l.tcp = wire.TCP{Src: in.Dst, Dst: in.Src, Seq: isn(f.addr, in), Ack: in.Seq + 1, Flags: wire.SYN | wire.ACK}
	} else {
		l.resetFor(in, len(l.pkt.Payload))
	}
	j, e := l.backFromRouter(f)
	e.b = wire.AppendTCP(e.b, &wire.IP{Src: l.pkt.IP.Dst, Dst: l.pkt.IP.Src, TTL: ttl, DF: true}, &l.tcp, nil)
	l.walk(j, l.now)
}

// backFromRouter returns a new flight to us from the router that f is at.
func (l *Link) backFromRouter(f *flight) (int32, *flight) {
	j, e := l.reply(f)
	e.stage = atRouterLine
	return j, e
}
