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

func (knock) Append(b []byte, s *Source, p Probe) []byte {
	proof := s.Proof(saltKnock, p.Target, p.Port, s.Ports.Of(p))
	t := wire.TCP{Seq: uint32(proof), Flags: wire.SYN | wire.ECE | wire.CWR}
	setOptions(&t, s, p, proof)
	return appendTCP(b, s, p, &t, proof)
}

func (knock) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if claimTCPError(s, pkt, p) {
		claimError(pkt, p, r)
		if !pkt.Quote.HasSeq || pkt.Quote.Seq != uint32(s.Proof(saltKnock, p.Target, p.Port, pkt.Quote.Src)) {
			r.Event = Unsolicited
		}
		return true
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
