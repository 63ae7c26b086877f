package network

import (
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"sonde/scan"
	"sonde/scan/link"
	"sonde/scan/target"
)

// Routes asks the kernel for the ways to the targets of a request.
func Routes(r *Request) (*link.Table, error) {
	options := link.RouteOptions{Iface: r.Iface, Source: r.Source}
	if r.Stray || r.Frames || r.large() || r.bulk() {
		options.Frames = link.FrameAll
	}
	table, err := link.NewTable(r.Targets.Each, r.Targets.Zoned(), options)
	if err == nil && options.Frames != link.FrameAll && onLink(table, r.Targets) > mostNeighbours {
		options.Frames = link.FrameOnLink
		table, err = link.NewTable(r.Targets.Each, r.Targets.Zoned(), options)
	}
	return table, err
}

// reachable refuses -e and -S where none of the targets can be asked that way.
func reachable(table *link.Table, r *Request) error {
	flags := ""
	if r.Iface != "" {
		flags += " -e " + r.Iface
	}
	if r.Source.IsValid() {
		flags += " -S " + r.Source.String()
	}
	ways := table.Ways()[1:] // the first is for what is no target
	if flags == "" || len(ways) == 0 {
		return nil
	}
	for _, w := range ways {
		if w.Err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: no way to %v: %w", flags[1:], r.Targets.At(0), ways[0].Err)
}

// mostNeighbours is for how many hosts on a link the kernel is left to find the
// Ethernet addresses: its table has room for 1024 (gc_thresh3), and is not ours
// alone.
const mostNeighbours = 256

// onLink counts the targets that are on an Ethernet link of ours, up to a few
// more than mostNeighbours.
func onLink(table *link.Table, targets *target.Set) int {
	near := false
	for _, w := range table.Ways() {
		near = near || IsNeighbour(&w)
	}
	n := 0
	for i := uint64(0); near && i < targets.Len() && n <= mostNeighbours; i++ {
		if IsNeighbour(&table.Ways()[table.Way(targets.At(i))]) {
			n++
		}
	}
	return n
}

// IsNeighbour tells whether targets on this way are on an Ethernet link of ours, so
// that ARP or ND finds them.
func IsNeighbour(w *scan.Way) bool { return w.Err == nil && w.Ether && !w.Next.IsValid() }

// HasRoute tells whether there is a way to addr.
func HasRoute(addr netip.Addr) bool {
	var ranges []netipx.IPRange
	var zoned []netip.Addr
	if addr.Zone() != "" {
		zoned = append(zoned, addr)
	} else {
		ranges = append(ranges, netipx.IPRangeFrom(addr, addr))
	}
	t, err := link.NewTable(slices.Values(ranges), zoned, link.RouteOptions{})
	return err == nil && t.Ways()[t.Way(addr)].Err == nil
}
