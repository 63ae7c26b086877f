package target

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// Set is an immutable ordered set of addresses, IPv4 before IPv6 before
// addresses with a zone. It holds ranges, not addresses: a /8 is one span, and
// nothing is ever expanded. The nil Set is empty.
type Set struct {
	v4   []span4
	len4 uint64 // how many addresses these are
	v6   []span
	// Zones are apart: a range cannot carry one, and the same address in two
	// zones is two hosts. Sorted and unique.
	zoned []netip.Addr
	// len counts all of it; the zoned addresses are the last len(zoned).
	len uint64
}

// span4 is the IPv4 addresses from first to last, both included: a list of millions of
// single addresses is as many of them.
type span4 struct {
	first, last uint32
	base        uint32 // the number of the first one
}

// span is the addresses from first to last of one family, both included.
type span struct {
	first, last netip.Addr
	base        uint64 // the number of the first one
}

// ErrTooMany is returned for sets of 2^64 addresses and more.
var ErrTooMany = errors.New("more than 2^64 addresses")

// NewSet returns the set of all addresses in ranges and zoned that none of
// exclude excludes. Ranges may overlap and come in any order. An excluded
// address without a zone excludes it in every zone.
func NewSet(ranges []netipx.IPRange, zoned []netip.Addr, exclude ...*Set) (*Set, error) {
	b := Builder{zoned: zoned}
	for _, r := range ranges {
		b.AddRange(r)
	}
	return b.without(exclude...)
}

// number4 takes the IPv4 spans and numbers them.
func (s *Set) number4(spans []span4) {
	for i := range spans {
		spans[i].base = uint32(s.len4)
		s.len4 += uint64(spans[i].last-spans[i].first) + 1
	}
	s.v4, s.len = spans, s.len4
}

// number6 takes the IPv6 ranges without exclude and numbers them.
func (s *Set) number6(ranges []netipx.IPRange, exclude []*Set) error {
	if len(ranges) == 0 {
		return nil
	}
	var b netipx.IPSetBuilder
	for _, r := range ranges {
		b.AddRange(r)
	}
	for _, e := range exclude {
		if e == nil {
			continue
		}
		for _, p := range e.v6 {
			b.RemoveRange(netipx.IPRangeFrom(p.first, p.last))
		}
	}
	merged, err := b.IPSet()
	if err != nil {
		return err
	}
	for _, r := range merged.Ranges() {
		n, ok := count(r.From(), r.To())
		if !ok {
			return ErrTooMany
		}
		s.v6 = append(s.v6, span{r.From(), r.To(), s.len})
		if err := s.more(n); err != nil {
			return err
		}
	}
	return nil
}

// numberZoned takes the addresses with a zone that none of exclude excludes.
func (s *Set) numberZoned(zoned []netip.Addr, exclude []*Set) error {
	for _, a := range zoned {
		if !slices.ContainsFunc(exclude, func(e *Set) bool { return e.excludes(a) }) {
			s.zoned = append(s.zoned, a)
		}
	}
	slices.SortFunc(s.zoned, netip.Addr.Compare)
	s.zoned = slices.Compact(s.zoned)
	return s.more(uint64(len(s.zoned)))
}

// more counts n addresses.
func (s *Set) more(n uint64) error {
	var carry uint64
	if s.len, carry = bits.Add64(s.len, n, 0); carry != 0 {
		return ErrTooMany
	}
	return nil
}

// Len returns how many addresses s has.
func (s *Set) Len() uint64 {
	if s == nil {
		return 0
	}
	return s.len
}

// At returns the i-th address, with its zone. It panics if i is not below Len.
// It does not allocate.
func (s *Set) At(i uint64) netip.Addr {
	if i >= s.Len() {
		panic("target: Set.At beyond Len")
	}
	if z := s.zonedBase(); i >= z {
		return s.zoned[i-z]
	}
	if i < s.len4 {
		lo, hi := 0, len(s.v4) // the span wanted is in [lo, hi)
		for hi-lo > 1 {
			mid := int(uint(lo+hi) / 2)
			if uint64(s.v4[mid].base) <= i {
				lo = mid
			} else {
				hi = mid
			}
		}
		return address4(s.v4[lo].first + uint32(i) - s.v4[lo].base)
	}
	lo, hi := 0, len(s.v6)
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if s.v6[mid].base <= i {
			lo = mid
		} else {
			hi = mid
		}
	}
	return add(s.v6[lo].first, i-s.v6[lo].base)
}

// Index returns the number of a, the inverse of At. An address without a zone
// matches one with a zone if there is only one such, and one with a zone
// matches one without. It does not allocate.
func (s *Set) Index(a netip.Addr) (uint64, bool) {
	if s == nil || !a.IsValid() {
		return 0, false
	}
	a = a.Unmap()
	if a.Zone() != "" {
		if i, ok := slices.BinarySearchFunc(s.zoned, a, netip.Addr.Compare); ok {
			return s.zonedBase() + uint64(i), true
		}
		return s.plainIndex(a.WithZone(""))
	}
	if i, ok := s.plainIndex(a); ok {
		return i, true
	}
	i, n := s.namesakes(a)
	return s.zonedBase() + uint64(i), n == 1
}

