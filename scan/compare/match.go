package compare

import (
	"math"
	"slices"
	"sort"
	"time"

	"sonde/probe/wire"
)

// candidate is a flow of FAR that may be the same as one of NEAR.
type candidate struct {
	flow  *flow
	score float64
	by    [2]*packet // the question by which it was scored, in both files; nil: none
}

const (
	// sure is by how many bits, besides what chance makes of so many flows, two flows
	// must be alike to be the same.
	sure = 7
	// apart is by how many bits one must be better than the next.
	apart = 4
	// clearly is the same where little is known of either.
	clearly = 6
	// against is by how many bits two packets may be unlike, where nothing but their
	// times speaks for them.
	against = -4
)

// match looks for the pair of a flow of NEAR. It is called again when more is known.
func (e *engine) match(n *flow) {
	if n.pair != nil || n.gone {
		return
	}
	best, next := candidate{}, math.Inf(-1)
	asked := stream
	if len(n.there) > 0 {
		asked = n.there[0].kind
	}
	need := math.Log2(e.far.about(n.last, asked)+1) + sure
	for _, c := range e.candidates(n) {
		if owner := c.flow.pair; owner != nil && owner.score > c.score+apart {
			continue
		}
		if best.flow == nil || c.score > best.score {
			if best.flow != nil {
				next = max(next, best.score)
			}
			best = c
		} else {
			next = max(next, c.score)
		}
	}
	if best.flow == nil || best.score < need || best.score-next < apart {
		return
	}
	if owner := best.flow.pair; owner != nil {
		if owner.score > best.score-apart {
			return // one as good as the other; what remains is judged by time
		}
		owner.pair, best.flow.pair = nil, nil
		e.ripe.push(e.now, owner) // to look for another one
	}
	e.join(n, best)
}

// join takes two flows for the same one.
func (e *engine) join(n *flow, c candidate) {
	f := c.flow
	n.pair, f.pair, n.score = f, n, c.score
	a, b := c.by[0], c.by[1]
	if a != nil && !sameText(a, b) {
		a, b = anySame(n, f)
	}
	n.counted = a != nil || e.know.differ[stream][fieldSeq] < -3
	if a != nil {
		e.edge.arrive(a.at)
		n.seqThere = b.seq - a.seq
		if a.flags&b.flags&wire.ACK != 0 {
			n.seqBack, n.hasBack = b.ack-a.ack, true
		}
		n.backwards = b.at-a.at < -e.early() && !(e.clock.oneWay && e.clock.pairs < few)
	}
	for _, p := range n.back {
		for _, q := range f.back {
			if p.kind == q.kind && p.kind == synAck && !n.hasBack {
				n.seqBack, n.hasBack = q.seq-p.seq, true
				if a == nil {
					n.seqThere, n.counted = q.ack-p.ack, true
				}
			}
		}
	}
}

// early is by how much a packet may arrive before it leaves: the clocks are not that
// well known. Where one direction alone was seen, they are no better known than its
// delays are alike: the fastest of the sample has none, and others may be faster.
func (e *engine) early() int64 {
	early := max(e.clock.turn/2, time.Duration(e.doubt()))
	if c := e.clock; c.oneWay {
		early = max(early, c.there.high-c.there.low, c.back.high-c.back.low)
		if c.pairs < few {
			early += time.Duration(window / 4)
		}
	}
	return int64(early)
}

// sameText tells whether two packets of flows that are the same one must be the same, too.
func sameText(a, b *packet) bool {
	return a.kind == b.kind && (a.kind == syn || contentOf(a, nil) == contentOf(b, nil) || a.size == b.size && a.sum == b.sum && a.sum != 0)
}

// anySame are packets there of two flows that must be the same, if there are any.
func anySame(n, f *flow) (a, b *packet) {
	for _, a := range telling(n.there) {
		for _, b := range f.there {
			if sameText(a, b) {
				return a, b
			}
		}
	}
	return nil, nil
}

// doubt is by how much times of one file may be wrong on the clock of the other.
func (e *engine) doubt() int64 {
	return int64(max(2*e.clock.error()+e.clock.wander(e.near.source.first, e.near.source.last), 20*time.Microsecond))
}

