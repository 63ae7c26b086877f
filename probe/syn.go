package probe

import (
	"encoding/binary"
	"time"

	"sonde/probe/wire"
)

// SYN asks for a connection and never completes it. Its sequence number is the
// proof: an answer acknowledges it (RFC 9293 §3.5).
var SYN = Register(Entry{Kind: syn{}, Scan: "S", Ping: "S", Ports: "443"})

type syn struct{}

func (syn) Name() string  { return "syn" }
func (syn) Doc() string   { return "TCP SYN: open answers SYN-ACK, closed answers RST" }
func (syn) Asks() string  { return "SYN" }
func (syn) Proto() string { return "tcp" }
func (syn) Class() Class  { return ClassTCP }

func (syn) Traits() Traits { return Traits{Handshake: true, Options: true, Payload: true} }

func (syn) Append(b []byte, s *Source, p Probe) []byte {
	proof := s.Proof(saltSYN, p.Target, p.Port, s.Ports.Of(p))
	t := wire.TCP{Seq: markedSeq(proof, s.mark(p)), Flags: s.Craft[p.Variant].flags(wire.SYN)}
	if t.Flags&wire.ACK != 0 {
		t.Ack = synAck(proof)
	}
	setOptions(&t, s, p, proof)
	return appendTCP(b, s, p, &t, proof)
}

// synAck is the number that a SYN acknowledges which was given that flag.
func synAck(proof uint64) uint32 { return uint32(proof >> 32) }

// isSeq tells whether seq is the number of the SYN with that proof, and fills p with
// the mark in it.
func (s *Source) isSeq(proof uint64, seq uint32, p *Probe) bool {
	if c := &s.Craft[p.Variant]; c.Has(GivenSeq) {
		return seq == c.Seq
	}
	return readSeq(s, proof, seq, p)
}

// acknowledges tells whether ack is what the SYN with that proof is answered by. Its flags
// are as they were sent: with ACK among them another number proves the answer.
func (s *Source) acknowledges(flags uint8, proof uint64, ack uint32, p *Probe) bool {
	c := &s.Craft[p.Variant]
	n := uint32(len(c.Data))
	if flags&wire.ACK != 0 || s.Ports.Fixed && c.Has(GivenSeq) {
		return false
	}
	for _, took := range [...]uint32{1, n, n + 1, n + 2} {
		if c.took(flags, took) && s.isSeq(proof, ack-took, p) {
			return true
		}
	}
	return false
}

// resets tells whether t is the RST to the SYN with that proof where that acknowledged
// something (RFC 9293 §3.10.7.1).
func (s *Source) resets(flags uint8, proof uint64, t *wire.TCP, p *Probe) bool {
	c := &s.Craft[p.Variant]
	switch {
	case flags&wire.ACK == 0 || t.Flags&wire.RST == 0:
		return false
	case c.Has(GivenAck):
		return t.Seq == c.Ack && !s.Ports.Fixed
	}
	return t.Seq == synAck(proof)
}

func (syn) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if aboutTCP(s, pkt, p) {
		return claimQuote(syn{}, s, pkt, p, r)
	}
	if !claimTCP(s, pkt, p) {
		return false
	}
	t := &pkt.TCP
	c := &s.Craft[p.Variant]
	flags := c.flags(wire.SYN)
	if t.Flags&wire.ACK != 0 && s.elsewhere(p) && !c.known(flags) { // a number that was chosen names no target
		if own := *p; s.acknowledges(flags, s.Proof(saltSYN, s.Only, p.Port, t.Dst), t.Ack, &own) {
			p.Target = s.Only
		}
	}
	proof := s.Proof(saltSYN, p.Target, p.Port, t.Dst)
	claimAnswer(pkt, p, r)
	r.TCP = *t
	if s.resets(flags, proof, t, p) {
		return true
	}
	switch t.Flags & (wire.SYN | wire.ACK | wire.RST) {
	case wire.SYN | wire.ACK, wire.RST | wire.ACK, wire.ACK:
		if !s.acknowledges(flags, proof, t.Ack, p) {
			r.Event, r.Weak = Unsolicited, weakSYN(s, t)
		}
	case wire.SYN:
		// A split handshake (RFC 9293 §3.5, simultaneous open) proves itself by
		// its ports alone, so a fixed port proves nothing. On loopback our own
		// SYNs come back: they carry the proof of the opposite direction.
		if own := *p; pkt.IP.Src == s.Addr && s.isSeq(s.Proof(saltSYN, pkt.IP.Dst, t.Dst, t.Src), t.Seq, &own) {
			return false
		}
		if s.Ports.Fixed || t.Flags&(wire.FIN|wire.PSH|wire.URG) != 0 {
			r.Event = Unsolicited
		}
	default:
		r.Event, r.Weak = Unsolicited, weakSYN(s, t)
	}
	if r.Event == Answer && t.Flags&wire.ACK != 0 {
		r.Sent = echoedTime(s, t, proof, p)
		r.Try = p.Try
	}
	return true
}

