package trial

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"

	"sonde/probe"
	"sonde/scan"
)

// The two variants of a Locate, as its plan numbers them.
const (
	guilty = iota
	innocent
)

// word is what sort of answer a packet had.
type word uint8

const (
	unheard word = iota // none
	expired             // it got so far, and its TTL did not suffice to go on
	reached             // the target answered, or somebody in its name
	refused             // somebody else says that it goes no further
	unsent              // this machine could not send it
)

// fate is what became of a packet, as far as who answers does not matter: on ways over
// several routers that take turns these differ by chance.
type fate struct {
	says   word
	reason probe.Reason
}

// fateOf is what became of the packet of a result.
func fateOf(r *scan.Result) fate {
	f := fate{refused, r.Verdict.Reason}
	switch {
	case r.Reply.Event == probe.Answer:
		f.says = reached
	case r.Reply.Event == probe.ICMPError:
		if f.reason == probe.TimeExceeded {
			f.says = expired
		} else if r.Reply.Who == probe.Target {
			f.says = reached
		}
	case r.Reply.Event == probe.Silence && r.Tries > 0:
		return fate{}
	default:
		return fate{says: unsent}
	}
	return f
}

func (f fate) compare(o fate) int {
	return cmp.Or(cmp.Compare(f.says, o.says), cmp.Compare(f.reason, o.reason))
}

// locator follows the plan of a Locate: it says for each round which TTLs are asked, and by
// which variant. A pair is one packet of either variant with the same TTL, in an order
// that is drawn, and in one round or soon after each other: so whatever takes answers takes
// them from either of them as likely.
type locator struct {
	scan.NoWatcher
	engine *scan.Engine
	plan   *scan.Plan

	mu     sync.Mutex // Skip may be called by the engine's receive loop
	rng    *rand.Rand
	hops   []*hopPairs
	rounds []*pairRound // those that have begun
	span   span
	odds   odds
	found  judged
}

// pairRound is what one round asks: by TTL and variant the pair of the packet, nil if it is
// not asked.
type pairRound [mostHops + 1][2]*onePair

// onePair is a pair under way.
type onePair struct {
	round int // in which the first of it left
	fates [2]fate
	left  int // packets whose fate is not known
}

func newLocator(e *scan.Engine, p *scan.Plan) *locator {
	l := &locator{engine: e, plan: p, rng: rand.New(rand.NewPCG(p.Seed, 0)), hops: make([]*hopPairs, p.TTLs)}
	for i := range l.hops {
		l.hops[i] = &hopPairs{ttl: uint8(i) + 1, pace: pace{stride: 1}, before: 1}
	}
	return l
}

// Skip implements scan.Watcher: the first question of a round decides what all of it asks.
func (l *locator) Skip(number uint64) bool {
	q := l.plan.At(number)
	l.mu.Lock()
	defer l.mu.Unlock()
	for int(q.Rep) >= len(l.rounds) {
		l.begin()
	}
	return l.rounds[q.Rep][q.TTL][q.Variant] == nil
}

// begin begins the next round.
func (l *locator) begin() {
	r, n := &pairRound{}, len(l.rounds)
	for i, h := range l.hops {
		if h.owed.pair != nil {
			if n == h.owed.round {
				r[h.ttl][h.owed.variant] = h.owed.pair
				h.owed.pair = nil
			}
			continue
		}
		apart := h.pace.stride / 2
		if i >= l.far() || l.beside(i) || h.asked >= mostPairs || !h.pace.due(n) || n+apart >= int(l.plan.Reps) {
			continue
		}
		pair := &onePair{round: n, left: 2}
		h.asked++
		h.open = append(h.open, pair)
		first := l.rng.IntN(2)
		r[h.ttl][first] = pair
		if apart == 0 {
			r[h.ttl][1-first] = pair
		} else {
			h.owed = owed{pair, 1 - first, n + apart}
		}
	}
	l.rounds = append(l.rounds, r)
}

// beside tells whether hop i needs no more asking: that they differ is known, and that it
// begins elsewhere. What is asked in vain may take answers from others: a router that
// refuses the guilty on their way to farther hops has them from one and the same limit.
func (l *locator) beside(i int) bool {
	return l.found.found && (i < l.found.near || i > l.found.far)
}