// few pairs tell little of how much delays vary.
const few = 50

// telling are the packets of a list by which its flow is matched: the first ones, and of
// a long flow the last ones and some between, since the other file may have only a part.
func telling(list []*packet) []*packet {
	const most = 10 * firsts
	if len(list) <= most {
		return list
	}
	some := append(make([]*packet, 0, most), list[:firsts]...)
	for i := range 8 * firsts {
		some = append(some, list[firsts+(len(list)-2*firsts)*i/(8*firsts)])
	}
	return append(some, list[len(list)-firsts:]...)
}

// candidates are the flows of FAR that have something in common with n.
func (e *engine) candidates(n *flow) (list []candidate) {
	var seen []*flow
	for _, packets := range [][]*packet{n.there, n.back} {
		for _, p := range telling(packets) {
			for k, print := range p.prints() {
				if print == 0 || !e.know.useful[p.kind][k] {
					continue
				}
				b := e.far.index[print]
				if b == nil || b.count > mostAlike {
					continue
				}
				for _, f := range b.flows {
					if slices.Contains(seen, f) || f.gone {
						continue
					}
					seen = append(seen, f)
					if c, ok := e.compare(n, f); ok {
						list = append(list, c)
					}
				}
			}
		}
	}
	return list
}

// compare tells how much two flows are alike; not at all if their times forbid it.
func (e *engine) compare(n, f *flow) (c candidate, ok bool) {
	if n.proto != f.proto && (n.proto == wire.ProtoTCP || f.proto == wire.ProtoTCP || n.proto == wire.ProtoUDP || f.proto == wire.ProtoUDP) {
		return c, false // of ICMP the families have numbers of their own
	}
	c.flow, c.score = f, math.Inf(-1)
	for i, a := range telling(n.there) {
		for _, b := range within(f.there, a.at-slack, a.at+window, false) {
			if a.kind != b.kind {
				continue
			}
			if s := e.know.alike(a, b) + e.timely(b.at-a.at) - float64(i)/8; s > c.score {
				c.score, c.by = s, [2]*packet{a, b}
			}
		}
	}
	answers := math.Inf(-1)
	for _, a := range telling(n.back) {
		for _, b := range within(f.back, a.at-window, a.at+slack, true) {
			if a.kind == b.kind {
				answers = max(answers, e.know.alike(a, b))
			}
		}
	}
	switch {
	case c.by[0] == nil && math.IsInf(answers, 0):
		return c, false
	case c.by[0] == nil:
		c.score = answers
	case answers > 0:
		c.score += answers
	case len(f.back) == 1 && !math.IsInf(answers, 0): // what came can only be that
		c.score += max(answers, -15)
	}
	return c, true
}

// slack is by how much the clocks may be wrong, where flows are looked for.
const slack = int64(100 * time.Millisecond)

// within are packets of a list from a stretch of time, not more than are worth the time:
// the first of them, or the last.
func within(list []*packet, from, to int64, late bool) []*packet {
	const most = 32
	first := sort.Search(len(list), func(i int) bool { return list[i].at >= from })
	end := first + sort.Search(len(list)-first, func(i int) bool { return list[first+i].at > to })
	if late {
		first = max(first, end-most)
	}
	return list[first:min(end, first+most)]
}

// timely is how much it speaks for a packet that it took so long, in bits.
func (e *engine) timely(d int64) float64 {
	low, high := e.span()
	if d < low || d > high {
		return -3
	}
	return min(8, math.Log2(float64(window)/float64(high-low)))
}

// span is between which delays the way there takes, with a margin for those that the
// sample had not.
func (e *engine) span() (low, high int64) { return e.spanOf(&e.clock.there) }

// spanOf is span for the delays of either direction.
func (e *engine) spanOf(d *delays) (low, high int64) {
	if len(d.all) == 0 {
		return -window, window
	}
	wide := int64(d.high - d.low)
	margin := wide/4 + e.early() + 1_000_000
	if len(d.all) < few {
		margin += 2*wide + 20_000_000
	}
	if e.clock.oneWay { // of one direction nothing is known
		margin += window / 4
	}
	return int64(d.low) - margin, int64(d.high) + margin
}
