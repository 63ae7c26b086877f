package probe

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"sonde/probe/payload"
	"sonde/probe/wire"
)

// This file says what the quote in an ICMP error proves. Routers, NATs and small
// stacks rewrite what they quote, each something else: IP IDs, checksums, addresses.
// So one thing in the quote that only we could know is enough, beside our ports.

// strength is how much a quote proves.
type strength uint8

const (
	nothing strength = iota
	weak             // the ports are right, and nothing that is left speaks against it
	slim             // 16 bits or so that only we could know
	strong           // 32 bits or more
)

// quotable is a kind whose packets can be recognised in a quote. judge fills p,
// whose target and port are known, with what the quote tells of TTL and try, and
// says how far the quote proves that p was asked.
type quotable interface {
	judge(s *Source, q *wire.Quote, p *Probe) strength
}

// errorAbout tells whether pkt is an ICMP error, for s, about a packet of protocol
// proto, with its ports (or echo numbers) visible. The quoted source is another one
// than ours where a NAT has changed it and not changed it back.
func errorAbout(s *Source, pkt *wire.Packet, proto uint8) bool {
	q := &pkt.Quote
	return pkt.Layer == wire.LayerICMP && pkt.ICMP.Msg.IsError() && q.HasPorts && q.IP.Proto == proto &&
		q.IP.Src.Is4() == s.Addr.Is4() && (q.IP.Src == s.Addr || pkt.IP.Dst == s.Addr)
}

// claimQuote fills p and r from an ICMP error about what k asked, as far as p has it
// from the quoted source port. Where the quoted destination is not proved to have
// been asked, it may be another address of the only target.
func claimQuote[K quotable](k K, s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	got := prove(k, s, &pkt.Quote, p)
	if got < slim && (pkt.Quote.IP.Src != s.Addr || !s.Ports.Has(pkt.Quote.Src) && !s.Roaming.Has(pkt.Quote.Src)) {
		return false // it quotes somebody else
	}
	quotedReply(s, got, pkt, p, r)
	return true
}

// prove fills in what p asked and has not from the quoted source port.
func prove[K quotable](k K, s *Source, q *wire.Quote, p *Probe) strength {
	asked := &s.asked // here, since a generic method's argument would be allocated
	*asked = *p
	p.Target, p.Port = q.IP.Dst, q.Dst
	got := k.judge(s, q, p)
	if got < slim && s.another(p) {
		asked.Target, asked.Port = s.Only, q.Dst
		if g := k.judge(s, q, asked); g >= slim {
			*p, got = *asked, g
		}
	}
	if got < strong && s.Ports.KeepFlow && s.Only.IsValid() && s.Port != 0 && (q.Dst != s.Port || !s.Ports.Has(q.Src)) {
		return max(got, proveTranslated(k, s, q, p))
	}
	return got
}

// mostTranslated is how many flows are tried for a quote whose ports are not ours.
const mostTranslated = 16

// proveTranslated is prove of a quote in which a NAT has changed ports, and not changed
// them back. Then all of what proves must be in the rest of it.
func proveTranslated[K quotable](k K, s *Source, q *wire.Quote, p *Probe) strength {
	plain := Probe{Kind: p.Kind, Way: p.Way, Target: s.Only, Port: s.Port}
	s.quote = *q
	for flow := range min(max(s.Ports.Flows, 1), mostTranslated) {
		plain.Flow = flow
		s.asked = plain
		s.quote.Src, s.quote.Dst = s.Ports.Of(plain), s.Port
		if k.judge(s, &s.quote, &s.asked) == strong {
			*p = s.asked
			return strong
		}
	}
	return nothing
}

// into fills in the flow of a quoted packet from its source port; where a NAT may have
// changed that, the rest of the quote must tell. It returns false where the packet is not
// ours.
func (s *Source) into(q *wire.Quote, p *Probe) bool {
	if s.Ports.Into(q.Src, p) {
		return true
	}
	if !s.Ports.KeepFlow || !s.Only.IsValid() || s.Others.Has(q.Src) {
		return false
	}
	p.Flow, p.Try = 0, 0
	return true
}

