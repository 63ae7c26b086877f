package simnet

import (
	"encoding/binary"
	"net/netip"
	"time"

	"sonde/probe/wire"
)

// arrive is a packet's arrival at its host. What the host says about it, if
// anything, goes back the same way.
func (l *Link) arrive(i int32, f *flight) {
	l.counts.Arrived++
	p := &l.pkt
	switch {
	case f.group.sleeps > 0 && l.asleep(f):
		l.counts.Asleep++
	case !p.Parse(f.b, f.etype):
		l.counts.Malformed++
	case p.Layer == wire.LayerARP:
		l.arp(f)
	case !sumsOK(f.b, f.etype, p):
		l.counts.BadSum++
	case p.Layer == wire.LayerTCP:
		l.segment(f)
	case p.Layer == wire.LayerUDP:
		l.datagram(f)
	case p.Layer == wire.LayerICMP:
		l.message(f)
	}
	l.flights.put(i)
}

// asleep tells whether f's host sleeps, and wakes it: it hears what comes a while
// after the first packet.
func (l *Link) asleep(f *flight) bool {
	k := l.woken.find(hostKey{f.addr})
	if k < 0 {
		k = l.woken.add(hostKey{f.addr})
		*l.woken.at(k) = l.now + f.group.sleeps
	}
	return l.now < *l.woken.at(k)
}

// answer lets a host's packet leave.
func (l *Link) answer(i int32) {
	l.counts.Answered++
	l.walk(i, l.now)
}

// arp answers an ARP request (RFC 826). Who asks for nobody's address, or is
// asked without an answer, has been sorted out before.
func (l *Link) arp(f *flight) {
	a := &l.pkt.ARP
	i, r := l.reply(f)
	r.b = wire.AppendARP(r.b, &wire.ARP{Op: 2, SenderMAC: f.mac, SenderIP: a.TargetIP,
		TargetMAC: a.SenderMAC, TargetIP: a.SenderIP})
	l.answer(i)
}

// message answers ICMP and ICMPv6.
func (l *Link) message(f *flight) {
	p := &l.pkt
	if p.ICMP.Msg == wire.Solicitation {
		l.solicited(f)
		return
	}
	g := f.group
	m := wire.ICMP{ID: p.ICMP.ID, Seq: p.ICMP.Seq}
	payload := p.Payload
	var stamps [12]byte
	switch {
	case p.ICMP.Msg == wire.EchoRequest && !g.noEcho:
		m.Msg = wire.EchoReply
	case p.ICMP.Msg == wire.TimestampRequest && !g.noStamp && len(payload) >= 12:
		// RFC 792: the sender's timestamp, then ours of arrival and of leaving,
		// in milliseconds since midnight.
		m.Msg = wire.TimestampReply
		copy(stamps[:], payload[:4])
		ms := uint32(l.now / time.Millisecond)
		binary.BigEndian.PutUint32(stamps[4:], ms)
		binary.BigEndian.PutUint32(stamps[8:], ms)
		payload = stamps[:]
	case p.ICMP.Msg == wire.MaskRequest && g.mask && len(payload) >= 4:
		m.Msg = wire.MaskReply
		binary.BigEndian.PutUint32(stamps[:], 0xffffff00) // RFC 950: the mask, a /24's
		payload = stamps[:4]
	default:
		l.counts.Ignored++
		return
	}
	if p.IP.Dst.IsMulticast() {
		l.counts.Ignored++
		return
	}
	m.SetType(p.IP.Dst.Is6())
	i, r := l.reply(f)
	r.b = wire.AppendICMP(r.b, l.from(f), &m, payload)
	l.answer(i)
}

// solicited answers a neighbour solicitation (RFC 4861 §7.2.4), unless its hop
// limit shows that it was forwarded (§7.1.1).
func (l *Link) solicited(f *flight) {
	p := &l.pkt
	if p.IP.TTL != 255 || p.IP.Src.IsUnspecified() || p.ND.Target != f.addr || f.path >= 0 {
		l.counts.Ignored++
		return
	}
	i, r := l.reply(f)
	ip := wire.IP{Src: f.addr, Dst: p.IP.Src, TTL: 255}
	nd := wire.ND{Target: f.addr, MAC: f.mac, HasMAC: true, Solicited: true, Override: true,
		Router: l.n.router(f.addr) >= 0}
	r.b = wire.AppendND(r.b, &ip, &nd, false)
	l.answer(i)
}

// from returns the IP header of an answer to l.pkt. DF with ID 0 is what Linux
// sends where it answers without a socket.
func (l *Link) from(f *flight) *wire.IP {
	l.ip = wire.IP{Src: f.addr, Dst: l.pkt.IP.Src, TTL: f.group.ttl, TOS: l.pkt.IP.TOS, DF: true}
	if l.pkt.Layer != wire.LayerICMP {
		l.ip.TOS = 0
	}
	return &l.ip
}

// tftpPort is where a TFTP server answers from: a port of its own for each
// client (RFC 1350 §4).
func tftpPort(host netip.Addr, client uint16) uint16 {
	return 32768 + uint16(hash(host, uint64(client))%28232)
}

// datagram answers UDP.
func (l *Link) datagram(f *flight) {
	p := &l.pkt
	a := f.group.port(f.group.udp, f.addr, p.UDP.Dst)
	u := wire.UDP{Src: p.UDP.Dst, Dst: p.UDP.Src}
	switch a.verdict {
	case reset: // closed
		l.hostError(f, action{msg: wire.PortUnreach, router: -1})
		return
	case refuse:
		l.hostError(f, a)
		return
	case echo:
	case served:
		if len(p.Payload) == 0 {
			l.counts.Ignored++
			return
		}
	case tftp:
		u.Src = tftpPort(f.addr, p.UDP.Src)
	default:
		l.counts.Ignored++
		return
	}
	i, r := l.reply(f)
	r.b = wire.AppendUDP(r.b, l.from(f), &u, p.Payload)
	l.answer(i)
}

// hostError sends an ICMP error about f from its host, or in the name of a
// router that stands beside it.
func (l *Link) hostError(f *flight, a action) {
	src, ttl, quote := f.addr, f.group.ttl, -1
	if a.router >= 0 {
		r := &l.n.routers[a.router]
		src, ttl, quote = r.addr(f.addr.Is6()), r.ttl, r.quote
		if !l.routers[a.router].take(r.limit, l.now) {
			l.counts.Limited++
			return
		}
	} else if f.group.limit.interval > 0 && !l.hostBucket(f).take(f.group.limit, l.now) {
		l.counts.Limited++
		return
	}
	i, e := l.reply(f)
	if e.b = appendError(e.b, f.b, f.etype, a.msg, src, ttl, quote, maxError6); len(e.b) == 0 {
		l.flights.put(i)
		return
	}
	l.answer(i)
}

// hostBucket returns the state of the limit of f's host.
func (l *Link) hostBucket(f *flight) *bucket {
	k := l.hosts.find(hostKey{f.addr})
	if k < 0 {
		k = l.hosts.add(hostKey{f.addr})
	}
	return l.hosts.at(k)
}
