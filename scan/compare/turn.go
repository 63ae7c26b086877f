package compare

import (
	"math"
	"time"

	"sonde/scan/report"
)

// tick does what is due: pairs are looked for when all that could be one was read, flows
// are judged when they are over, and what is too much is judged before that.
func (e *engine) tick() {
	now, then := e.now, e.now-window
	if e.over {
		now, then = math.MaxInt64, math.MaxInt64
	}
	e.matchUntil(then)
	for {
		n, ok := e.near.queue.due(now)
		if !ok {
			break
		}
		e.look(&e.near, n, linger)
	}
	for {
		f, ok := e.far.queue.due(now)
		if !ok {
			break
		}
		e.look(&e.far, f, 2*linger) // as long as one of NEAR may still want it
	}
	for _, r := range []*reading{&e.near, &e.far} {
		r.prune(e.now - 2*linger)
		for r.held > e.most {
			f, ok := r.queue.due(math.MaxInt64)
			if !ok {
				break
			}
			if !f.gone && f.pair == nil { // whoever may want it, or what it may want, comes first
				_, high := e.span()
				e.matchUntil(f.last + high)
			}
			if !f.gone && (r == &e.near || f.pair != nil) {
				e.result.Early++
			}
			e.end(r, f)
		}
	}
}

// matchUntil looks for the pairs of flows that had packets until then.
func (e *engine) matchUntil(then int64) {
	for {
		n, ok := e.ripe.due(then)
		if !ok {
			return
		}
		e.match(n)
	}
}

// look ends a flow if nothing came for so long, and else looks again later. A flow of FAR
// that has a pair ends with that.
func (e *engine) look(r *reading, f *flow, silence int64) {
	last := f.last
	if f.pair != nil {
		last = max(last, f.pair.last)
	}
	switch {
	case f.gone:
	case (e.over || e.now-last >= silence) && (r == &e.near || f.pair == nil):
		e.end(r, f)
	case e.over:
		// It ends with its pair.
	default:
		r.queue.push(e.now+linger/2, f)
	}
}

// end judges a flow, and lets go of it and its pair.
func (e *engine) end(r *reading, f *flow) {
	if f.gone {
		return
	}
	n := e.nearOf(r, f)
	if n == nil {
		e.tally.there.stray += uint64(len(f.there))
		e.far.forget(f)
		return
	}
	doubt := false
	if n.pair == nil {
		if e.match(n); n.pair == nil {
			doubt = e.lastResort(n)
		}
	}
	e.judge(n, math.MaxInt64, doubt)
	e.close(n)
	if f := n.pair; f != nil {
		e.strays(n, f, math.MaxInt64)
		e.far.forget(f)
	}
	e.near.forget(n)
}

// nearOf is the flow of NEAR that f, of r, is or is the pair of; nil: there is none.
func (e *engine) nearOf(r *reading, f *flow) *flow {
	if r == &e.near {
		return f
	}
	return f.pair
}

// trim judges the older half of a long flow, and lets go of it.
func (e *engine) trim(n *flow) {
	if n.pair == nil {
		if e.match(n); n.pair == nil && len(n.there)+len(n.back) <= mostOfFlow {
			return
		}
	}
	until := e.now - linger/2
	for _, f := range []*flow{n, n.pair} {
		if f == nil {
			continue
		}
		for _, list := range [][]*packet{f.there, f.back} {
			if len(list) > mostOfFlow/2 {
				until = max(until, list[len(list)/2].at)
			}
		}
	}
	e.judge(n, until, false)
	if n.pair != nil {
		e.strays(n, n.pair, until)
		e.far.shorten(n.pair, until)
	}
	e.near.shorten(n, until)
}

// shorten lets go of the packets of a flow that are before until.
func (s *side) shorten(f *flow, until int64) {
	for _, list := range []*[]*packet{&f.there, &f.back} {
		n := 0
		for n < len(*list) && (*list)[n].at < until {
			if p := (*list)[n]; p.noted {
				s.unnote(f, p)
				p.noted = false
			}
			n++
		}
		s.held -= n
		*list = append((*list)[:0:0], (*list)[n:]...)
	}
}

// strays counts what arrived before until and was not sent: another copy of something
// that was, or not.
func (e *engine) strays(n, f *flow, until int64) {
	if n.backwards {
		return
	}
	count := func(got []*packet, g *passage) {
		seen := map[content]bool{}
		for _, p := range got {
			if p.twin != nil {
				seen[contentOf(p, nil)] = true
			}
		}
		for _, p := range got {
			switch {
			case p.twin != nil || p.copy || p.at >= until:
			case seen[contentOf(p, nil)]:
				g.copies++
			default:
				g.stray++
			}
		}
	}
	count(f.there, &e.tally.there)
	count(n.back, &e.tally.back)
}

// prune forgets questions before a time, and those of flows that are over and have a
// pair: they are nobody else's. It does so when there are twice as many as were left.
func (s *side) prune(before int64) {
	if len(s.line) < 2*s.lineLeft+1024 {
		return
	}
	left := s.line[:0]
	for _, m := range s.line {
		if m.p.at >= before && !(m.flow.gone && m.flow.pair != nil) {
			left = append(left, m)
		} else {
			s.inLine[m.p.kind]--
		}
	}
	clear(s.line[len(left):])
	s.line, s.lineLeft = left, len(left)
}

// finish adds everything up.
func (e *engine) finish() *report.Comparison {
	c := &e.result
	c.Near, c.Far = e.near.source.report(), e.far.source.report()
	k := e.clock
	c.Clock = report.ClockDifference{Offset: time.Duration(k.shift - k.base + int64(k.line.At(0)*1e9)).Round(time.Microsecond),
		Error: k.error().Round(time.Microsecond), OneWay: k.oneWay, Asymmetry: max(0, k.turn/2).Round(time.Microsecond), Pairs: uint64(k.pairs)}
	if !math.IsInf(k.line.SlopeError, 1) {
		c.Clock.HasDrift = true
		c.Clock.Drift, c.Clock.DriftError = report.PPM(k.line.Slope*1e6), report.PPM(k.line.SlopeError*1e6)
	}
	c.Questions = e.tally.questions
	c.There, c.Back = e.tally.there.report(k.oneWay), e.tally.back.report(k.oneWay)
	return c
}

// report is what records have of a file.
func (s *source) report() report.Capture {
	c := report.Capture{File: s.name, Packets: s.packets, NotRead: s.packets - s.looked}
	if s.looked > 0 {
		c.First, c.Last = time.Unix(0, s.first).UTC(), time.Unix(0, s.last).UTC()
	}
	if s.broken != nil {
		c.Cut = s.broken.Error()
	}
	return c
}
