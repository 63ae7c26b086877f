package simnet

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// Stretches calls each with the runs of addresses within r between the edges of all
// routes, in order, and with the number of their way.
func (l *Link) Stretches(r netipx.IPRange, each func(first, last netip.Addr, way uint16)) {
	edges := []netip.Addr{r.From()}
	for _, route := range l.n.routes {
		p := netipx.RangeOfPrefix(route.prefix)
		for _, edge := range []netip.Addr{p.From(), p.To().Next()} {
			if edge.IsValid() && r.Contains(edge) {
				edges = append(edges, edge)
			}
		}
	}
	slices.SortFunc(edges, netip.Addr.Compare)
	edges = slices.Compact(edges)
	for i, first := range edges {
		last := r.To()
		if i+1 < len(edges) {
			last = edges[i+1].Prev()
		}
		each(first, last, l.n.way(first))
	}
}
