package target

import "net/netip"

// Share is what one of several parties asks of a Set: disjoint, together the whole,
// and as large as the others to one address. Which address is whose depends on its
// place among all targets and on the seed alone: so a party may part its targets
// as it likes, by its own routes, and what it leaves is still somebody else's. As a
// Set it is computed, never expanded.
//
// The addresses are dealt out in rounds, one to each party; the seed turns each
// round, so that no party gets every first address of a network.
type Share struct {
	shard, shards uint64
	seed          uint64
	spans         []shared
	zoned         *Set   // those with a zone that are in the share
	len           uint64 // all of it
}

// shared is a span of the set that is shared, and what the share has of it.
type shared struct {
	span
	at    uint64 // the number of its first address among all
	first uint64 // the round of the first address that is in the share
}

// NewShare returns the shard-th (from 0) of shards shares of set, which is a part
// of all: what all parties together ask.
func NewShare(set, all *Set, shard, shards, seed uint64) *Share {
	s := &Share{shard: shard, shards: shards, seed: seed, zoned: &Set{}}
	if set == nil {
		return s
	}
	for p := range set.spans {
		at, _ := all.Index(p.first) // it is there
		n, _ := count(p.first, p.last)
		from, to := s.rounds(at), s.rounds(at+n)
		if to > from {
			s.spans = append(s.spans, shared{span{p.first, p.last, s.len}, at, from})
			s.len += to - from
		}
	}
	for _, a := range set.zoned {
		if i, ok := all.Index(a); ok && s.offset(i/shards) == i%shards {
			s.zoned.zoned = append(s.zoned.zoned, a)
		}
	}
	s.zoned.len = uint64(len(s.zoned.zoned))
	s.len += s.zoned.len
	return s
}

// offset is which address of a round is in the share.
func (s *Share) offset(round uint64) uint64 {
	x := round*0x9e3779b97f4a7c15 + s.seed // and the finaliser of SplitMix64
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return ((x^x>>31)%s.shards + s.shard) % s.shards
}

// rounds counts the addresses of the share before number i of all: one in each
// round that is over.
func (s *Share) rounds(i uint64) uint64 {
	n := i / s.shards
	if s.offset(n) < i%s.shards {
		n++
	}
	return n
}

// Len returns how many addresses s has.
func (s *Share) Len() uint64 { return s.len }

// At returns the i-th address, with its zone. It panics if i is not below Len.
// It does not allocate.
func (s *Share) At(i uint64) netip.Addr {
	if plain := s.len - s.zoned.len; i >= plain {
		return s.zoned.At(i - plain)
	}
	lo, hi := 0, len(s.spans) // the span wanted is in [lo, hi)
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if s.spans[mid].base <= i {
			lo = mid
		} else {
			hi = mid
		}
	}
	p := &s.spans[lo]
	round := p.first + i - p.base
	return add(p.span.first, round*s.shards+s.offset(round)-p.at)
}

// Index returns the number of a, the inverse of At, or false if a is not in the
// share. Zones count as in a Set. It does not allocate.
func (s *Share) Index(a netip.Addr) (uint64, bool) {
	if !a.IsValid() {
		return 0, false
	}
	a = a.Unmap()
	if a.Zone() != "" {
		if i, ok := s.zoned.Index(a); ok {
			return s.len - s.zoned.len + i, true
		}
		return s.plainIndex(a.WithZone(""))
	}
	if i, ok := s.plainIndex(a); ok {
		return i, true
	}
	i, ok := s.zoned.Index(a)
	return s.len - s.zoned.len + i, ok
}

// plainIndex is Index among the addresses without a zone.
func (s *Share) plainIndex(a netip.Addr) (uint64, bool) {
	lo, hi := -1, len(s.spans) // spans up to lo begin at or before a
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if s.spans[mid].span.first.Compare(a) <= 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	if lo < 0 {
		return 0, false
	}
	p := &s.spans[lo]
	if p.last.Less(a) || p.span.first.BitLen() != a.BitLen() {
		return 0, false
	}
	n, _ := distance(p.span.first, a)
	n += p.at
	if round := n / s.shards; s.offset(round) == n%s.shards {
		return p.base + round - p.first, true
	}
	return 0, false
}
