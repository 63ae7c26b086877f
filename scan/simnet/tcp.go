package simnet

import (
	"time"

	"sonde/probe/wire"
)

const (
	firstRepeat = time.Second            // of a SYN-ACK; then twice as long each time (RFC 6298 §2)
	swallow     = 500 * time.Millisecond // tcp_invalid_ratelimit
)

// halfOpen is a connection whose SYN-ACK has been sent.
type halfOpen struct {
	key      flow
	origin   flight // where answers go from; without bytes
	theirs   uint32 // our scanner's initial sequence number
	mine     uint32 // the host's
	have     option // of the SYN
	echoed   uint32 // timestamp of the SYN
	repeats  int
	due      time.Duration // when the SYN-ACK is repeated, or all is forgotten
	lastSent time.Duration // of the SYN-ACK, or of an answer to a second SYN
	second   bool          // a second SYN was answered
}

// segment answers TCP, as a host does that listens on some ports and accepts no
// data (RFC 9293 §3.10.7).
func (l *Link) segment(f *flight) {
	p := &l.pkt
	in := &p.TCP
	a := f.group.port(f.group.tcp, f.addr, in.Dst)
	key := flow{us: p.IP.Src, host: f.addr, ours: in.Src, theirs: in.Dst}
	if k := l.halfOpen.find(key); k >= 0 {
		l.half(f, k)
		return
	}
	flags := in.Flags & (wire.SYN | wire.ACK | wire.RST | wire.FIN)
	switch {
	case in.Flags&wire.RST != 0:
		l.counts.Ignored++
	case a.verdict == refuse && flags == wire.SYN:
		l.hostError(f, a)
	case a.verdict == reset,
		a.verdict == echo && in.Flags&wire.ACK != 0 && !(f.group.stack == oldbsd && in.Flags&wire.FIN != 0):
		l.sendReset(f, a)
	case a.verdict == echo && flags == wire.SYN:
		l.listen(f, key)
	case a.verdict == forge && flags == wire.SYN:
		l.tcp = wire.TCP{Src: in.Dst, Dst: in.Src, Seq: isn(f.addr, in), Ack: in.Seq + 1, Flags: wire.SYN | wire.ACK}
		l.sendTCP(f)
	default:
		l.counts.Ignored++
	}
}

// listen opens half a connection.
func (l *Link) listen(f *flight, key flow) {
	in := &l.pkt.TCP
	k := l.halfOpen.add(key)
	h := l.halfOpen.at(k)
	*h = halfOpen{key: key, origin: *f, theirs: in.Seq, mine: isn(f.addr, in)}
	h.origin.b = nil
	h.have, h.echoed = offered(in.Options())
	l.sendSYNACK(h, k)
}

// half answers a segment to the half-open connection k.
func (l *Link) half(f *flight, k int32) {
	in := &l.pkt.TCP
	h := l.halfOpen.at(k)
	switch {
	case in.Flags&wire.RST != 0 || in.Flags&wire.ACK != 0:
		// Reset, or established: either way the host has nothing to say. An ACK
		// of something else gets a RST (RFC 9293 §3.10.7.4).
		if in.Flags&wire.RST == 0 && in.Ack != h.mine+1 {
			l.sendReset(f, action{})
			return
		}
		l.counts.Ignored++
		l.halfOpen.remove(k)
	case in.Flags&wire.SYN == 0:
		l.counts.Ignored++
	case in.Seq == h.theirs:
		if l.now-h.lastSent < swallow && (f.group.strict || h.second) {
			l.counts.Swallowed++
			return
		}
		h.second = true
		l.sendSYNACK(h, k)
	case f.group.strict || in.Seq-h.theirs-1 < 65160:
		// Within the window: RFC 9293 §3.10.7.4. The acknowledgement of this
		// RST is valid for the second SYN: it says "closed" of an open port.
		l.counts.Reset++
		l.halfOpen.remove(k)
		l.sendReset(f, action{})
	case l.now-h.lastSent < swallow && h.second:
		l.counts.Swallowed++
	default:
		h.second, h.lastSent = true, l.now
		l.counts.Challenged++
		l.tcp = wire.TCP{Src: in.Dst, Dst: in.Src, Seq: h.mine + 1, Ack: h.theirs + 1, Flags: wire.ACK, Window: 64240}
		l.sendTCP(f)
	}
}

// sendSYNACK sends the SYN-ACK of connection k and sets its timer: anew after a
// second SYN, as Linux does.
func (l *Link) sendSYNACK(h *halfOpen, k int32) {
	l.tcp = wire.TCP{Src: h.key.theirs, Dst: h.key.ours, Seq: h.mine, Ack: h.theirs + 1, Flags: wire.SYN | wire.ACK}
	clock := uint32(hash(h.key.host, 4)) + uint32(l.now/time.Millisecond)
	h.origin.group.stack.synACK(&l.tcp, h.key.host.Is6(), h.have, h.echoed, clock)
	h.lastSent = l.now
	h.due = l.now + firstRepeat<<h.repeats
	l.events.push(event{at: h.due, kind: retry, slot: k})
	i, r := l.reply(&h.origin)
	ip := wire.IP{Src: h.key.host, Dst: h.key.us, TTL: h.origin.group.ttl, DF: true}
	r.b = wire.AppendTCP(r.b, &ip, &l.tcp, nil)
	l.answer(i)
}

// repeatSYNACK is the timer of connection k. It may be an old one, of another
// connection or set anew since.
func (l *Link) repeatSYNACK(k int32) {
	h := l.halfOpen.at(k)
	if h.due != l.now || !l.halfOpen.entries[k].used {
		return
	}
	if h.repeats >= h.origin.group.retries {
		l.halfOpen.remove(k)
		return
	}
	h.repeats++
	l.counts.Repeated++
	l.sendSYNACK(h, k)
}

// sendReset sends a RST in answer to l.pkt.
func (l *Link) sendReset(f *flight, a action) {
	l.resetFor(&l.pkt.TCP, len(l.pkt.Payload))
	if f.group.stack == oldbsd && a.verdict == echo {
		l.tcp.Window = 4096 // what a window scan looks for
	}
	l.sendTCP(f)
}

// resetFor makes l.tcp the RST in answer to a segment without a connection (RFC
// 9293 §3.10.7.1).
func (l *Link) resetFor(in *wire.TCP, payload int) {
	l.tcp = wire.TCP{Src: in.Dst, Dst: in.Src, Flags: wire.RST}
	if in.Flags&wire.ACK != 0 {
		l.tcp.Seq = in.Ack
		return
	}
	l.tcp.Flags |= wire.ACK
	l.tcp.Ack = in.Seq + uint32(payload)
	if in.Flags&wire.SYN != 0 {
		l.tcp.Ack++
	}
	if in.Flags&wire.FIN != 0 {
		l.tcp.Ack++
	}
}

// sendTCP sends l.tcp in answer to l.pkt.
func (l *Link) sendTCP(f *flight) {
	i, r := l.reply(f)
	r.b = wire.AppendTCP(r.b, l.from(f), &l.tcp, nil)
	l.answer(i)
}
