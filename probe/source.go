package probe

import (
	"encoding/binary"
	"net/netip"

	"github.com/dchest/siphash"

	"sonde/probe/wire"
)

// Key is the secret behind every proof of identity. It comes from crypto/rand.
type Key [2]uint64

// Source is what a run asks with on one way out. It belongs to one goroutine:
// a run has one to ask with and one to claim with.
type Source struct {
	Addr  netip.Addr // our address, as the target sees it
	Only  netip.Addr // the run's only target, without zone; zero if there are several
	Port  uint16     // the run's only port; 0 if there are several, or none
	Own   netip.Addr // our own address on this link, for ARP and ND: Addr, unless that is foreign
	MAC   wire.MAC   // ours on the link, for ARP and ND
	Key   Key
	Ports Ports
	// Others are the ports of other plans that ask the same target at the same time, in other
	// flows: a quote with one of these is theirs, and not one whose port a NAT has changed.
	Others  Ports
	Roaming Ports   // for protocols that answer from a new port; N is 0 with a fixed port
	Craft   []Craft // by Variant; at least one
	Clock   uint32  // milliseconds, for TCP timestamps; brought up to date before each batch

	data, scratch, one, other []byte
	asked                     Probe
	quote                     wire.Quote
}

// Ports is the block of source ports of a run, and the rule by which a probe's
// try, TTL, variant, flow and repetition pick one: a target then names the try that
// it answers, and no port is asked twice from the same one.
type Ports struct {
	First, N  uint16
	Fixed     bool   // -g: one port for everything
	Tries     uint16 // strides of the mixed radix; at least 1 each
	Variants  uint16
	Flows     uint16
	TTLs      uint8  // 0: the TTL has no part in it
	KeepFlow  bool   // one port per flow whatever the try (trace)
	LatestRep uint32 // highest repetition asked so far: picks among those that share a port
}

// Of returns p's source port.
func (b *Ports) Of(p Probe) uint16 {
	if b.Fixed {
		return b.First
	}
	if b.KeepFlow {
		return b.First + p.Flow%b.N
	}
	variant := (uint64(p.Variant) + b.turn(p)) % uint64(max(b.Variants, 1))
	i := (uint64(p.Rep)*uint64(b.Variants) + variant) * uint64(b.Flows)
	i = (i+uint64(p.Flow))*uint64(max(b.TTLs, 1)) + uint64(max(p.TTL, 1)-1)
	i = i*uint64(b.Tries) + uint64(max(p.Try, 1)-1)
	return b.First + uint16(i%uint64(b.N))
}

// Into fills the fields of p that port encodes. It returns false where port is
// not one of the block. With a fixed port or flow the try stays 0: not known.
func (b *Ports) Into(port uint16, p *Probe) bool {
	if port < b.First || port-b.First >= b.N {
		return false
	}
	off := uint64(port - b.First)
	if b.Fixed {
		return true
	}
	if b.KeepFlow {
		p.Flow = uint16(off)
		return true
	}
	// Repetitions share ports once the block is used up: take the latest.
	// i ≡ off (mod N), and i < (LatestRep+1)·per.
	per := uint64(b.Tries) * uint64(max(b.TTLs, 1)) * uint64(b.Variants) * uint64(b.Flows) // ports of one repetition
	if last := (uint64(b.LatestRep)+1)*per - 1; last >= off {
		off += (last - off) / uint64(b.N) * uint64(b.N)
	}
	p.Try = uint8(off%uint64(b.Tries)) + 1
	off /= uint64(b.Tries)
	if b.TTLs > 0 {
		p.TTL = uint8(off%uint64(b.TTLs)) + 1
		off /= uint64(b.TTLs)
	}
	p.Flow = uint16(off % uint64(b.Flows))
	off /= uint64(b.Flows)
	variants := uint64(b.Variants)
	p.Rep = uint32(off / variants)
	p.Variant = uint16((off%variants + variants - b.turn(*p)) % variants)
	return true
}

// turn is by how many places the variants of one repetition, flow and TTL have changed
// places: each has each place as often, in no order that somebody on the way who goes by
// ports could follow. Else the variant would decide what such a device does to it.
func (b *Ports) turn(p Probe) uint64 {
	if b.Variants < 2 {
		return 0
	}
	return mix(uint64(p.Rep)<<32|uint64(p.Flow)<<8|uint64(p.TTL)) % uint64(b.Variants)
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
// number generators", 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Has tells whether port is one of the block.
func (b *Ports) Has(port uint16) bool { return port >= b.First && port-b.First < b.N }

// Proof returns the keyed hash over a flow that proves that an answer was caused
// by a packet of ours: nobody who did not see that packet can know it.
func (s *Source) Proof(proto uint8, target netip.Addr, targetPort, sourcePort uint16) uint64 {
	var b [40]byte
	t, a := target.As16(), s.Addr.As16()
	copy(b[:16], a[:])
	copy(b[16:32], t[:])
	binary.BigEndian.PutUint16(b[32:], sourcePort)
	binary.BigEndian.PutUint16(b[34:], targetPort)
	b[36] = proto
	return siphash.Hash(s.Key[0], s.Key[1], b[:])
}
