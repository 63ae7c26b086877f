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

// BeforeFirewall implements StrayKind.
func (k stray) BeforeFirewall() {}

func (k stray) Append(b []byte, s *Source, p Probe) []byte {
	proof := s.Proof(k.salt, p.Target, p.Port, s.Ports.Of(p))
	t := wire.TCP{Seq: uint32(proof >> 32), Flags: k.flags}
	if k.flags&wire.ACK != 0 {
		t.Ack = uint32(proof)
	}
	return appendTCP(b, s, p, &t, proof)
}

func (k stray) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if claimTCPError(s, pkt, p) {
		proof := s.Proof(k.salt, p.Target, p.Port, pkt.Quote.Src)
		claimError(pkt, p, r)
		if !pkt.Quote.HasSeq || pkt.Quote.Seq != uint32(proof>>32) {
			r.Event = Unsolicited
		}
		return true
	}
	if !claimTCP(s, pkt, p) {
		return false
	}
	claimAnswer(pkt, p, r)
	r.TCP = pkt.TCP
	if !k.reset(&pkt.TCP, s.Proof(k.salt, p.Target, p.Port, pkt.TCP.Dst)) {
		r.Event = Unsolicited
	}
	return true
}

// reset tells whether t is the RST to the segment with that proof. To an ACK it
// has the acknowledged number as its own; to anything else it acknowledges what
// the segment took of the sequence, of which a FIN is one (RFC 9293 §3.10.7.1).
// Stacks that do not count the FIN acknowledge one less.
func (k stray) reset(t *wire.TCP, proof uint64) bool {
	switch {
	case t.Flags&wire.RST == 0:
		return false
	case k.flags&wire.ACK != 0:
		return t.Seq == uint32(proof)
	case t.Flags&wire.ACK == 0:
		return false
	}
	past := t.Ack - uint32(proof>>32)
	return past == 0 || past == 1 && k.flags&wire.FIN != 0
}

// mute is a stray segment that an open port does not answer at all: one without
// SYN, RST and ACK is dropped in LISTEN (RFC 9293 §3.10.7.2). So silence may be
// an open port or a filter. Many systems answer RST for open ports, too.
type mute struct{ stray }

func (mute) Classify(p Probe, r *Reply) Verdict {
	if r.Event == Answer {
		return Verdict{Closed, Reset, true}
	}
	return undecided(r, Filtered, OpenFiltered)
}
