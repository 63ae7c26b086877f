package simnet

import (
	"encoding/binary"
	"math"
	"net/netip"

	"sonde/probe/wire"
)

// chance is a probability, in units of 2^-64; always is 1.
type chance uint64

const always chance = math.MaxUint64

// newChance returns the chance of a probability from 0 to 1.
func newChance(p float64) chance {
	if p >= 1 {
		return always
	}
	return chance(p * (1 << 64))
}

// hits tells whether x, equally distributed, is within c.
func (c chance) hits(x uint64) bool { return c == always || x < uint64(c) }

// mix is the finalizer of splitmix64: a bijection whose output bits all depend
// on all input bits.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash mixes an address with a seed.
func hash(addr netip.Addr, seed uint64) uint64 {
	b := addr.As16()
	return mix(binary.BigEndian.Uint64(b[8:]) ^ mix(binary.BigEndian.Uint64(b[:8])^mix(seed)))
}

// has tells whether the host at addr, which is in g's prefix, exists.
func (g *group) has(addr netip.Addr) bool { return g.alive.hits(hash(addr, g.seed)) }

// macOf returns the Ethernet address of the host at addr.
func (g *group) macOf(addr netip.Addr) wire.MAC {
	if g.hasMAC {
		return g.mac
	}
	h := hash(addr, g.seed+1)
	return wire.MAC{0x02, byte(h >> 32), byte(h >> 24), byte(h >> 16), byte(h >> 8), byte(h)}
}

// port returns what a port of the host at addr does. Lines are those of its
// protocol.
func (g *group) port(lines []portLine, addr netip.Addr, port uint16) action {
	for i := len(lines) - 1; i >= 0; i-- {
		l := &lines[i]
		if l.ports.has(port) && (l.share == always || l.share.hits(hash(addr, g.seed^l.salt^uint64(port)<<16))) {
			return l.action
		}
	}
	return action{verdict: reset, router: -1}
}

// portSet is a set of ports; nil has all.
type portSet [1024]uint64

func (s *portSet) has(port uint16) bool { return s == nil || s[port>>6]>>(port&63)&1 != 0 }

func (s *portSet) add(port uint16) { s[port>>6] |= 1 << (port & 63) }

// isn returns the initial sequence number with which host answers a SYN: it
// differs from one connection to the next.
func isn(host netip.Addr, syn *wire.TCP) uint32 {
	return uint32(hash(host, uint64(syn.Seq)<<32|uint64(syn.Src)<<16|uint64(syn.Dst)))
}
