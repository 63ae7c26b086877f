package probe

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"sonde/probe/wire"
)

// query is a question of ICMP itself: the reply repeats its identifier, its
// sequence number and the first bytes of its payload. Kinds that ask one embed
// it. The sequence number tells the try; with the identifier it is the proof. Where
// a device on the way has changed one of them, the payload is.
type query struct {
	name, doc, asks string
	salt            uint8
	request, reply  wire.Message
	reason          Reason
	// appendPayload writes the payload for a proof and the sequence number, of which
	// the reply repeats the first same bytes. The last two of these are the sequence
	// number, inverted, so that all payloads of a proof give the same checksum.
	appendPayload func(b []byte, proof uint64, seq uint16) []byte
	same          int
	free          bool  // the payload may be any (RFC 792, echo)
	code          uint8 // of the request, where it is not the message's own
}

func (k *query) Name() string  { return k.name }
func (k *query) Doc() string   { return k.doc }
func (k *query) Asks() string  { return k.asks }
func (k *query) Proto() string { return "icmp" }
func (k *query) Class() Class  { return ClassEcho }

func (k *query) Traits() Traits { return Traits{Payload: k.free} }

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

// mask is what the sequence number is changed by, bits that only we know: so it is a
// proof, too.
func (k *query) mask(s *Source, target netip.Addr) uint16 {
	return uint16(s.Proof(k.salt, target, s.Ports.First, 0) >> 32)
}

// payload leaves the payload of p's question in s.data. It tells whether that is the
// kind's own, which has a proof in it.
func (k *query) payload(s *Source, p Probe, proof uint64, seq uint16) (own bool) {
	if c := &s.Craft[p.Variant]; k.free && c.Has(GivenData) {
		s.data = append(s.data[:0], c.Data...)
		return false
	}
	s.data = k.appendPayload(s.data[:0], proof, seq)
	return k.same > 0
}

func (k *query) Append(b []byte, s *Source, p Probe) []byte {
	n := k.number(s, p)
	proof := k.proof(s, p.Target, n)
	ip := header(s, p, icmpProto(p.Target), proof)
	m := wire.ICMP{Msg: k.request, ID: uint16(proof), Seq: n ^ k.mask(s, p.Target)}
	m.SetType(!p.Target.Is4())
	m.Code += k.code
	k.payload(s, p, proof, m.Seq)
	return s.summed(wire.AppendICMP(b, &ip, &m, s.data), len(b), p)
}

func (k *query) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if pkt.Layer != wire.LayerICMP {
		return false
	}
	if pkt.Quote.Len > 0 {
		if !errorAbout(s, pkt, icmpProto(s.Addr)) {
			return false
		}
		got := prove(k, s, &pkt.Quote, p)
		if got == nothing { // some other program's
			return false
		}
		quotedReply(s, got, pkt, p, r)
		r.Weak = false // there is no port that could be right
		return true
	}
	if pkt.ICMP.Msg != k.reply || pkt.IP.Dst != s.Addr {
		return false
	}
	p.Target = pkt.IP.Src
	got := k.identify(s, pkt.ICMP.ID, pkt.ICMP.Seq, pkt.Payload, p)
	if got < strong && s.elsewhere(p) {
		own := Probe{Kind: p.Kind, Target: s.Only}
		if k.identify(s, pkt.ICMP.ID, pkt.ICMP.Seq, pkt.Payload, &own) == strong {
			*p, got = own, strong
		}
	}
	if got == nothing { // some other program's
		return false
	}
	claimAnswer(pkt, p, r)
	r.ICMP = pkt.ICMP
	if got < strong {
		r.Event = Unsolicited
		return true
	}
	r.Data = k.became(pkt.Payload, s.data)
	return true
}

