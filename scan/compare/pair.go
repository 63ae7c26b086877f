package compare

import (
	"slices"
	"time"

	"sonde/probe/wire"
)

// content is what of a packet stays the same inside a pair of flows.
type content struct {
	kind kind
	size int32
	seq  uint32
	ack  uint32
	sum  uint64
}

// contentOf is the content of p in FAR's numbers: of one in NEAR, n is its flow.
func contentOf(p *packet, n *flow) content {
	c := content{kind: p.kind}
	switch p.kind {
	case stream:
		there, back := uint32(0), uint32(0)
		if n != nil {
			there, back = n.seqThere, n.seqBack
			if !p.there {
				there, back = back, there
			}
		}
		c.seq, c.size = p.seq+there, p.size
		if p.size == 0 && p.flags&wire.FIN == 0 { // nothing of the stream, which would name it
			c.ack = p.ack + back
		}
		c.sum = uint64(p.flags & wire.FIN)
	case datagram:
		c.size, c.sum = p.size, p.sum
	case echo, reply:
		c.seq = p.seq
	case refusal:
		c.seq = uint32(p.code)
	}
	return c
}

// direction is one of a pair of flows: what one file has as sent and the other one as
// received.
type direction struct {
	sent, got []*packet
	from, to  *flow // for contentOf: NEAR's flow of the list that is NEAR's, nil of FAR's
	delays    *delays
	made      [2]int64  // from when to when the file that has it as sent was being made
	asked     []*packet // of the way back: what FAR has of the questions
}

// assign finds the receivers of what was sent: twins.
func (e *engine) assign(d *direction) {
	if len(d.sent) == 1 && len(d.got) == 1 && d.sent[0].kind != stream { // as most flows of a scan
		if s, r := d.sent[0], d.got[0]; s.twin == nil && r.twin == nil && contentOf(s, d.from) == contentOf(r, d.to) {
			e.share(&equals{d.sent, d.got}, d)
		}
		return
	}
	if len(d.sent) == 0 || len(d.got) == 0 {
		return
	}
	same := map[content]*equals{}
	of := func(c content) *equals {
		if same[c] == nil {
			same[c] = &equals{}
		}
		return same[c]
	}
	var order []*equals
	for _, s := range d.sent {
		if s.twin == nil {
			g := of(contentOf(s, d.from))
			if g.sent = append(g.sent, s); len(g.sent) == 1 {
				order = append(order, g)
			}
		}
	}
	for _, r := range d.got {
		if r.twin == nil {
			if g := same[contentOf(r, d.to)]; g != nil {
				g.got = append(g.got, r)
			}
		}
	}
	for _, g := range order {
		e.share(g, d)
	}
	e.cover(d)
}

// answers finds the answers of a flow's questions, in its own file. arrived has what the
// other file, if it is FAR, has of the flow; nil: nothing is known of that.
func (f *flow) answers(arrived *arrivals, received bool) {
	ids := f.transactions() || f.pair != nil && f.pair.transactions()
	asked := f.there
	if received {
		asked = f.asked()
	}
	at := 0
	for _, b := range f.back {
		switch {
		case b.copy:
		case b.kind == refusal:
			refused(asked, b)
		case b.kind == datagram && arrived.replied(b):
		case b.kind == datagram:
			replied(asked, b, ids)
		}
	}
	again := repeated(asked)
	for q, next := range again {
		q.repeated, next.repeated = true, true
	}
	for _, q := range asked {
		if q.answer != nil || q.kind == datagram {
			continue
		}
		for at < len(f.back) && f.back[at].at < q.at {
			at++
		}
		for _, b := range f.back[at:] {
			if b.copy || !b.answers(q) {
				continue
			}
			if meant, known := arrived.meant(b, q); known && meant {
				q.answer = b
				break
			} else if known {
				continue // it was sent before q arrived, or when q had arrived again
			}
			if next := again[q]; next == nil || b.at < next.at {
				q.answer = b
			} else if arrived != nil && q.twin != nil {
				q.unclear = true // FAR has not what tells which of them it answers
			}
			break
		}
	}
}

