package probe

import (
	"encoding/binary"
	"math/bits"
)

// ComputedKind is a kind whose packets something else can write than Append, such as the
// kernel by a program of BPF: it takes one that Append has written, changes addresses and
// ports, and with them what hangs on the proof. That is the sequence number (its low half),
// the timestamp (the clock added to its high half), of IPv4 the ID (its highest 16 bits,
// odd), of IPv6 the flow label (the low 20 bits of the high half), and checksums.
type ComputedKind interface {
	PacketKind
	// Computed returns the state of SipHash-2-4 behind the words that are the same in the
	// proofs of all packets of s, three of IPv4 and two of IPv6, and of the last word what
	// does not depend on the ports.
	Computed(s *Source) (prefix [4]uint64, last uint64)
}

// ComputedKindOf returns k as a kind whose packets something else can write.
func ComputedKindOf(k Kind) (ComputedKind, bool) {
	by, ok := k.(ComputedKind)
	return by, ok
}

// Computed tells whether the packets of k, in shape c, can be written by something else,
// and as what.
func Computed(k Kind, c *Craft) (ComputedKind, bool) {
	by, ok := k.(ComputedKind)
	plain := c.Given == 0 && c.Urgent == 0 && len(c.Data) == 0 && len(c.IPOptions) == 0 && !c.BadSum && c.Fragment == 0
	return by, ok && plain && c.Timestamp%2 == 0
}

func (syn) Computed(s *Source) (prefix [4]uint64, last uint64) {
	var b [24]byte
	a := s.Addr.As16()
	copy(b[:], a[:])
	words := 2
	if s.Addr.Is4() {
		words = 3 // the first of the target's is zero
	}
	return s.Key.sip(b[:8*words]), saltSYN << 32
}

// sip is the state of SipHash-2-4 (Aumasson and Bernstein, 2012, section 2.1) behind whole
// words.
func (k Key) sip(b []byte) [4]uint64 {
	v := [4]uint64{k[0] ^ 0x736f6d6570736575, k[1] ^ 0x646f72616e646f6d, k[0] ^ 0x6c7967656e657261, k[1] ^ 0x7465646279746573}
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		v[3] ^= w
		for range 2 {
			v[0] += v[1]
			v[1] = bits.RotateLeft64(v[1], 13) ^ v[0]
			v[0] = bits.RotateLeft64(v[0], 32)
			v[2] += v[3]
			v[3] = bits.RotateLeft64(v[3], 16) ^ v[2]
			v[0] += v[3]
			v[3] = bits.RotateLeft64(v[3], 21) ^ v[0]
			v[2] += v[1]
			v[1] = bits.RotateLeft64(v[1], 17) ^ v[2]
			v[2] = bits.RotateLeft64(v[2], 32)
		}
		v[0] ^= w
	}
	return v
}
