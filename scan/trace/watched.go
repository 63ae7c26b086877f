package trace

import (
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// This file makes records of the rounds of a watched way, and of the way at their end.

// tell puts the rounds that are complete, in their order.
func (w *Watched) tell() {
	for {
		w.mu.Lock()
		if w.next == mostMarked || !w.rounds[w.next].begun || w.rounds[w.next].open > 0 {
			w.mu.Unlock()
			return
		}
		r := &w.rounds[w.next]
		w.next++
		w.done++
		if r.at < 0 { // nothing left
			r.at = (w.latestAt + w.c.Every).Truncate(time.Millisecond)
		}
		w.latestAt = r.at
		list := w.complete(r)
		r.forget()
		w.mu.Unlock()
		for _, one := range list {
			w.put(one)
		}
	}
}

// complete makes the records of a round.
func (w *Watched) complete(r *round) (list []report.Record) {
	end := uint8(0)
	seen := make([]netip.Addr, r.reach)
	for i := range r.reach {
		a := &r.hops[i]
		if other := w.sharedWith(i); other != nil {
			*a = other.latest(i)
			a.round.AsTo = other.Target
			if i < uint8(len(w.course.way)) {
				seen[i] = w.course.way[i] // it is not asked here
			}
			continue
		}
		if seen[i] = w.placed(a, i); a.says == arrived && seen[i].IsValid() && end == 0 {
			end = i + 1
		}
	}
	change := w.course.see(w.done, seen, end)
	if w.course.pending == w.done {
		w.pendingAt = r.at
	}
	last := end
	if end == 0 {
		last = min(uint8(len(w.course.way)), r.reach)
	}
	for i := range last {
		a := &r.hops[i]
		one := a.round
		one.Addr, one.Number, one.At, one.TTL, one.Last = w.Target, w.done, r.at, i+1, last
		if a.asked {
			w.last[i] = one
		}
		w.count(a, i, r.counted)
		list = append(list, &one)
	}
	if change != nil {
		if change.At = r.at; change.Number != w.done {
			change.At = w.pendingAt
		}
		list = append(list, change)
	}
	return list
}

// latest is what was heard last of a hop.
func (w *Watched) latest(i uint8) (a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.round = w.last[i]
	return a
}

// placed is who answered at a place of the way; zero: nobody did, or somebody who stands before it
// and refused.
func (w *Watched) placed(a *answer, i uint8) netip.Addr {
	from := a.round.From
	if at := slices.Index(w.course.way, from); from.IsValid() && (a.says == refused || a.says == dropped) && at >= 0 && at < int(i) {
		return netip.Addr{}
	}
	return from
}

// count counts what became of a question to a hop.
func (w *Watched) count(a *answer, i, counted uint8) {
	from := a.round.From
	if !a.asked || !a.counts || !from.IsValid() && i >= counted {
		return
	}
	t := &w.hops[i]
	q := question{a.left, from.IsValid()}
	if t.asked == nil {
		t.asked = make([]question, 0, mostAsked)
	}
	if len(t.asked) < mostAsked {
		t.asked = append(t.asked, q)
	} else {
		t.asked[t.sent%mostAsked] = q
	}
	t.sent++
	if !from.IsValid() {
		return
	}
	t.received++
	if list := w.heard[i]; len(list) < mostAt && !slices.Contains(list, from) {
		w.heard[i] = append(list, from)
	}
	if a.round.RTT > 0 {
		t.time(a.round.RTT)
	}
}

// sumUp makes the way what the rounds have found.
func (w *Watched) sumUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	way := w.course.way
	for len(w.Hops) < len(way) {
		w.Hops = append(w.Hops, Hop{TTL: uint8(len(w.Hops)) + 1, Reason: probe.TimeExceeded})
	}
	if w.course.ended {
		w.Hops = w.Hops[:len(way)]
	}
	for i := range way {
		h := &w.Hops[i]
		if way[i].IsValid() && !h.AsTo.IsValid() {
			h.From = way[i]
		}
		for _, from := range w.heard[i] {
			if from != h.From && !slices.Contains(h.Others, from) {
				h.Others = append(h.Others, from)
			}
		}
		if at := slices.Index(h.Others, h.From); at >= 0 {
			h.Others = slices.Delete(h.Others, at, at+1)
		}
		target := w.course.ended && i == len(way)-1
		if target && !h.Reached {
			h.Reason = w.last[i].Reason
		}
		if h.Reached && !target {
			h.Reason = probe.TimeExceeded
		}
		h.Reached, h.Ends = target, h.Ends && !w.course.ended
	}
	w.Reached = w.Reached || w.course.ended
	w.tallies = w.hops[:len(w.Hops)]
	w.judge()
}
