package probe

import (
	"bytes"
	"net/netip"

	"sonde/probe/wire"
)

// query is a question of ICMP itself: the reply repeats its identifier, its
// sequence number and the first bytes of its payload. Kinds that ask one embed
// it. The sequence number tells the try; the identifier and the payload are the
// proof.
type query struct {
	name, doc, asks string
	salt            uint8
	request, reply  wire.Message
	reason          Reason
	// appendPayload writes the payload for a proof, of which the reply repeats the
	// first same bytes. mark is that of a traced packet, else 0.
	appendPayload func(b []byte, proof uint64, mark uint16) []byte
	same          int
}

func (k *query) Name() string  { return k.name }
func (k *query) Doc() string   { return k.doc }
func (k *query) Asks() string  { return k.asks }
func (k *query) Proto() string { return "icmp" }
func (k *query) Class() Class  { return ClassEcho }

// icmpProto is the protocol number of ICMP for the family of a.
func icmpProto(a netip.Addr) uint8 {
	if a.Is4() {
		return wire.ProtoICMP
	}
	return wire.ProtoICMPv6
}

// proof has the block of ports in it, though ICMP has no ports: that keeps runs
// apart which ask the same host at the same time. A traced flow has one proof
// for all its packets. n is the number of the question, see number.
func (k *query) proof(s *Source, target netip.Addr, n uint16) uint64 {
	if s.Ports.KeepFlow {
		n >>= 10
	}
	return s.Proof(k.salt, target, s.Ports.First, n)
}

// number tells p's try, or of a traced packet its flow and mark; from reads it
// back.
func (k *query) number(s *Source, p Probe) uint16 {
	switch {
	case s.Ports.KeepFlow:
		return p.Flow<<10 | s.mark(p)
	case s.Ports.Fixed:
		return uint16(max(p.Try, 1))
	}
	return s.Ports.Of(p) - s.Ports.First + 1
}

func (k *query) from(s *Source, n uint16, p *Probe) bool {
	switch {
	case s.Ports.KeepFlow:
		p.Flow = n >> 10
		return s.unmark(n&markMask, p)
	case s.Ports.Fixed:
		p.Try = uint8(n)
		return n > 0 && n < 256
	}
	return n > 0 && n <= s.Ports.N && s.Ports.Into(s.Ports.First+n-1, p)
}

// veil makes the sequence number, too, a proof where no payload comes back: it
// is the number, changed by bits that only we know.
func (k *query) veil(s *Source, target netip.Addr) uint16 {
	if k.same > 0 {
		return 0
	}
	return uint16(s.Proof(k.salt, target, s.Ports.First, 0) >> 32)
}

func (k *query) Append(b []byte, s *Source, p Probe) []byte {
	n := k.number(s, p)
	proof := k.proof(s, p.Target, n)
	ip := header(s, p, icmpProto(p.Target), proof)
	m := wire.ICMP{Msg: k.request, ID: uint16(proof), Seq: n ^ k.veil(s, p.Target)}
	m.SetType(!p.Target.Is4())
	s.data = k.appendPayload(s.data[:0], proof, s.mark(p))
	return wire.AppendICMP(b, &ip, &m, s.data)
}

func (k *query) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if pkt.Layer != wire.LayerICMP {
		return false
	}
	if q := &pkt.Quote; q.Len > 0 {
		if !quoted(s, pkt, icmpProto(s.Addr)) {
			return false
		}
		p.Target = q.IP.Dst
		n := q.Dst ^ k.veil(s, p.Target)
		if !k.from(s, n, p) || q.Src != uint16(k.proof(s, p.Target, n)) { // some other program's
			return false
		}
		claimError(pkt, p, r)
		s.scratch = k.Append(s.scratch[:0], s, *p)
		if !q.HasSum || q.Sum != transportSum(s.scratch, 2) {
			r.Event = Unsolicited
		}
		return true
	}
	if pkt.ICMP.Msg != k.reply || pkt.IP.Dst != s.Addr {
		return false
	}
	p.Target = pkt.IP.Src
	n := pkt.ICMP.Seq ^ k.veil(s, p.Target)
	if !k.from(s, n, p) {
		return false
	}
	proof := k.proof(s, p.Target, n)
	named, said := pkt.ICMP.ID == uint16(proof), k.repeats(s, pkt.Payload, proof, s.mark(*p))
	if !named && (k.same == 0 || !said) { // some other program's
		return false
	}
	claimAnswer(pkt, p, r)
	r.ICMP = pkt.ICMP
	if !named || !said {
		r.Event = Unsolicited
	}
	return true
}

// repeats tells whether payload is as long as what was asked, and begins with
// the same bytes.
func (k *query) repeats(s *Source, payload []byte, proof uint64, mark uint16) bool {
	s.data = k.appendPayload(s.data[:0], proof, mark)
	return len(payload) == len(s.data) && bytes.Equal(payload[:k.same], s.data[:k.same])
}

func (k *query) Classify(p Probe, r *Reply) Verdict {
	if r.Event == Answer {
		return Verdict{Up, k.reason, true}
	}
	return undecided(r, Unknown, Unknown)
}