// far is up to which hop is asked: the end of the way, if it is known.
func (l *locator) far() int {
	if end := int(l.span.end()); end > 0 {
		return min(end, len(l.hops))
	}
	return len(l.hops)
}

// hear takes one result.
func (l *locator) hear(res *scan.Result) {
	if l.settled(res) {
		l.engine.Stop(l.plan)
	}
}

// settled takes one result, and tells whether no more are needed.
func (l *locator) settled(res *scan.Result) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	q, f := &res.Probe, fateOf(res)
	pair := l.rounds[q.Rep][q.TTL][q.Variant]
	pair.fates[q.Variant] = f
	pair.left--
	h := l.hops[q.TTL-1]
	h.hear(q.Variant, f, res.Reply.From)
	if q.Variant == innocent {
		l.span.add(q.TTL, f)
	}
	if !h.close(len(l.rounds)) {
		return false
	}
	l.odds.look(l.hops)
	l.found = judge(l.hops[:l.far()], l.odds.p())
	return l.found.settled || l.exhausted()
}

// exhausted tells whether all hops were asked as often as may be.
func (l *locator) exhausted() bool {
	for i, h := range l.hops[:l.far()] {
		if h.asked < mostPairs && !l.beside(i) || len(h.open) > 0 {
			return false
		}
	}
	return true
}

// hopPairs is what is known of the packets with one TTL.
type hopPairs struct {
	ttl    uint8
	asked  int // pairs
	pace   pace
	open   []*onePair // in the order of asking
	owed   owed       // the second packet of the latest
	pairs  []fatePair
	before float64 // the stake that pairs have made which do not count any more
	order  []fate  // the fates that there were, in the order of their coming
	rates  [2]Rates
}

// owed is a packet that is asked in a later round than the other one of its pair.
type owed struct {
	pair    *onePair // nil: there is none
	variant int
	round   int
}

// fatePair is how often the packets of a pair had these fates.
type fatePair struct {
	fates [2]fate
	n     int
}

// close adds the pairs whose fates are known, in the order of asking: those of which
// something is silent take longer, and must not be missing. begun is how many rounds have
// begun. It tells whether there is anything new.
func (h *hopPairs) close(begun int) bool {
	news := false
	for len(h.open) > 0 && h.open[0].left == 0 {
		p := h.open[0]
		h.open = h.open[1:]
		if p.fates[guilty].says == unsent || p.fates[innocent].says == unsent {
			continue // there is nothing to compare
		}
		for _, pair := range h.pace.add(p.round, p.fates, begun) {
			h.add(pair)
			news = true
		}
		if h.pace.forget {
			h.pace.forget = false
			h.before *= h.stake()
			h.pairs, h.order = nil, nil
		}
	}
	return news
}

// answers tells whether any innocent packet was answered.
func (h *hopPairs) answers() bool { return len(h.rates[innocent].Heard) > 0 }

// add adds a pair.
func (h *hopPairs) add(fates [2]fate) {
	first, second := fates[guilty], fates[innocent]
	if second.compare(first) < 0 { // which is whose must not matter
		first, second = second, first
	}
	for _, f := range []fate{first, second} {
		if !slices.Contains(h.order, f) {
			h.order = append(h.order, f)
		}
	}
	at := slices.IndexFunc(h.pairs, func(p fatePair) bool { return p.fates == fates })
	if at < 0 {
		at = len(h.pairs)
		h.pairs = append(h.pairs, fatePair{fates: fates})
	}
	h.pairs[at].n++
}

// hear counts the fate of a packet, and who told of it.
func (h *hopPairs) hear(variant uint16, f fate, from netip.Addr) {
	r := &h.rates[variant]
	switch f.says {
	case unsent:
		return
	case expired:
		r.Expired++
	case reached:
		r.Reached++
	case refused:
		r.Refused++
	}
	r.Sent++
	if f.says == unheard {
		return
	}
	at := slices.IndexFunc(r.Heard, func(o Heard) bool { return o.From == from && o.Reason == f.reason })
	if at < 0 {
		at = len(r.Heard)
		r.Heard = append(r.Heard, Heard{From: from, Reason: f.reason})
	}
	r.Heard[at].N++
}
