package trace

import (
	"net/netip"
	"slices"

	"sonde/probe"
	"sonde/probe/wire"
)

// This file decides where a way ends, by what is known so far. A target that answered
// ends it. A router that refuses, and a loop, end it only if nobody farther away
// answers: so some more TTLs are asked, and one that is as high as may be, with which a
// packet gets to the target if any does.

// further is how many TTLs behind a router that refuses are asked. Rarely do more hops
// than that stay silent one after the other.
const further = 4

// ending is how a way ends.
type ending uint8

const (
	open      ending = iota // it is not known yet
	atTarget                // the target answered
	atRefusal               // nobody answered beyond a router that refuses
	inLoop                  // packets go round
)

// verge is where a way ends.
type verge struct {
	why  ending
	ttl  uint8 // of the hop with which it ends
	last uint8 // TTLs beyond are not asked, but for the highest one
	loop *Loop
}

// look finds out where the way ends.
func (t *tracer) look() {
	most := t.c.Hops
	t.disown()
	if ttl := t.target(); ttl > 0 {
		t.verge = verge{why: atTarget, ttl: ttl, last: ttl}
		return
	}
	front := uint8(0)
	for i := range t.hops {
		if t.hops[i].has(expired) {
			front = uint8(i) + 1
		}
	}
	if ttl := t.refusal(front); ttl > 0 {
		t.verge = verge{why: atRefusal, ttl: ttl, last: min(ttl+further, most)}
		return
	}
	if loop, ttl := t.loop(); loop != nil {
		t.verge = verge{why: inLoop, ttl: ttl, last: ttl, loop: loop}
		return
	}
	t.verge = verge{ttl: most, last: most}
}

// target is the lowest TTL for which the target answered; 0: it did not.
func (t *tracer) target() uint8 {
	ttl := uint8(0)
	for i := range t.hops {
		if t.hops[i].has(arrived) {
			ttl = t.hops[i].TTL
			break
		}
	}
	if t.stray != nil {
		if place := t.place(ttl); ttl == 0 || place < ttl {
			ttl = place
		}
	}
	return ttl
}

// place is the hop of an answer of the target that does not tell its TTL: the target
// is behind every hop at which packets expired, and behind refusals that follow these.
// The hop is below before, unless that is 0.
func (t *tracer) place(before uint8) uint8 {
	last := uint8(0)
	for i := range t.hops {
		if h := &t.hops[i]; h.has(expired) && (before == 0 || h.TTL < before) {
			last = h.TTL
		}
	}
	ttl := min(last+1, t.c.Hops)
	for ttl < t.c.Hops && t.hops[ttl-1].stops() {
		ttl++
	}
	back := wire.Hops(t.stray.IP.TTL)
	if back > ttl && back <= t.c.Hops && (before == 0 || back < before) && t.hops[back-1].Received == 0 {
		// The hops before it are silent: the answer's own TTL tells how far it
		// came, where it came the same way back.
		return back
	}
	return ttl
}

// refusal is the TTL at which the way ends by what routers said who refuse; 0: none
// does, beyond the TTL front at which a packet expired last. Where another one answers
// than all before, the packet has got on.
func (t *tracer) refusal(front uint8) uint8 {
	known := map[netip.Addr]bool{}
	ttl := uint8(0)
	for i := range t.hops {
		h := &t.hops[i]
		for _, v := range h.voices {
			if h.TTL > front && (ttl == 0 || !known[v.from]) {
				ttl = h.TTL
			}
		}
		for _, v := range h.voices {
			known[v.from] = true
		}
	}
	return ttl
}

// wants tells whether a TTL is asked, or asked once more if again.
func (t *tracer) wants(ttl uint8, again bool) bool {
	v := &t.verge
	switch {
	case ttl < t.low, ttl == t.low && ttl > 1 && again:
		return false
	case ttl <= v.ttl:
		return true
	case v.why == atTarget, ttl > v.last && ttl < t.c.Hops:
		return false
	}
	return !again || t.hops[ttl-1].Sent == 0
}

// complete tells whether every question that is wanted is decided.
func (t *tracer) complete() bool {
	v := &t.verge
	if v.why == open {
		return false
	}
	for i := range t.hops {
		h := &t.hops[i]
		need := t.c.Times
		switch {
		case h.TTL < t.low:
			continue
		case h.TTL == t.low && t.low > 1:
			need = 1
		case h.TTL > v.ttl && !t.wants(h.TTL, false):
			continue
		case h.TTL > v.ttl, v.why == atTarget && h.TTL == v.ttl:
			need = 1
		}
		if h.Sent < need && !(v.why == atTarget && h.TTL == v.ttl && t.stray != nil) {
			return false
		}
	}
	return true
}

// Loop is a routing loop: the same routers, again and again.
type Loop struct {
	Hop     uint8        // the first that is in it
	Routers []netip.Addr // those that answered, in the order in which they did
}

// repeats is how often a router must answer once more before it is said that there is a
// loop. A router that does not count down the TTL, or forwards packets whose TTL is over,
// makes one address appear twice; two ways of different length make some appear twice.
// repeatsAlone is the same of a router that is alone in its loop, or the only one there
// that answers.
const (
	repeats      = 3
	repeatsAlone = 4
)

