package compare

import (
	"slices"
	"sort"
)

// equals are the packets of a pair of flows that have the same content, each list in the
// order of its file: one that was sent again, or its copies.
type equals struct{ sent, got []*packet }

// link says that one that was sent may be one that was received, and how unusual that is.
type link struct {
	s, r *packet
	cost int64
}

// share gives what was received to what was sent, the most usual delays first.
func (e *engine) share(g *equals, d *direction) {
	least, longest := e.spanOf(d.delays)
	for _, l := range e.links(g, d.delays) {
		if l.s.twin != nil || l.r.twin != nil {
			continue
		}
		l.s.twin, l.r.twin = l.r, l.s
		if took := l.r.at - l.s.at; took < least || took > longest {
			// It may as well be another one, which was sent when that capture was not being made.
			l.s.unclear = l.r.at-least > d.made[1] || l.r.at-longest < d.made[0]
		}
		l.s.unclear = l.s.unclear || l.cost >= window
	}
	g.copies(least)
	if len(g.sent) > 1 && len(g.got) > 0 {
		e.unclear(g, d)
	}
}

// links are what may be the same packet, the most usual delays first. What took unusually
// long, or has another IP ID where these survive, is one only of what was sent once.
func (e *engine) links(g *equals, d *delays) (links []link) {
	const most = 32 // on either side of the most likely one
	once := len(g.sent) == 1
	low, high := -e.early(), window
	if !once {
		low, high = e.usually(d)
	}
	for _, s := range g.sent {
		expected := s.at + int64(d.usual)
		i := sort.Search(len(g.got), func(i int) bool { return g.got[i].at >= expected })
		for _, r := range g.got[max(0, i-most):min(len(g.got), i+most)] {
			if took := r.at - s.at; took < low || took > high {
				continue
			}
			cost := max(r.at-expected, expected-r.at)
			if others := e.others(s, r); others && !once {
				continue
			} else if others {
				cost += window
			}
			links = append(links, link{s, r, cost})
		}
	}
	sort.SliceStable(links, func(i, j int) bool { return links[i].cost < links[j].cost })
	return links
}

// copies finds those that are copies of others that were received: what came first is
// taken for the original. low is the shortest delay.
func (g *equals) copies(low int64) {
	for i, r := range g.got {
		if r.twin != nil || r.copy {
			continue
		}
		for _, o := range g.got[max(0, i-8):min(len(g.got), i+8)] {
			if o.twin == nil || max(r.at-o.at, o.at-r.at) > copyTime {
				continue
			}
			if s := o.twin; r.at < o.at && r.at-s.at >= low {
				s.twin, r.twin, o.twin = r, s, nil
				r, o = o, r
			}
			r.copy = true
			o.copies = min(o.copies+1, 1<<15)
			break
		}
	}
}

// others tells by their IP IDs, where these survive the way, that two packets are not the
// same one.
func (e *engine) others(s, r *packet) bool {
	return s.id != 0 && r.id != 0 && s.id != r.id && e.know.differ[s.kind][fieldID] < -3
}

// unclear marks those of which nobody can say which of them arrived: what was received can
// be any of several, by its time, or as a copy of another one, and not all of them
// arrived.
func (e *engine) unclear(g *equals, d *direction) {
	if e.shaky {
		for _, s := range g.sent {
			s.unclear = true
		}
		return
	}
	could := e.could(g, d.delays)
	settle(g, could)
	for i, list := range could {
		missing := slices.ContainsFunc(list, func(s *packet) bool { return s.twin == nil })
		switch {
		case len(list) == 0 || len(list) == 1 && g.got[i].twin == list[0]:
		case e.copies < rare && !missing:
		case g.got[i].twin == nil && !missing: // a copy of one that arrived, whichever
		case d.alike(list): // what they answer is the same
		default:
			for _, s := range list {
				s.unclear = true
			}
		}
	}
}

// could has for each that was received those that it may be.
func (e *engine) could(g *equals, d *delays) [][]*packet {
	const most = 64 // of which that is worth the time, the last ones
	low, high := e.usually(d)
	least, _ := e.spanOf(d)
	could := make([][]*packet, len(g.got))
	for i, r := range g.got {
		copied := i > 0 && r.at-g.got[i-1].at <= copyTime
		last := sort.Search(len(g.sent), func(i int) bool { return g.sent[i].at > r.at-min(low, least) })
		for _, s := range g.sent[max(0, last-most):last] {
			took := r.at - s.at
			switch {
			case e.others(s, r):
			case s == r.twin, took >= low && took <= high,
				copied && s.twin != nil && r.at > s.twin.at && r.at-s.twin.at <= copyTime,
				!copied && r.twin == nil && s.twin == nil && took >= least && took <= window:
				could[i] = append(could[i], s)
			}
		}
	}
	return could
}

// settle takes one that was sent from all others if one that was received can be nothing
// else: others then are at most its copies.
func settle(g *equals, could [][]*packet) {
	const most = 64 // of which that is worth the time
	if len(g.got) > most {
		return
	}
	done := map[int]bool{}
	for again := true; again; {
		again = false
		for i, list := range could {
			if len(list) != 1 || done[i] {
				continue
			}
			done[i], again = true, true
			for j, r := range g.got {
				if since := r.at - g.got[i].at; j != i && len(could[j]) > 1 && (since < 0 || since > copyTime) {
					could[j] = slices.DeleteFunc(could[j], func(s *packet) bool { return s == list[0] })
				}
			}
		}
	}
}

// alike tells whether it does not matter which of several answers came back: no question
// arrived between them, so that they answer the same one.
func (d *direction) alike(list []*packet) bool {
	if d.asked == nil {
		return false
	}
	first, last := list[0].at, list[0].at
	for _, s := range list {
		first, last = min(first, s.at), max(last, s.at)
	}
	next := sort.Search(len(d.asked), func(i int) bool { return d.asked[i].at > first })
	return next == len(d.asked) || d.asked[next].at > last
}

// usually is between which delays nearly all packets of a direction stay: few are faster
// than the fastest of the sample, more slower than the slowest.
func (e *engine) usually(d *delays) (low, high int64) {
	if e.clock.oneWay {
		return e.spanOf(d)
	}
	wide := int64(d.high - d.low)
	wrong := e.doubt()
	if len(d.all) < few {
		_, high = e.spanOf(d)
		return int64(d.low) - wrong - wide - int64(max(0, e.clock.turn/4)), high
	}
	return int64(d.low) - wrong, int64(d.high) + wide/2 + wrong
}
