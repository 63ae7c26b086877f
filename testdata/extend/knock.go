package probe

import "sonde/probe/wire"

// Knock asks for a connection that may use explicit congestion notification
// (RFC 3168 §6.1.1): some firewalls let a plain SYN in, but not this one.
var Knock = Register(Entry{Kind: knock{}, Scan: "Z", Ping: "Z", Ports: "80"})

const saltKnock = 'Z'

type knock struct{}

func (knock) Name() string  { return "knock" }
func (knock) Doc() string   { return "TCP SYN that offers ECN: open answers SYN-ACK, closed answers RST" }
func (knock) Asks() string  { return "ECN SYN" }
func (knock) Proto() string { return "tcp" }
func (knock) Class() Class  { return ClassTCP }

func (knock) Traits() Traits { return Traits{Handshake: true, Options: true, Payload: true} }

func (knock) Append(b []byte, s *Source, p Probe) []byte {
	proof := s.Proof(saltKnock, p.Target, p.Port, s.Ports.Of(p))
	t := wire.TCP{Seq: uint32(proof), Flags: wire.SYN | wire.ECE | wire.CWR}
	setOptions(&t, s, p, proof)
	return appendTCP(b, s, p, &t, proof)
}

func (knock) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if aboutTCP(s, pkt, p) {
		return claimQuote(knock{}, s, pkt, p, r)
	}
	if !claimTCP(s, pkt, p) {
		return false
	}
	claimAnswer(pkt, p, r)
	r.TCP = pkt.TCP
	if pkt.TCP.Flags&wire.ACK == 0 || pkt.TCP.Ack != uint32(s.Proof(saltKnock, p.Target, p.Port, pkt.TCP.Dst))+1 {
		r.Event = Unsolicited
	}
	return true
}

func (knock) Classify(p Probe, r *Reply) Verdict {
	switch {
	case r.Event != Answer:
		return undecided(r, Filtered, Filtered)
	case r.TCP.Flags&wire.RST != 0:
		return Verdict{Closed, Reset, true}
	}
	return Verdict{Open, SynAck, true}
}

// judge holds a quote against the packet that was sent.
func (k knock) judge(s *Source, q *wire.Quote, p *Probe) strength {
	s.scratch = k.Append(s.scratch[:0], s, *p)
	return s.strength(q, p, s.scratch, false)
}
