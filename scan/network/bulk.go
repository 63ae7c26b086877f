package network

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"sonde/scan"
	"sonde/scan/link"
)

// This file is about --via xdp: whether a program in the kernel can ask what is asked.

// bulk tells whether a program in the kernel is to ask.
func (r *Request) bulk() bool { return r.Via == "xdp" }

// openBulk opens a link that asks by a program in the kernel.
func (n *Network) openBulk(r *Request, table *link.Table, needs link.Needs, o link.Options) error {
	way, err := oneWay(r, table)
	if err != nil {
		return fmt.Errorf("--via xdp: %w", err)
	}
	if err := link.MayLoad(); err != nil {
		return missing{fmt.Errorf("--via xdp: %w", err)}
	}
	spans := 0
	for range r.Targets.Each {
		spans++
	}
	shape := link.BulkShape{Way: *way, V6: way.Src.Is6(), Spans: 2*spans + spareSpans, Questions: r.Probes, Craft: &r.Crafts[0], Drop: r.Guard}
	if shape.V6 {
		shape.Craft = &r.Crafts[1]
	}
	opened, generic, err := link.OpenBulk(table, needs, o, shape)
	if err != nil {
		return refusedProgram(err)
	}
	n.Link, n.Bulk, n.Senders = opened, true, 1
	by := "its driver"
	if generic {
		by = "the kernel, for its driver cannot: that is slower"
	}
	n.Notes = append(n.Notes, "--via xdp: a program sends and receives at "+way.Name+", run by "+by+"; no firewall and no capture on this machine sees its SYNs")
	return nil
}

// spareSpans is for ranges that fall apart, where no way leads to a part of them.
const spareSpans = 16

// oneWay is the way that all targets have in common.
func oneWay(r *Request, table *link.Table) (*scan.Way, error) {
	if len(r.Targets.Zoned()) > 0 {
		return nil, errors.New("it asks no addresses with a zone")
	}
	var found []uint16
	for t := range r.Targets.Each {
		table.Stretches(t, func(_, _ netip.Addr, way uint16) {
			if table.Ways()[way].Err == nil && !slices.Contains(found, way) {
				found = append(found, way)
			}
		})
	}
	switch {
	case len(found) == 0: // as is said for each target elsewhere
		return nil, errors.New("there is no way to the targets")
	case len(found) > 1:
		var names []string
		for _, w := range found[:min(len(found), 3)] {
			names = append(names, hopName(&table.Ways()[w]))
		}
		return nil, fmt.Errorf("the targets have %d next hops (%s …), and it sends to one: ask those of each by themselves", len(found), strings.Join(names, ", "))
	}
	w := &table.Ways()[found[0]]
	switch {
	case !w.Ether:
		return nil, fmt.Errorf("%s is no Ethernet", w.Name)
	case !w.Next.IsValid():
		return nil, fmt.Errorf("the targets are on the link of %s itself, and it sends to one next hop", w.Name)
	case w.Src.Is4() != w.Next.Is4():
		return nil, fmt.Errorf("the next hop %v is of another family than the targets", w.Next)
	}
	return w, nil
}

// hopName names where a way leads.
func hopName(w *scan.Way) string {
	if w.Next.IsValid() {
		return w.Next.String() + " by " + w.Name
	}
	return "the link of " + w.Name
}

// refusedProgram says what it means that the kernel took no program.
func refusedProgram(err error) error {
	switch {
	case errors.Is(err, syscall.EPERM):
		return missing{fmt.Errorf("--via xdp: %w: the kernel lets nobody but the machine's own root load programs (a user namespace is not enough)", err)}
	case errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.EEXIST):
		return fmt.Errorf("--via xdp: %w: a program of XDP is there already, and there is room for one", err)
	case errors.Is(err, syscall.EOPNOTSUPP):
		return fmt.Errorf("--via xdp: %w: the device takes no program of XDP", err)
	}
	return fmt.Errorf("--via xdp: %w", err)
}