// quotedReply fills r from an error whose quote proves so much of p.
func quotedReply(s *Source, got strength, pkt *wire.Packet, p *Probe, r *Reply) {
	q := &pkt.Quote
	claimError(pkt, p, r)
	switch got {
	case nothing, weak:
		r.Event, r.Weak = Unsolicited, got == weak
	case slim:
		r.Slim = true
	}
	r.Moved = q.IP.Src != s.Addr || q.IP.Dst != p.Target
	if s.Ports.KeepFlow && r.Event == ICMPError {
		r.Quoted, r.Extension = bytes.Clone(pkt.Payload[:q.Len]), bytes.Clone(pkt.Extension)
	}
}

// strength is what q proves, of which the ports are right, of the packet built,
// which asks p. few says that there are few bits in built's payload and checksum
// that only we could know.
func (s *Source) strength(q *wire.Quote, p *Probe, built []byte, few bool) strength {
	got, zeros, guessed := nothing, true, false
	count := func(have bool, zero bool, much strength) {
		switch {
		case have && got == slim && much == slim:
			got = strong
		case have:
			got = max(got, much)
		}
		zeros = zeros && zero
	}
	// What was chosen is no secret: it proves nothing, and speaks against the quote only
	// where it is another one.
	number := func(g Given, have bool, said, sent uint32, much strength) {
		chosen := s.Craft[p.Variant].Has(g)
		count(have && !chosen && said == sent, said == 0 || chosen && said == sent, much)
	}
	if built[0]>>4 == 4 {
		number(GivenID, q.IP.ID != 0, uint32(q.IP.ID), uint32(binary.BigEndian.Uint16(built[4:])), slim)
		built = built[20:]
	} else {
		number(GivenFlowLabel, q.IP.Flow != 0, q.IP.Flow, binary.BigEndian.Uint32(built)&0xfffff, slim)
		built = built[40:]
	}
	switch q.IP.Proto {
	case wire.ProtoTCP:
		number(GivenSeq, q.HasSeq, q.Seq, binary.BigEndian.Uint32(built[4:]), strong)
		if ack := binary.BigEndian.Uint32(built[8:]); q.HasTCP && ack != 0 {
			number(GivenAck, true, q.TCP.Ack, ack, strong)
		}
	case wire.ProtoUDP:
		sum := binary.BigEndian.Uint16(built[6:])
		same := q.HasSum && q.Sum != 0 && (q.Sum == sum || sameSum(q.Sum, s.moved(sum, q, p)))
		count(same && !few, q.Sum == 0, slim)
		guessed = same && few
		n := min(int(q.DataLen), len(built)-8)
		if !few && got < strong && n > 0 && string(q.Data[:n]) == string(built[8:8+n]) {
			count(true, false, s.known(p, n))
		}
	}
	if got == nothing && (zeros || guessed) && q.IP.Src == s.Addr && !s.Ports.Fixed && !s.Ports.KeepFlow {
		return weak
	}
	return got
}

// moved is the checksum sum as it must be between the addresses that q quotes.
func (s *Source) moved(sum uint16, q *wire.Quote, p *Probe) uint16 {
	target := p.Target.WithZone("")
	if target.Is4() != q.IP.Dst.Is4() || q.IP.Src.Is4() != q.IP.Dst.Is4() {
		return sum
	}
	return wire.MovedChecksum(sum, s.Addr, target, q.IP.Src, q.IP.Dst)
}

// sameSum compares checksums, in which 0 and 0xffff are the same number.
func sameSum(a, b uint16) bool { return a == b || a^b == 0xffff && (a == 0 || b == 0) }

// known says how much it proves to know the first n bytes of the payload that asks
// p: as much of it as would be different for another identifier.
func (s *Source) known(p *Probe, n int) strength {
	if s.Ports.KeepFlow && n == len(s.data) && s.few(p) {
		return strong // it has a proof of its own, see appendMarked
	}
	ask := payload.For(p.Port)
	if ask == nil {
		return nothing
	}
	s.one, s.other = ask.Append(s.one[:0], 0), ask.Append(s.other[:0], ^uint64(0))
	one, other := s.one, s.other
	count := 0
	for i := range min(n, len(one), len(other)) {
		count += bits.OnesCount8(one[i] ^ other[i])
	}
	switch {
	case count >= 32:
		return strong
	case count >= 16:
		return slim
	}
	return nothing
}
