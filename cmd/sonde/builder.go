package main

import (
	"net/netip"

	"go4.org/netipx"

	"sonde/scan/target"
)

// builder collects addresses into a set; runs of addresses in order become one
// range.
type builder struct {
	ranges []netipx.IPRange
	zoned  []netip.Addr
}

func (b *builder) add(a netip.Addr) {
	if a.Zone() != "" {
		b.zoned = append(b.zoned, a)
		return
	}
	if n := len(b.ranges); n > 0 && b.ranges[n-1].To().Next() == a {
		b.ranges[n-1] = netipx.IPRangeFrom(b.ranges[n-1].From(), a)
		return
	}
	b.ranges = append(b.ranges, netipx.IPRangeFrom(a, a))
}

func (b *builder) set() (*target.Set, error) { return target.NewSet(b.ranges, b.zoned) }
