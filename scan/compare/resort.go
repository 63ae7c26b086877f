package compare

import (
	"math"
	"slices"
	"sort"
)

// lastResort is for a flow that is over and has no pair: by time, and what little else
// there is. One pair is possible and no other that is nearly as like, then it is that.
// None is, then the question did not arrive.
func (e *engine) lastResort(n *flow) (doubt bool) {
	var best moment
	var asked *packet
	score, next := math.Inf(-1), math.Inf(-1)
	low, high := e.span()
	if !slices.ContainsFunc(n.there, func(p *packet) bool { return p.kind != stream }) {
		// It was captured from the middle on, and is not found by its times.
		return slices.ContainsFunc(e.candidates(n), func(c candidate) bool { return c.flow.pair == nil && c.score > against })
	}
	for _, p := range telling(n.there) {
		if !n.question(p) || p.kind == stream {
			continue
		}
		list, more := e.far.between(p.at+low, p.at+high, p.kind)
		doubt = doubt || more
		for _, m := range list {
			if m.flow.pair != nil || !sameSort(m.p, p) {
				continue
			}
			switch s := e.know.alike(p, m.p); {
			case s <= against:
			case s > score:
				if m.flow != best.flow {
					next = max(next, score)
				}
				best, asked, score = *m, p, s
			case m.flow != best.flow:
				next = max(next, s)
			}
		}
	}
	if asked == nil {
		return doubt
	}
	if doubt || score-next < clearly || best.flow.gone || best.p.at-asked.at < -e.early() {
		return true
	}
	// And the other way round: whose else could it be?
	list, more := e.near.between(best.p.at-high, best.p.at-low, best.p.kind)
	if more {
		return true
	}
	for _, m := range list {
		if m.flow != n && m.flow.pair == nil && sameSort(m.p, best.p) && e.know.alike(m.p, best.p) > max(against, score-clearly) {
			return true
		}
	}
	e.join(n, candidate{best.flow, 0, [2]*packet{asked, best.p}})
	return false
}

// sameSort tells whether two packets may be the same one at all.
func sameSort(a, b *packet) bool { return a.kind == b.kind && a.code == b.code && a.proto == b.proto }

// about is how many questions of a kind are in reach of a time, as far as they are spread
// evenly among the others.
func (s *side) about(at int64, k kind) float64 {
	from := sort.Search(len(s.line), func(i int) bool { return s.line[i].p.at >= at-window })
	to := sort.Search(len(s.line), func(i int) bool { return s.line[i].p.at > at+window })
	return float64(to-from) * float64(s.inLine[k]) / float64(max(1, len(s.line)))
}

// between are the questions of a kind, of flows without a pair, of a stretch of time; more:
// and others, more than are worth the time.
func (s *side) between(from, to int64, k kind) (list []*moment, more bool) {
	const most, looked = 256, 1 << 13
	first := sort.Search(len(s.line), func(i int) bool { return s.line[i].p.at >= from-copyTime })
	for i := first; i < len(s.line) && s.line[i].p.at <= to+copyTime; i++ {
		if len(list) == most || i-first == looked {
			return list, true
		}
		if m := &s.line[i]; m.p.at >= from && m.p.at <= to && m.p.kind == k && m.flow.pair == nil {
			list = append(list, m)
		}
	}
	return list, false
}
