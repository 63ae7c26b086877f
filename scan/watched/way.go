package watched

import (
	"net/netip"
	"slices"
	"time"
)

// Ways are those that the rounds of a target took. A round in which a hop stayed silent is
// one of a way that has somebody there: single losses make no ways.
type Ways struct {
	List   []Way  // in the order in which they came
	Rounds uint64 // in which somebody answered
	More   uint64 // rounds of ways that are not kept
	now    int    // the one of the last round
}

// Way is one of them.
type Way struct {
	Hops    []netip.Addr // who answered, by TTL from 1; zero: nobody
	Reached bool         // the last of them is the target
	Rounds  uint64
	Since   time.Duration // when the first of its rounds began
	At      time.Duration // and the last
	named   uint64
}

// Number is how the way is called, from 1, for as long as it is kept.
func (w *Way) Number() uint64 { return w.named }

// Share is the part of the rounds that took the way, from 0 to 1.
func (w *Ways) Share(way *Way) float64 {
	if w.Rounds == 0 {
		return 0
	}
	return float64(way.Rounds) / float64(w.Rounds)
}

// Now is the way of the last round; nil: there was none.
func (w *Ways) Now() *Way {
	if w.now >= len(w.List) {
		return nil
	}
	return &w.List[w.now]
}

// count adds a round. from is borrowed.
func (w *Ways) count(from []netip.Addr, reached bool, at time.Duration) {
	for len(from) > 0 && !from[len(from)-1].IsValid() {
		from = from[:len(from)-1]
	}
	if len(from) == 0 {
		return
	}
	w.Rounds++
	best := -1
	for i := range w.List {
		if w.List[i].alike(from, reached) && (best < 0 || w.List[i].At > w.List[best].At) {
			best = i
		}
	}
	if best < 0 {
		best = w.make(from, at)
	}
	way := &w.List[best]
	for i, a := range from {
		switch {
		case i == len(way.Hops):
			way.Hops = append(way.Hops, a)
		case a.IsValid():
			way.Hops[i] = a
		}
	}
	way.Rounds++
	way.Reached = way.Reached || reached
	way.At = at
	w.now = best
}

// make has a place for a new way: that of the rarest, of several the one that was not seen
// for longest, where all are taken.
func (w *Ways) make(from []netip.Addr, at time.Duration) int {
	named := uint64(len(w.List)) + 1
	if len(w.List) < maxWays {
		w.List = append(w.List, Way{Hops: slices.Clone(from), Since: at, named: named})
		return len(w.List) - 1
	}
	rare := 0
	for i := range w.List {
		named = max(named, w.List[i].named+1)
		if a, b := &w.List[i], &w.List[rare]; a.Rounds < b.Rounds || a.Rounds == b.Rounds && a.At < b.At {
			rare = i
		}
	}
	w.More += w.List[rare].Rounds
	w.List[rare] = Way{Hops: slices.Clone(from), Since: at, named: named}
	return rare
}

// alike tells whether a round may have gone that way: nobody else answered where somebody
// did, and neither reached the target before the other would have.
func (w *Way) alike(from []netip.Addr, reached bool) bool {
	if n, m := len(w.Hops), len(from); n != m && (w.Reached && (reached || m > n) || reached && n > m) {
		return false
	}
	for i := range min(len(w.Hops), len(from)) {
		if w.Hops[i].IsValid() && from[i].IsValid() && w.Hops[i] != from[i] {
			return false
		}
	}
	return true
}

func (w *Ways) clone() Ways {
	c := *w
	c.List = slices.Clone(w.List)
	for i := range c.List {
		c.List[i].Hops = slices.Clone(c.List[i].Hops)
	}
	return c
}
