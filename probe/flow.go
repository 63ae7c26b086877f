package probe

import (
	"encoding/binary"

	"sonde/probe/wire"
)

// A trace asks with one flow: whatever a router balances load by (addresses,
// ports, flow label, the first bytes of ICMP) is the same in all its packets.
// What differs is a mark of ten bits, TTL and try, in a place that routers
// quote and do not look at: for TCP the IP ID, on IPv6 the timestamp value;
// for UDP two bytes of payload, which show in the checksum; for echo the
// sequence number, which two bytes of payload make up for in the checksum.
const markMask = 1<<10 - 1

// mark is p's mark; 0 where flows are not kept. The try is 1 to 15, the TTL 1
// to 63; of a plan that asks nothing twice the repetition takes its place.
func (s *Source) mark(p Probe) uint16 {
	if !s.Ports.KeepFlow {
		return 0
	}
	n := uint16(max(p.Try, 1))
	if s.Ports.Tries == 1 {
		n = uint16(p.Rep) + 1
	}
	return (uint16(p.TTL)<<4 | n&15) & markMask
}

// unmark fills what a mark tells of p.
func (s *Source) unmark(m uint16, p *Probe) bool {
	ttl, n := m>>4, m&15
	if m > markMask || ttl == 0 || n == 0 {
		return false
	}
	p.TTL, p.Try = uint8(ttl), uint8(n)
	if s.Ports.Tries == 1 {
		p.Rep, p.Try = uint32(n)-1, 1
	}
	return true
}

// markedID is the IP ID of a packet with mark m.
func markedID(proof uint64, m uint16) uint16 {
	if m == 0 {
		return uint16(proof>>48) | 1
	}
	return uint16(proof>>48)&^markMask | m
}

// markedTime is the timestamp value of a SYN: of a traced one it carries the
// mark instead of the time.
func markedTime(s *Source, proof uint64, m uint16) uint32 {
	base := uint32(proof >> 32)
	if m == 0 {
		return base + s.Clock
	}
	return base&^markMask | uint32(m)
}

// readTime is the inverse of markedTime.
func readTime(s *Source, proof uint64, value uint32, p *Probe) bool {
	return value&^markMask == uint32(proof>>32)&^markMask && s.unmark(uint16(value&markMask), p)
}

// markOfSYN reads the mark of the SYN that an error quotes. It is true where
// flows are not kept.
func markOfSYN(s *Source, q *wire.Quote, proof uint64, p *Probe) bool {
	switch {
	case !s.Ports.KeepFlow:
		return true
	case q.IP.Dst.Is4():
		return q.IP.ID&^markMask == uint16(proof>>48)&^markMask && s.unmark(q.IP.ID&markMask, p)
	case !q.HasTCP:
		return false
	}
	v, ok := wire.FindOption(q.TCP.Options(), wire.OptTimestamp)
	return ok && len(v) == 8 && readTime(s, proof, binary.BigEndian.Uint32(v), p)
}

// markOfUDP reads the mark of the datagram that an error quotes, from how much
// its checksum differs from that of one without a mark.
func (k udp) markOfUDP(s *Source, q *wire.Quote, p *Probe) bool {
	if !s.Ports.KeepFlow {
		return true
	}
	plain := *p
	plain.TTL = 0
	s.scratch = k.appendMarked(s.scratch[:0], s, plain, 0)
	without := transportSum(s.scratch, 6)
	// One's complement arithmetic: ^sum is the sum of everything else.
	m := (uint32(^q.Sum) + 0xffff - uint32(^without)) % 0xffff
	return q.HasSum && s.unmark(uint16(m), p)
}