// identify finds the question to p's target that identifier, sequence number and
// payload repeat, and leaves its payload in s.data. Two of the three are enough, or
// a payload that has room for as much.
func (k *query) identify(s *Source, id, seq uint16, payload []byte, p *Probe) strength {
	mask, seen := k.mask(s, p.Target), nothing
	for place := range 2 {
		said := seq
		if place == 1 {
			if len(payload) < k.same || k.same == 0 {
				break
			}
			said = ^binary.BigEndian.Uint16(payload[k.same-2:])
		}
		c, n := *p, said^mask
		if !k.from(s, n, &c) {
			continue
		}
		proof := k.proof(s, p.Target, n)
		own := k.payload(s, c, proof, said)
		named := uint16(proof) == id
		repeated := own && len(payload) >= k.same && bytes.Equal(payload[:k.same], s.data[:k.same])
		switch {
		case named && said == seq, repeated && (named || said == seq || k.same >= 8):
			if !s.Ports.KeepFlow || said == seq && repeated {
				*p = c
				return strong
			}
			if seen == strong && *p != c { // the marks contradict each other
				return weak
			}
			*p, seen = c, strong
		case place == 0 && (s.Ports.Fixed || s.Ports.N <= mostGuessed):
			*p, seen = c, weak
		}
	}
	return seen
}

// mostGuessed is of how many numbers, at most, one may be ours though nothing else
// shows it: of more, that is likely to be chance.
const mostGuessed = 64

// judge goes by two of identifier, sequence number and IP ID (or flow label), or by
// the payload.
func (k *query) judge(s *Source, q *wire.Quote, p *Probe) strength {
	p.Port = 0 // what stands in a port's place is the sequence number
	plain := *p
	if got := k.identify(s, q.Src, q.Dst, q.Payload(), p); got == strong {
		marked := plain
		if s.Ports.KeepFlow && int(q.DataLen) < k.same && readID(s, k.proof(s, p.Target, q.Dst^k.mask(s, p.Target)), &q.IP, &marked) {
			marked.Flow = p.Flow
			if *p != marked { // the marks contradict each other
				return weak
			}
		}
		return got
	}
	if *p = plain; k.from(s, q.Dst^k.mask(s, p.Target), p) && k.sameHeader(s, q, p) {
		return slim
	}
	if s.Ports.KeepFlow {
		for flow := range min(s.Ports.N, mostGuessed) {
			proof := k.proof(s, plain.Target, flow<<10)
			if *p = plain; uint16(proof) == q.Src && readID(s, proof, &q.IP, p) {
				p.Flow = flow
				return slim
			}
		}
		return nothing
	}
	for n := uint16(1); n <= mostGuessed; n++ {
		if *p = plain; uint16(k.proof(s, plain.Target, n)) == q.Src && k.from(s, n, p) && k.sameHeader(s, q, p) {
			return slim
		}
	}
	return nothing
}

// sameHeader compares what q has of the header of p's packet, where that is a secret.
func (k *query) sameHeader(s *Source, q *wire.Quote, p *Probe) bool {
	c := &s.Craft[p.Variant]
	ip := header(s, *p, 0, k.proof(s, p.Target, k.number(s, *p)))
	if q.IP.Dst.Is4() {
		return q.IP.ID == ip.ID && !c.Has(GivenID)
	}
	return q.IP.Flow == ip.Flow && ip.Flow != 0 && !c.Has(GivenFlowLabel)
}

// became compares the payload that came back with the one that was sent.
func (k *query) became(back, sent []byte) Data {
	n := min(len(back), len(sent))
	switch {
	case k.same == 0 || k.reply != wire.EchoReply: // the rest is the target's to fill in
		return DataSame
	case !bytes.Equal(back[:n], sent[:n]):
		return DataChanged
	case len(back) < len(sent):
		return DataCut
	case len(back) > len(sent):
		return DataLonger
	}
	return DataSame
}

// Data says what became of the payload of an echo request on its way and back.
type Data uint8

const (
	DataSame Data = iota // or there is none to compare
	DataCut
	DataLonger
	DataChanged
)

var dataNames = [...]string{DataSame: "", DataCut: "cut", DataLonger: "longer", DataChanged: "changed"}

// ParseData is the inverse of String, but for DataSame.
func ParseData(name string) (Data, bool) {
	for d, n := range dataNames {
		if n == name && n != "" {
			return Data(d), true
		}
	}
	return DataSame, false
}

// String is empty for what came back as it was.
func (d Data) String() string { return dataNames[d] }

func (k *query) Classify(p Probe, r *Reply) Verdict {
	if r.Event == Answer {
		return Verdict{Up, k.reason, true}
	}
	return undecided(r, Unknown, Unknown)
}