// weakSYN tells whether t, which has not the proof, is what some stacks answer a SYN
// by: a RST that does not acknowledge it, or not rightly, to a port that is fresh; or
// the ACK of an older connection that had our port.
func weakSYN(s *Source, t *wire.TCP) bool {
	switch t.Flags & (wire.SYN | wire.ACK | wire.RST | wire.FIN) {
	case wire.RST, wire.RST | wire.ACK:
		return !s.Ports.Fixed && !s.Ports.KeepFlow
	case wire.ACK:
		return !s.Ports.KeepFlow
	}
	return false
}

// judge tries the places in which a traced SYN has its mark, the one with most proof
// first.
func (k syn) judge(s *Source, q *wire.Quote, p *Probe) strength {
	if !s.Ports.KeepFlow {
		return k.proven(s, q, p)
	}
	proof, plain := s.Proof(saltSYN, p.Target, p.Port, q.Src), *p
	if q.HasSeq && !s.Craft[p.Variant].Has(GivenSeq) && readSeq(s, proof, q.Seq, p) { // which has a proof of its own
		return k.proven(s, q, p)
	}
	var places [2]markedBy
	c := plain
	if v, ok := wire.FindOption(q.TCP.Options(), wire.OptTimestamp); ok && q.HasTCP && len(v) == 8 && readTime(s, proof, binary.BigEndian.Uint32(v), &c) {
		places[0] = markedBy{c, k.proven(s, q, &c)}
	}
	if c = plain; readID(s, proof, &q.IP, &c) {
		places[1] = markedBy{c, k.proven(s, q, &c)}
	}
	*p = plain
	return elect(places[:], p)
}

// proven says how far q proves that p was asked.
func (k syn) proven(s *Source, q *wire.Quote, p *Probe) strength {
	s.scratch = k.Append(s.scratch[:0], s, *p)
	got := s.strength(q, p, s.scratch, false)
	if got < strong && s.Ports.KeepFlow { // its timestamp has no clock in it
		proof := s.Proof(saltSYN, p.Target, p.Port, q.Src)
		v, ok := wire.FindOption(q.TCP.Options(), wire.OptTimestamp)
		if q.HasTCP && ok && len(v) == 8 && binary.BigEndian.Uint32(v) == markedTime(s, proof, s.mark(*p)) {
			return strong
		}
	}
	return got
}

// echoedTime reads when the answered SYN left, from the echo of its timestamp;
// 0 if it is not there. Of a traced SYN it fills p instead.
func echoedTime(s *Source, t *wire.TCP, proof uint64, p *Probe) time.Duration {
	for o := t.Options(); len(o) >= 2 && o[0] != 0; {
		if o[0] == 1 {
			o = o[1:]
			continue
		}
		n := int(o[1])
		if n < 2 || n > len(o) {
			return 0
		}
		if o[0] == 8 && n == 10 { // RFC 7323 §3
			if s.Ports.KeepFlow {
				readTime(s, proof, binary.BigEndian.Uint32(o[6:]), p)
				return 0
			}
			ms := binary.BigEndian.Uint32(o[6:]) - uint32(proof>>32)
			if ms <= s.Clock && ms > 0 {
				return time.Duration(ms) * time.Millisecond
			}
			return 0
		}
		o = o[n:]
	}
	return 0
}

func (syn) Classify(p Probe, r *Reply) Verdict {
	if r.Event != Answer {
		return undecided(r, Filtered, Filtered)
	}
	switch {
	case r.TCP.Flags&wire.RST != 0:
		return Verdict{Closed, Reset, true}
	case r.TCP.Flags&wire.ACK != 0:
		// A bare ACK comes from a half-open connection that an earlier try
		// began (RFC 9293 §3.10.7.4): only an open port has one.
		return Verdict{Open, SynAck, true}
	}
	return Verdict{Open, Syn, true}
}
