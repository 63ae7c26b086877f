// Package origin knows which autonomous systems announce an address, by a file of prefixes
// that the user has: nobody is asked. Read reads one, and Lookup of what it returns is what
// to call then.
package origin

import (
	"cmp"
	"net/netip"
	"slices"
	"sort"

	"sonde/scan/report"
)

// Table is what a file says, by prefix. It takes some dozen bytes for each.
type Table struct {
	v4, v6  []entry
	origins []report.AS // without prefixes: many prefixes share one
	known   map[string]uint32
}

// entry is one prefix.
type entry struct {
	prefix netip.Prefix
	origin uint32 // index in origins
}

// MostPrefixes is how many a file may have: some times as many as the Internet has.
const MostPrefixes = 1 << 23

// Len is how many prefixes there are.
func (t *Table) Len() int { return len(t.v4) + len(t.v6) }

// add adds a prefix. key stands for the numbers and the name.
func (t *Table) add(p netip.Prefix, key string, as func() report.AS) {
	i, ok := t.known[key]
	if !ok {
		i = uint32(len(t.origins))
		t.origins, t.known[key] = append(t.origins, as()), i
	}
	list := &t.v4
	if p.Addr().Is6() {
		list = &t.v6
	}
	*list = append(*list, entry{p, i})
}

// index sorts what there is. Of several lines about one prefix the first counts.
func (t *Table) index() {
	for _, list := range []*[]entry{&t.v4, &t.v6} {
		slices.SortStableFunc(*list, func(a, b entry) int {
			return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
		})
		*list = slices.Clip(slices.CompactFunc(*list, func(a, b entry) bool { return a.prefix == b.prefix }))
	}
	t.known = nil
}

// Lookup finds the longest prefix that has addr in it.
func (t *Table) Lookup(addr netip.Addr) (report.AS, bool) {
	addr = addr.WithZone("").Unmap()
	list := t.v4
	if addr.Is6() {
		list = t.v6
	}
	for bits := addr.BitLen(); bits >= 0; bits-- {
		p, err := addr.Prefix(bits)
		if err != nil {
			break
		}
		i := sort.Search(len(list), func(i int) bool {
			e := list[i].prefix
			return cmp.Or(e.Addr().Compare(p.Addr()), cmp.Compare(e.Bits(), bits)) >= 0
		})
		if i < len(list) && list[i].prefix == p {
			as := t.origins[list[i].origin]
			as.Prefix = p
			return as, true
		}
	}
	return report.AS{}, false
}
