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

func (syn) Append(b []byte, s *Source, p Probe) []byte {
	proof := s.Proof(saltSYN, p.Target, p.Port, s.Ports.Of(p))
	t := wire.TCP{Seq: uint32(proof), Flags: wire.SYN}
	setOptions(&t, s, p, proof)
	return appendTCP(b, s, p, &t, proof)
}

func (syn) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if claimTCPError(s, pkt, p) {
		proof := s.Proof(saltSYN, p.Target, p.Port, pkt.Quote.Src)
		marked := markOfSYN(s, &pkt.Quote, proof, p)
		claimError(pkt, p, r)
		if !marked || !pkt.Quote.HasSeq || pkt.Quote.Seq != uint32(proof) {
			r.Event = Unsolicited
		}
		return true
	}
	if !claimTCP(s, pkt, p) {
		return false
	}
	t := &pkt.TCP
	proof := s.Proof(saltSYN, p.Target, p.Port, t.Dst)
	claimAnswer(pkt, p, r)
	r.TCP = *t
	switch t.Flags & (wire.SYN | wire.ACK | wire.RST) {
	case wire.SYN | wire.ACK, wire.RST | wire.ACK, wire.ACK:
		if t.Ack != uint32(proof)+1 {
			r.Event = Unsolicited
		}
	case wire.SYN:
		// A split handshake (RFC 9293 §3.5, simultaneous open) proves itself by
		// its ports alone, so a fixed port proves nothing. On loopback our own
		// SYNs come back: they carry the proof of the opposite direction.
		if t.Seq == uint32(s.Proof(saltSYN, pkt.IP.Dst, t.Dst, t.Src)) && pkt.IP.Src == s.Addr {
			return false
		}
		if s.Ports.Fixed || t.Flags&(wire.FIN|wire.PSH|wire.URG) != 0 {
			r.Event = Unsolicited
		}
	default:
		r.Event = Unsolicited
	}
	if r.Event == Answer && t.Flags&wire.ACK != 0 {
		r.Sent = echoedTime(s, t, proof, p)
		r.Try = p.Try
	}
	return true
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
