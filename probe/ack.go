package probe

import "sonde/probe/wire"

// ACK acknowledges something that was never sent; whoever has no such
// connection answers RST with the acknowledged number as its sequence number
// (RFC 9293 §3.10.7.1). It passes filters that only stop SYNs.
var ACK = Register(Entry{Kind: ack{}, Ping: "A", Ports: "80"})

type ack struct{}

func (ack) Name() string  { return "ack" }
func (ack) Doc() string   { return "TCP ACK: answers RST unless filtered" }
func (ack) Asks() string  { return "ACK" }
func (ack) Proto() string { return "tcp" }
func (ack) Class() Class  { return ClassTCP }

func (ack) Append(b []byte, s *Source, p Probe) []byte {
	proof := s.Proof(saltACK, p.Target, p.Port, s.Ports.Of(p))
	t := wire.TCP{Seq: uint32(proof >> 32), Ack: uint32(proof), Flags: wire.ACK}
	return appendTCP(b, s, p, &t, proof)
}

func (ack) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if claimTCPError(s, pkt, p) {
		proof := s.Proof(saltACK, p.Target, p.Port, pkt.Quote.Src)
		claimError(pkt, p, r)
		if !pkt.Quote.HasSeq || pkt.Quote.Seq != uint32(proof>>32) {
			r.Event = Unsolicited
		}
		return true
	}
	if !claimTCP(s, pkt, p) {
		return false
	}
	proof := s.Proof(saltACK, p.Target, p.Port, pkt.TCP.Dst)
	claimAnswer(pkt, p, r)
	r.TCP = pkt.TCP
	if pkt.TCP.Flags&wire.RST == 0 || pkt.TCP.Seq != uint32(proof) {
		r.Event = Unsolicited
	}
	return true
}

func (ack) Classify(p Probe, r *Reply) Verdict {
	if r.Event == Answer {
		return Verdict{Unfiltered, Reset, true}
	}
	return undecided(r, Filtered, Filtered)
}