// asked are the packets there without copies.
func (f *flow) asked() []*packet {
	if len(f.there) == 1 {
		return f.there
	}
	return slices.DeleteFunc(slices.Clone(f.there), func(q *packet) bool { return q.copy })
}

// repeated has for each packet of a list the next one with the same content.
func repeated(list []*packet) map[*packet]*packet {
	if len(list) < 2 {
		return nil
	}
	latest, again := map[content]*packet{}, map[*packet]*packet{}
	for i := len(list) - 1; i >= 0; i-- {
		q := list[i]
		c := contentOf(q, nil)
		if next := latest[c]; next != nil {
			again[q] = next
		}
		latest[c] = q
	}
	return again
}

// answers tells whether b, which came later, answers q.
func (b *packet) answers(q *packet) bool {
	switch q.kind {
	case syn:
		return b.kind == synAck && b.ack-q.seq-1 <= uint32(q.size) || b.kind == reset && (b.flags&wire.ACK == 0 || b.ack-q.seq-1 <= uint32(q.size)) ||
			b.kind == stream && b.flags&wire.ACK != 0 // of a connection that stands there
	case echo:
		return b.kind == reply && b.seq == q.seq && b.code == q.code
	case stream:
		if b.kind == reset {
			return true
		}
		end := q.seq + uint32(q.size)
		if q.flags&wire.FIN != 0 {
			end++
		}
		return (b.kind == stream || b.kind == synAck) && b.flags&wire.ACK != 0 && int32(b.ack-end) >= 0
	}
	return false
}

// refused gives an ICMP error to the last question that it can be about.
func refused(asked []*packet, b *packet) {
	for i := len(asked) - 1; i >= 0; i-- {
		q := asked[i]
		if q.at > b.at+copyTime || q.answer != nil || q.kind == echo && b.seq != 0 && q.seq != b.seq {
			continue
		}
		if q.kind == syn && b.ack != 0 && b.ack != q.seq {
			continue
		}
		q.answer = b
		return
	}
}

// transactions tells whether answers over UDP have the first two bytes of questions, as
// those of DNS have.
func (f *flow) transactions() bool {
	if f.proto != wire.ProtoUDP {
		return false
	}
	asked := map[uint16]int{}
	for _, q := range f.there {
		if q.kind == datagram && q.sum != 0 && q.size >= 2 {
			asked[q.word]++
		}
	}
	for _, b := range f.back {
		if b.kind == datagram && b.sum != 0 && b.size >= 2 && asked[b.word] > 0 && asked[b.word] <= len(f.there)/2+1 {
			return true
		}
	}
	return false
}

// burst is how long before an answer the datagrams of one sending can have left.
const burst = 50_000_000

// replied gives an answer over UDP to its question: by the first two bytes, or else to
// the last one before it, and to those that left together with that.
func replied(asked []*packet, b *packet, ids bool) {
	var last *packet
	for i := len(asked) - 1; i >= 0; i-- {
		q := asked[i]
		switch {
		case q.kind != datagram || q.at > b.at+copyTime || ids && q.word != b.word:
			continue
		case last == nil && q.answer == b:
			return
		case q.answer != nil && ids:
			continue // the same question again: an earlier one was answered
		case last == nil && q.answer != nil:
			return // one question, several answers
		case ids:
			q.answer = b
			q.ambiguous(asked[:i], b)
			return
		case last != nil && last.at-q.at > burst:
			return
		case q.answer == nil:
			q.answer = b
			if last == nil {
				last = q
			}
		}
	}
}

// ambiguous marks q, which b answers, and others of the same identifier that are as likely
// to be what it answers: they were asked not long before, and have no answer either.
func (q *packet) ambiguous(before []*packet, b *packet) {
	const soon = int64(time.Second)
	for i := len(before) - 1; i >= 0 && b.at-before[i].at < soon; i-- {
		if o := before[i]; o.kind == datagram && o.word == q.word && o.answer == nil {
			for _, p := range []*packet{q, o, q.twin, o.twin} {
				if p != nil {
					p.unclear = true
				}
			}
		}
	}
}