// Contains tells whether a is in s, with a zone or without.
func (s *Set) Contains(a netip.Addr) bool {
	if s == nil {
		return false
	}
	if _, ok := s.Index(a); ok {
		return true
	}
	_, n := s.namesakes(a)
	return n > 0 && a.Zone() == ""
}

// excludes tells whether s, as a set of exclusions, excludes a: with its own
// zone, or for all zones.
func (s *Set) excludes(a netip.Addr) bool {
	if s == nil {
		return false
	}
	if a.Zone() != "" {
		if _, ok := slices.BinarySearchFunc(s.zoned, a, netip.Addr.Compare); ok {
			return true
		}
	}
	_, ok := s.plainIndex(a.WithZone(""))
	return ok
}

// plainIndex is Index among the ranges alone, for an a without a zone.
func (s *Set) plainIndex(a netip.Addr) (uint64, bool) {
	if a.Is4() {
		return s.index4(number(a))
	}
	lo, hi := -1, len(s.v6) // spans up to lo begin at or before a
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if s.v6[mid].first.Compare(a) <= 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	if lo < 0 || s.v6[lo].last.Less(a) {
		return 0, false
	}
	n, _ := distance(s.v6[lo].first, a)
	return s.v6[lo].base + n, true
}

// index4 is plainIndex of an IPv4 address.
func (s *Set) index4(a uint32) (uint64, bool) {
	lo, hi := -1, len(s.v4) // spans up to lo begin at or before a
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if s.v4[mid].first <= a {
			lo = mid
		} else {
			hi = mid
		}
	}
	if lo < 0 || s.v4[lo].last < a {
		return 0, false
	}
	return uint64(s.v4[lo].base) + uint64(a-s.v4[lo].first), true
}

// zonedBase is the number of the first address with a zone.
func (s *Set) zonedBase() uint64 { return s.len - uint64(len(s.zoned)) }

// namesakes returns where among the addresses with a zone those begin that are
// a but for the zone, and how many there are: 0, 1, or 2 for more. a has none.
func (s *Set) namesakes(a netip.Addr) (i, n int) {
	// Without a zone a sorts just before all its namesakes.
	i, _ = slices.BinarySearchFunc(s.zoned, a, netip.Addr.Compare)
	for n < 2 && i+n < len(s.zoned) && s.zoned[i+n].WithZone("") == a {
		n++
	}
	return i, n
}

// Ranges returns the merged ranges in order, without addresses that have a zone.
func (s *Set) Ranges() []netipx.IPRange {
	if s == nil {
		return nil
	}
	out := make([]netipx.IPRange, 0, len(s.v4)+len(s.v6))
	for p := range s.spans {
		out = append(out, netipx.IPRangeFrom(p.first, p.last))
	}
	return out
}

// Each calls each with the ranges in order, until it returns false: as Ranges, without
// the memory for all of them.
func (s *Set) Each(each func(netipx.IPRange) bool) {
	s.spans(func(p span) bool { return each(netipx.IPRangeFrom(p.first, p.last)) })
}

// spans calls each with the spans in order, until it returns false.
func (s *Set) spans(each func(span) bool) {
	if s == nil {
		return
	}
	for _, p := range s.v4 {
		if !each(span{address4(p.first), address4(p.last), uint64(p.base)}) {
			return
		}
	}
	for _, p := range s.v6 {
		if !each(p) {
			return
		}
	}
}

// Zoned returns the addresses with a zone, in order.
func (s *Set) Zoned() []netip.Addr {
	if s == nil {
		return nil
	}
	return slices.Clone(s.zoned)
}

// count returns how many addresses there are from first to last, which are of
// one family and in order; false if they do not fit in 64 bits.
func count(first, last netip.Addr) (uint64, bool) {
	n, ok := distance(first, last)
	return n + 1, ok && n+1 != 0
}

// distance returns b-a for a ≤ b of one family; false if it does not fit.
func distance(a, b netip.Addr) (uint64, bool) {
	ah, al := halves(a)
	bh, bl := halves(b)
	lo, borrow := bits.Sub64(bl, al, 0)
	hi, _ := bits.Sub64(bh, ah, borrow)
	return lo, hi == 0
}

// add returns a+n, which must be of a's family.
func add(a netip.Addr, n uint64) netip.Addr {
	hi, lo := halves(a)
	lo, carry := bits.Add64(lo, n, 0)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], hi+carry)
	binary.BigEndian.PutUint64(b[8:], lo)
	if a.Is4() {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.AddrFrom16(b)
}

// halves returns the 128 bits of a; an IPv4 address stands in its mapped form,
// whose constant prefix does not matter to differences.
func halves(a netip.Addr) (hi, lo uint64) {
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
}

// Count returns how many addresses there are from first to last, both included, of one
// family; the largest number where there are more than fit.
func Count(first, last netip.Addr) uint64 {
	if n, ok := count(first, last); ok {
		return n
	}
	return math.MaxUint64
}
