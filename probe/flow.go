package probe

import "sonde/probe/wire"

// A trace asks with one flow: whatever a router balances load by (addresses,
// ports, flow label, the first bytes of ICMP) is the same in all its packets.
// What differs is a mark of ten bits, TTL and try, in places that routers quote and
// do not look at. Each kind has it in several, since devices on the way rewrite one
// or the other: TCP in the sequence number, the IP ID and the timestamp; UDP in two
// bytes at the end of the payload, so also in the checksum, and the IP ID; echo in
// the sequence number, which two bytes of payload make up for in the checksum, and
// the IP ID.
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

// Marks are apart in sequence numbers by more than a window has room for: a SYN that
// reaches a half-open connection brings a challenge ACK then, not a RST (RFC 9293
// §3.10.7.4). And later SYNs have higher numbers, as far as TTLs are asked in their
// order: what firewalls on the way keep of a connection they let only grow.
// What is left of the number says that nobody has changed the mark.
const seqBits = 21

// markedSeq is the sequence number of a SYN.
func markedSeq(proof uint64, m uint16) uint32 {
	if m == 0 {
		return uint32(proof)
	}
	check := (proof ^ uint64(m)*0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93
	return uint32(proof) + uint32(m&15<<6|m>>4)<<seqBits + uint32(check>>(64-seqBits+1))
}

// readSeq is the inverse of markedSeq. It is true where seq has the proof.
func readSeq(s *Source, proof uint64, seq uint32, p *Probe) bool {
	d := seq - uint32(proof)
	if !s.Ports.KeepFlow {
		return d == 0
	}
	n := d >> seqBits
	if n > markMask {
		return false
	}
	m := uint16(n&63<<4 | n>>6)
	return markedSeq(proof, m) == seq && s.unmark(m, p)
}

// readID is the inverse of markedID, of a traced packet. An ID that was chosen has no mark.
func readID(s *Source, proof uint64, ip *wire.IP, p *Probe) bool {
	return ip.Dst.Is4() && !s.Craft[p.Variant].Has(GivenID) && ip.ID&^markMask == uint16(proof>>48)&^markMask && s.unmark(ip.ID&markMask, p)
}

// markedBy is what one mark in a quote says, and how far the quote then proves it.
type markedBy struct {
	probe Probe
	got   strength
}

// elect fills p with what most marks say. Where as many say something else, nothing is
// said: some were changed, and which cannot be told.
func elect(marks []markedBy, p *Probe) strength {
	best, most, tie := nothing, 0, false
	for _, m := range marks {
		if m.got < slim {
			continue
		}
		votes, got := 0, nothing
		for _, o := range marks {
			if o.got >= slim && o.probe == m.probe {
				votes++
				got = max(got, o.got)
			}
		}
		switch {
		case votes > most:
			*p, best, most, tie = m.probe, got, votes, false
		case votes == most && m.probe != *p:
			tie = true
		}
	}
	if tie {
		return nothing
	}
	return best
}

// markOfUDP reads the mark of a datagram from how much its checksum differs from
// that of one without a mark.
func (s *Source) markOfUDP(q *wire.Quote, without uint16, p *Probe) bool {
	// One's complement arithmetic: ^sum is the sum of everything else.
	m := (uint32(^q.Sum) + 0xffff - uint32(^without)) % 0xffff
	return q.HasSum && q.Sum != 0 && m <= markMask && s.unmark(uint16(m), p)
}
