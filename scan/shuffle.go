package scan

import "math/bits"

// shuffle is a permutation of 0 … n-1 that is computed, never stored: a
// four-round Feistel network over the next power of four, walked until it lands
// inside (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
// It spreads load over hosts and ports; it is no secret.
type shuffle struct {
	n    uint64
	half uint // bits of each half
	key  [4]uint64
}

func newShuffle(n, seed uint64) shuffle {
	s := shuffle{n: n, half: max(1, (uint(bits.Len64(max(n, 2)-1))+1)/2)}
	for i := range s.key {
		seed = mix(seed + 0x9e3779b97f4a7c15)
		s.key[i] = seed
	}
	return s
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// at returns the i-th element. Each tweak gives another permutation.
func (s *shuffle) at(i, tweak uint64) uint64 {
	mask := uint64(1)<<s.half - 1
	for {
		l, r := i>>s.half, i&mask
		for _, k := range s.key {
			l, r = r, l^(mix(r+k+tweak<<32)&mask)
		}
		if i = l<<s.half | r; i < s.n {
			return i
		}
	}
}

// index is the inverse of at.
func (s *shuffle) index(v, tweak uint64) uint64 {
	mask := uint64(1)<<s.half - 1
	for {
		l, r := v>>s.half, v&mask
		for j := len(s.key) - 1; j >= 0; j-- {
			l, r = r^(mix(l+s.key[j]+tweak<<32)&mask), l
		}
		if v = l<<s.half | r; v < s.n {
			return v
		}
	}
}
