package target

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// Builder collects addresses into a set. The zero value is empty. It holds eight
// bytes for each IPv4 address or range, and for runs of addresses in order no more
// than for one.
type Builder struct {
	v4    []uint64 // first address << 32 | last
	v6    []netipx.IPRange
	zoned []netip.Addr
}

// Add adds an address.
func (b *Builder) Add(a netip.Addr) {
	switch n := len(b.v6); {
	case a.Zone() != "":
		b.zoned = append(b.zoned, a)
	case a.Is4():
		b.add4(number(a), number(a))
	case n > 0 && b.v6[n-1].To().Next() == a:
		b.v6[n-1] = netipx.IPRangeFrom(b.v6[n-1].From(), a)
	default:
		b.v6 = append(b.v6, netipx.IPRangeFrom(a, a))
	}
}

// AddRange adds all addresses of a range.
func (b *Builder) AddRange(r netipx.IPRange) {
	if r.From().Is4() {
		b.add4(number(r.From()), number(r.To()))
		return
	}
	b.v6 = append(b.v6, r)
}

func (b *Builder) add4(first, last uint32) {
	if n := len(b.v4); n > 0 && first > 0 && uint32(b.v4[n-1]) == first-1 {
		b.v4[n-1] = b.v4[n-1]&^0xffffffff | uint64(last)
		return
	}
	b.v4 = append(b.v4, uint64(first)<<32|uint64(last))
}

// Set returns what was added as a set.
func (b *Builder) Set() (*Set, error) { return b.without() }

// without returns what was added, and none of exclude excludes, as a set.
func (b *Builder) without(exclude ...*Set) (*Set, error) {
	s := &Set{}
	spans := merge4(b.v4)
	for _, e := range exclude {
		if e != nil {
			spans = minus4(spans, e.v4)
		}
	}
	s.number4(spans)
	if err := s.number6(b.v6, exclude); err != nil {
		return nil, err
	}
	return s, s.numberZoned(b.zoned, exclude)
}

// merge4 sorts ranges and joins those that overlap or touch. It keeps ranges as they
// are.
func merge4(ranges []uint64) []span4 {
	if !slices.IsSorted(ranges) {
		ranges = slices.Clone(ranges)
		slices.Sort(ranges)
	}
	n, end := 0, uint64(0) // end is the first number behind the span
	for i, r := range ranges {
		if i == 0 || r>>32 > end {
			n++
		}
		end = max(end, r&0xffffffff+1)
	}
	spans, end := make([]span4, 0, n), 0
	for i, r := range ranges {
		if i == 0 || r>>32 > end {
			spans = append(spans, span4{first: uint32(r >> 32)})
		}
		end = max(end, r&0xffffffff+1)
		spans[len(spans)-1].last = uint32(end - 1)
	}
	return spans
}

// minus4 is what spans have and ex has not; both are in order.
func minus4(spans, ex []span4) []span4 {
	if len(ex) == 0 || len(spans) == 0 {
		return spans
	}
	var out []span4
	i := 0
	for _, p := range spans {
		for i > 0 && ex[i-1].last >= p.first { // one may reach into several
			i--
		}
		for i < len(ex) && ex[i].last < p.first {
			i++
		}
		first, left := uint64(p.first), true
		for ; i < len(ex) && ex[i].first <= p.last; i++ {
			if uint64(ex[i].first) > first {
				out = append(out, span4{first: uint32(first), last: ex[i].first - 1})
			}
			if first = uint64(ex[i].last) + 1; first > uint64(p.last) {
				left = false
				break
			}
		}
		if left && first <= uint64(p.last) {
			out = append(out, span4{first: uint32(first), last: p.last})
		}
	}
	return out
}

// number is an IPv4 address as a number, and address4 the inverse.
func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func address4(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}