// loop looks for a loop at the end of what is known of the way. It returns the TTL with
// which there is enough to say so, and nil if there is none.
func (t *tracer) loop() (*Loop, uint8) {
	var list []netip.Addr // who said that a packet expired, by TTL
	for i := range t.hops {
		var from netip.Addr
		if v := t.hops[i].first(expired); v != nil {
			from = v.from
		}
		if i >= int(t.low) && t.left[i-1].reps == 0 && from.IsValid() {
			// Asked to see whether the target answers: it is one of the others, which
			// depends on how high the TTL is.
			if !slices.Contains(list, from) {
				return nil, 0
			}
			break
		}
		list = append(list, from)
	}
	for len(list) > 0 && !list[len(list)-1].IsValid() {
		list = list[:len(list)-1]
	}
	for period := 1; period <= len(list)/2; period++ {
		if l, ttl := t.cycle(list, period); l != nil {
			return l, ttl
		}
	}
	return nil, 0
}

// cycle looks for a loop of so many hops at the end of list; of silent ones the
// address is zero.
func (t *tracer) cycle(list []netip.Addr, period int) (*Loop, uint8) {
	places := make([]netip.Addr, period) // in the loop
	start := len(list)
	for i := len(list) - 1; i >= 0; i-- {
		a, at := list[i], i%period
		if a.IsValid() && places[at] != a {
			if places[at].IsValid() || slices.Contains(places, a) {
				break
			}
			if period == 1 && t.hops[i].Quoted > 0 && t.hops[i].Quote.IP.TTL > 1 && len(t.hops[i].Labels) == 0 {
				break // it had not expired: somebody says so to every packet
			}
			places[at] = a
		}
		if a.IsValid() {
			start = i
		}
	}
	for start < len(list) && !slices.Contains(list[start+1:], list[start]) { // it may stand before the loop
		start++
	}
	l, need := &Loop{Hop: uint8(start) + 1}, repeats
	if alone(list[start:]) {
		need = repeatsAlone
	}
	for i, a := range list[start:] {
		switch {
		case !a.IsValid():
		case !slices.Contains(l.Routers, a):
			l.Routers = append(l.Routers, a)
		default:
			need--
		}
		if need == 0 {
			return l, uint8(start+i) + 1
		}
	}
	return nil, 0
}

// alone tells whether the first of list is all that is in it, beside silence.
func alone(list []netip.Addr) bool {
	return !slices.ContainsFunc(list, func(a netip.Addr) bool { return a.IsValid() && a != list[0] })
}

// pull moves a target that answered by TCP nearer, over silent hops: one that
// overtook may have been answered in the place of the one with a lower TTL.
func (t *tracer) pull() {
	end := t.verge.ttl
	last, h := uint8(0), &t.hops[end-1]
	if t.verge.why != atTarget || t.reset != nil || h.Quoted > 0 || h.From != t.c.Target.WithZone("") {
		return
	}
	for _, o := range t.hops[:end-1] {
		if o.Received > 0 {
			last = o.TTL
		}
	}
	if back := wire.Hops(h.left.tcp); h.left.tcp > 0 && back > last && back < h.TTL {
		t.hops[back-1] = *h
		t.hops[back-1].TTL, t.verge.ttl = back, back
	}
}

// settle marks the hop at which the way ends.
func (t *tracer) settle(w *Way) {
	if last := len(w.Hops) - 1; t.reset != nil && last >= 0 {
		w.Hops[last].Reached, w.Hops[last].Ends = false, true
		return
	}
	for i := range w.Hops {
		w.Reached = w.Reached || w.Hops[i].Reached
	}
	if w.Reached || len(w.Hops) == 0 {
		return
	}
	last := &w.Hops[len(w.Hops)-1]
	switch {
	case t.verge.why == atRefusal && last.has(dropped) && last.From != t.c.Target.WithZone("") && !t.passes(last.From):
		last.Reached, w.Reached = true, true
	case t.verge.why == atRefusal:
		last.Ends = true
	}
	for i := range w.Hops {
		// A router in whose name a host behind it answers says that packets expire on
		// their way there: that is an answer, too.
		if h := &w.Hops[i]; !w.Reached && h.has(expired) && h.From == t.c.Target.WithZone("") {
			h.Reached, w.Reached = true, true
		}
	}
}

// passes tells whether packets have expired at a router on this way: whoever that is, is
// not the target.
func (t *tracer) passes(router netip.Addr) bool {
	return slices.ContainsFunc(t.hops, func(h Hop) bool {
		return slices.ContainsFunc(h.voices, func(v voice) bool { return v.says == expired && v.from == router })
	})
}

// State sums a way up as the state of its target: up if it answered, unknown otherwise,
// with what a router said who refused, or that packets expire in a loop, if any.
func (w *Way) State() (probe.State, probe.Reason) {
	for i := range w.Hops {
		if h := &w.Hops[i]; h.Reached {
			return probe.Up, h.Reason
		}
	}
	switch n := len(w.Hops); {
	case n > 0 && w.Hops[n-1].Ends:
		return probe.Unknown, w.Hops[n-1].Reason
	case w.Loop != nil:
		return probe.Unknown, probe.TimeExceeded
	}
	return probe.Unknown, w.Why
}
