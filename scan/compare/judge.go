package compare

import (
	"net/netip"
	"strings"
	"time"

	"sonde/probe/wire"
	"sonde/scan/capture"
	"sonde/scan/report"
)

// judged is what is known of the questions of a flow that were judged.
type judged struct {
	flow report.PairFlow
	best *report.Pair // of the question that got the furthest
	nth  map[kind]uint32
}

// judge says what became of the questions of a flow of NEAR that were sent before until.
func (e *engine) judge(n *flow, until int64, doubt bool) {
	if n.backwards {
		return
	}
	f := n.pair
	if f != nil {
		e.assign(&direction{n.there, f.there, n, nil, &e.clock.there, [2]int64{e.near.source.begun, e.nearTo}, nil})
		e.assign(&direction{f.back, n.back, nil, n, &e.clock.back, [2]int64{e.farFrom, e.farTo}, f.asked()})
		f.answers(nil, true)
	}
	n.answers(n.arrivals(), false)
	e.learn(n, until)
	n.odd = nil
	if f != nil {
		n.odd = odd(f.there)
	}
	for _, p := range n.there {
		if !p.open || p.at >= until {
			continue
		}
		p.open = false
		n.sum.flow.Packets++
		e.tally.there.sent++
		if p.twin != nil {
			n.sum.flow.Arrived++
			e.tally.there.arrive(p, p.twin)
		}
		if n.question(p) {
			e.put(n, e.verdict(n, p, doubt))
		}
	}
	if f == nil {
		return
	}
	for _, p := range f.back {
		if !p.open || p.at >= until {
			continue
		}
		p.open = false
		n.sum.flow.Answers++
		e.tally.back.sent++
		if p.twin != nil {
			n.sum.flow.Returned++
			e.tally.back.arrive(p, p.twin)
		}
	}
}

// learn takes from a pair of flows what tells of the edges of the captures.
func (e *engine) learn(n *flow, until int64) {
	for _, p := range n.there {
		if !p.open || p.at >= until || p.twin == nil || !n.question(p) {
			continue
		}
		e.edge.arrive(p.at)
		if a := p.twin.answer; a != nil && a.at >= p.twin.at {
			e.edge.think(p.kind, a.at-p.twin.at)
		}
	}
}

// number counts questions of a flow that are alike; of ICMP they are numbered already.
func (j *judged) number(q *packet) uint32 {
	if q.kind == echo {
		return q.seq
	}
	if j.nth == nil {
		j.nth = map[kind]uint32{}
	}
	j.nth[q.kind]++
	return j.nth[q.kind]
}

// put takes a verdict: the best of a flow is put when the flow is over.
func (e *engine) put(n *flow, r *report.Pair) {
	s := &n.sum
	s.flow.Sent++
	if r.Verdict == report.Answered {
		s.flow.Answered++
	}
	if r.Why == whyNotRecorded {
		e.result.Outside++
	}
	e.tally.question(r.What, r.Verdict)
	switch {
	case s.best == nil:
		s.best = r
	case r.Verdict > s.best.Verdict:
		e.emit(s.best)
		s.best = r
	default:
		e.emit(r)
	}
}

// emit puts the record of a question that is not its flow's.
func (e *engine) emit(r *report.Pair) {
	if r.Verdict != report.Answered {
		e.out.Put(r)
	}
}

// close puts the record of a flow that is over.
func (e *engine) close(n *flow) {
	if n.backwards {
		e.result.Backwards++
		return
	}
	if r := n.sum.best; r != nil {
		e.result.Flows[r.Verdict]++
		r.Flow = &n.sum.flow
		e.out.Put(r)
	}
}

// seen is p as records have it.
func seen(p *packet) report.Seen {
	s := report.Seen{Time: time.Unix(0, p.shown).UTC(), Src: p.src, Dst: p.dst}
	if p.kind == echo || p.kind == reply {
		s.Src, s.Dst = netip.AddrPortFrom(p.src.Addr(), 0), netip.AddrPortFrom(p.dst.Addr(), 0)
	}
	return s
}

func protoName(p *packet) string {
	switch p.proto {
	case wire.ProtoTCP:
		return "tcp"
	case wire.ProtoUDP:
		return "udp"
	}
	return "icmp"
}

// what is the name of a question.
func (p *packet) what() string {
	switch p.kind {
	case syn:
		return "SYN"
	case datagram:
		return "datagram"
	case echo:
		return strings.ReplaceAll(capture.MessageName(p.code), "-", " ")
	case stream:
		switch {
		case p.size > 0:
			return "data"
		case p.flags&wire.FIN != 0 && p.flags&wire.ACK != 0:
			return "FIN"
		case p.flags&wire.ACK != 0:
			return "ACK"
		}
	}
	return "probe"
}

// answerName is the name of an answer, as reasons have it.
func (p *packet) answerName() string {
	switch p.kind {
	case synAck:
		return "syn-ack"
	case reset:
		return "reset"
	case stream:
		return "ack"
	case datagram:
		return "udp-response"
	case reply:
		return capture.MessageName(p.code + 1)
	case refusal:
		if name := capture.MessageName(p.code); name != "" {
			return name
		}
	}
	return "answer"
}
