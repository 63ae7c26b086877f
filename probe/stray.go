package probe

import "sonde/probe/wire"

// stray is a TCP segment that belongs to no connection: what closed ports, and
// some open ones, answer with RST (RFC 9293 §3.10.7.1). Kinds that send one
// embed it and say in Classify what the RST means.
//
// The connection tracking of this machine's own firewall knows nothing of such
// a segment, so it takes the RST for a stray one, too, and may drop it: it has to
// be heard before the firewall.
type stray struct {
	name, doc, asks string
	flags           uint8
	salt            uint8 // keeps its proof apart from that of other kinds
}

func (k stray) Name() string  { return k.name }
func (k stray) Doc() string   { return k.doc }
func (k stray) Asks() string  { return k.asks }
func (k stray) Proto() string { return "tcp" }
func (k stray) Class() Class  { return ClassTCP }

func (k stray) Traits() Traits { return Traits{Stray: true, Payload: true} }

func (k stray) Append(b []byte, s *Source, p Probe) []byte {
	proof := s.Proof(k.salt, p.Target, p.Port, s.Ports.Of(p))
	t := wire.TCP{Seq: uint32(proof >> 32), Flags: s.Craft[p.Variant].flags(k.flags)}
	if t.Flags&wire.ACK != 0 {
		t.Ack = uint32(proof)
	}
	return appendTCP(b, s, p, &t, proof)
}

func (k stray) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if aboutTCP(s, pkt, p) {
		return claimQuote(k, s, pkt, p, r)
	}
	if !claimTCP(s, pkt, p) {
		return false
	}
	claimAnswer(pkt, p, r)
	r.TCP = pkt.TCP
	if !k.answered(s, p, &pkt.TCP, s.Proof(k.salt, p.Target, p.Port, pkt.TCP.Dst)) {
		r.Event = Unsolicited
	}
	return true
}

func (k stray) judge(s *Source, q *wire.Quote, p *Probe) strength {
	s.scratch = k.Append(s.scratch[:0], s, *p)
	return s.strength(q, p, s.scratch, false)
}

// answered tells whether t is the RST to the segment with that proof. To an ACK it
// has the acknowledged number as its own; to anything else it acknowledges what
// the segment took of the sequence, of which a FIN is one (RFC 9293 §3.10.7.1).
// One that was given the flag SYN may be answered by SYN-ACK, too.
func (k stray) answered(s *Source, p *Probe, t *wire.TCP, proof uint64) bool {
	c := &s.Craft[p.Variant]
	flags, sent := c.flags(k.flags), wire.TCP{Seq: uint32(proof >> 32), Ack: uint32(proof)}
	c.tcp(&sent)
	switch reset := t.Flags&wire.RST != 0; {
	case c.known(flags) && s.Ports.Fixed:
		return false
	case reset && flags&wire.ACK != 0:
		return t.Seq == sent.Ack
	case t.Flags&wire.ACK == 0, flags&wire.ACK != 0:
		return false
	case !reset && (t.Flags&wire.SYN == 0 || flags&(wire.SYN|wire.RST) != wire.SYN):
		return false
	}
	return c.took(flags, t.Ack-sent.Seq)
}

// accepted is the verdict of an answer that is no RST: what was sent is a SYN, by its
// flags, and somebody takes connections there.
func accepted(r *Reply) (Verdict, bool) {
	return Verdict{Open, SynAck, true}, r.Event == Answer && r.TCP.Flags&(wire.SYN|wire.RST) == wire.SYN
}

// mute is a stray segment that an open port does not answer at all: one without
// SYN, RST and ACK is dropped in LISTEN (RFC 9293 §3.10.7.2). So silence may be
// an open port or a filter. Many systems answer RST for open ports, too.
type mute struct{ stray }

func (mute) Classify(p Probe, r *Reply) Verdict {
	if v, ok := accepted(r); ok {
		return v
	}
	if r.Event == Answer {
		return Verdict{Closed, Reset, true}
	}
	return undecided(r, Filtered, OpenFiltered)
}
