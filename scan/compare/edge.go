package compare

import (
	"math"
	"sort"
	"time"

	"sonde/scan/report"
)

// A capture says nothing of when it was begun and ended but by its packets. What is missing
// at one of its edges may have been lost, or may have come before or after it. Which of the
// two is told by likelihoods: of captures that end somewhere by chance, against losses as
// often as elsewhere.

const (
	// partial is how often a capture begins, or ends, in the middle of what it is of.
	partial = 0.1
	// unlikely is how rarely what is said may be otherwise.
	unlikely = 0.0001
	// edgeMost is how many questions at either end of NEAR are remembered.
	edgeMost = 256
)

// edges are what is known of the beginnings and ends of both captures.
type edges struct {
	first, last    int64        // of the questions of NEAR that are in FAR, when they were sent
	starts, ends   []int64      // the first and last questions of NEAR, in their order
	thinking       [kinds]int64 // the longest time between a question and its answer, in FAR
	thoughts       [kinds]int   // how many were seen
	lost, silent   uint64       // questions that never arrived, and that arrived and have no answer
	back, returned uint64       // answers that were lost on their way back, or were not
	known          uint64       // questions of which that is known
	fewer          float64      // by what share FAR has fewer questions than NEAR, whatever they are
}

// ask notes a question of NEAR.
func (g *edges) ask(at int64) {
	if len(g.starts) < edgeMost {
		g.starts = append(g.starts, at)
	}
	if g.ends = append(g.ends, at); len(g.ends) >= 2*edgeMost {
		g.ends = append(g.ends[:0], g.ends[edgeMost:]...)
	}
}

// arrive notes that a question of NEAR is in FAR.
func (g *edges) arrive(at int64) { g.first, g.last = min(g.first, at), max(g.last, at) }

// think notes how long after a question its answer was sent.
func (g *edges) think(k kind, d int64) {
	g.thinking[k] = max(g.thinking[k], d)
	g.thoughts[k]++
}

// judge counts a verdict.
func (g *edges) judge(fate report.Fate) {
	if fate == report.Unsure {
		return
	}
	g.known++
	switch fate {
	case report.LostThere:
		g.lost++
	case report.Unanswered:
		g.silent++
	case report.LostBack:
		g.back++
	case report.Answered:
		g.returned++
	}
}

// share is n of total, and no more than is believed where little is known.
func share(n, total uint64, believed float64) float64 {
	p := float64(n+1) / float64(total+2)
	if total < 100 {
		p = min(p, max(0.05, believed))
	}
	return p
}

// after is how long after a question its answer can be sent. Where that is not known,
// kernels answer by themselves sooner than programs do.
func (g *edges) after(k kind) int64 {
	const enough = 10
	unknown := 100 * time.Millisecond
	if k == syn || k == echo {
		unknown = 10 * time.Millisecond
	}
	if k == stream { // what is missing before it comes first, sent again (RFC 6298 §2.4)
		return max(2*g.thinking[k], int64(time.Second))
	}
	if g.thoughts[k] < enough {
		return max(2*g.thinking[k], int64(unknown))
	}
	return 2 * g.thinking[k]
}

// stopped is how much more likely it is that a capture ended early than that all questions
// of which it has none were lost. These left at times, the next one to what it has first.
func stopped(times func(i int) int64, n int, edge, length int64, lost float64) float64 {
	early, all := 0.0, 1.0
	for i := range min(n, edgeMost) {
		gap := float64(max(times(i)-edge, edge-times(i)))
		edge = times(i)
		early += all * partial * min(1, gap/float64(length))
		all *= lost
	}
	return early / all
}

// begun is how much more likely it is that FAR was begun late, than that all questions
// were lost that NEAR sent before the first one that is in FAR; ended is the same of the
// end.
func (e *engine) begun() float64 {
	if e.far.source.told {
		return 1
	}
	g := &e.edge
	n := sort.Search(len(g.starts), func(i int) bool { return g.starts[i] >= g.first })
	return stopped(func(i int) int64 { return g.starts[n-1-i] }, n, min(g.first, e.near.source.last), e.length(), g.losing())
}

func (e *engine) ended() float64 {
	if e.far.source.told || e.far.source.broken != nil {
		return 1
	}
	g := &e.edge
	n := sort.Search(len(g.ends), func(i int) bool { return g.ends[i] > g.last })
	return stopped(func(i int) int64 { return g.ends[n+i] }, len(g.ends)-n, max(g.last, e.near.source.first), e.length(), g.losing())
}

// losing is the share of questions that never arrive.
func (g *edges) losing() float64 { return share(g.lost, g.known, g.fewer) }

// by chance a capture is begun, or ended, within so long of NEAR's time.
func (e *engine) within(d int64) float64 { return partial * float64(d) / float64(e.length()) }

// length is how long NEAR was being made.
func (e *engine) length() int64 { return max(1, e.near.source.last-e.near.source.first) }

// unrecorded is how much more likely it is that a question of NEAR arrived when FAR was not
// being made, than that it was lost.
func (e *engine) unrecorded(at int64) (odds float64) {
	low, high := e.spanOf(&e.clock.there)
	g, d := &e.edge, &e.clock.there
	if at+low < e.farFrom {
		o := e.begun()
		if at >= g.first { // one that left before it is there: then it was unusually fast
			o = (o + e.within(e.farFrom-at-low)) * d.within(math.MinInt64, e.farFrom-at) / g.losing()
		}
		odds += o
	}
	if at+high > e.farTo {
		o := e.ended()
		if at <= g.last { // one that left after it is there: then it was unusually slow
			o = (o + e.within(at+high-e.farTo)) * d.within(e.farTo-at, math.MaxInt64) / g.losing()
		}
		odds += o
	}
	return odds
}

// recorded tells whether FAR was being made when a question would have arrived, as far as
// it shows. answered says that it was answered: then it is far more likely that FAR was not
// being made, or that few pairs have made a wrong clock, than that somebody on the way
// answered.
func (e *engine) recorded(at int64, answered bool) bool {
	low, high := e.spanOf(&e.clock.there)
	if answered && e.clock.pairs < few {
		return false
	}
	if at+low >= e.farFrom && at+high <= e.farTo {
		return true
	}
	return !answered && e.unrecorded(at) < unlikely
}

// waited tells whether FAR was being made for long enough to have the answer to a question
// that arrived.
func (e *engine) waited(arrived *packet) bool {
	g := &e.edge
	missing := arrived.at + g.after(arrived.kind) - e.farTo
	if missing <= 0 {
		return true
	}
	if e.far.source.broken != nil || e.far.source.told {
		return false
	}
	answers := float64(g.back+g.returned+1) / float64(g.known+2)
	return (e.ended()+e.within(missing)/share(g.silent, g.known, 0))*answers < unlikely
}

// heard tells whether NEAR was being made for long enough to have an answer that was sent
// at a time, on its clock.
func (e *engine) heard(at int64) bool {
	_, high := e.spanOf(&e.clock.back)
	missing := at + high - e.nearTo
	if missing <= 0 {
		return true
	}
	if e.near.source.broken != nil || e.near.source.told || e.farTo > e.nearTo+high {
		return false
	}
	late := e.clock.back.within(e.nearTo-at, math.MaxInt64)
	return e.within(missing)*late/share(e.edge.back, e.edge.back+e.edge.returned, 0) < unlikely
}
