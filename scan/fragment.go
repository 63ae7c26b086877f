package scan

import (
	"slices"
	"time"

	"sonde/probe"
)

// This file is about questions of which the packet leaves in several: fragments.

// fragments tells whether packets of a plan may leave in fragments.
func (p *Plan) fragments() bool {
	wanted := func(c probe.Craft) bool { return c.Fragment > 0 }
	return slices.ContainsFunc(p.Craft, wanted) || slices.ContainsFunc(p.Craft6, wanted)
}

// fragment puts fragments in the place of those packets of a.batch that are to leave so,
// and returns them with, for each, what it asks: fragments of one packet have the same
// attempt, one after the other. The rate is of packets, so the further ones are charged.
func (a *asker) fragment(now time.Duration, asks []attempt) ([]Packet, []attempt) {
	r := a.run
	parts, of := a.parts[:0], a.of[:0]
	for i := range a.batch {
		p, q := &a.batch[i], &asks[i]
		s := &a.sources[p.Way]
		size := 0
		if !q.reset && !r.plan.Kinds[q.probe.Kind].Traits().Link {
			size = s.Fragmented(p.B, q.probe)
		}
		if size == 0 {
			parts, of = append(parts, *p), append(of, *q)
			continue
		}
		for n := 0; ; n++ {
			start, more := len(a.arena), false
			if a.arena, more = s.AppendFragment(a.arena, p.B, q.probe, size, n); !more {
				break
			}
			part := *p
			part.B = a.arena[start:len(a.arena):len(a.arena)]
			parts, of = append(parts, part), append(of, *q)
		}
	}
	a.parts, a.of = parts, of
	r.engine.pacer.charge(now, len(parts)-len(a.batch))
	return parts, of
}

// whole is how many of asks, which are of packets in order, are of the same as the first.
func whole(asks []attempt) int {
	n := 1
	for a := &asks[0]; n < len(asks); n++ {
		if b := &asks[n]; a.number != b.number || a.probe.Try != b.probe.Try || a.reset != b.reset {
			break
		}
	}
	return n
}

// charge takes what n packets cost more than was taken for them, into debt if need be.
func (p *pacer) charge(now time.Duration, n int) {
	if n <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for left := n; left > 0; {
		some := min(left, max(1, p.limit.Burst()))
		p.limit.ReserveN(p.limitTime(now), some)
		left -= some
	}
	p.epochs[p.current%uint8(len(p.epochs))].left += float64(n)
}
