package scan

import (
	"context"
	"slices"
	"sync"
	"time"

	"sonde/probe"
)

// keepApart is how long a source port is not used again towards the same port of the
// same target: a half-open connection that an earlier question left behind lives about
// so long, and would answer for it.
const keepApart = time.Minute

// ledger hands out blocks of the engine's source ports to its runs, and remembers for
// a minute who had which, and when. A run gets ports that nobody has had for a minute,
// as long as there are some, and else those that were used towards other targets or
// ports, the longest unused first. Where all were used towards what the run asks, too,
// it has to wait for the first of them; but if other runs are still under way that
// hold what there is, it shares with them, and says so.
type ledger struct {
	block probe.Ports // First and N: all that there are

	mu     sync.Mutex
	next   int // offset in block: what is handed out next, if it is free
	leases []*lease
	cost   []cost // scratch space, by offset
	window []int  // scratch space
}

// lease is a block of ports that a run has, or had.
type lease struct {
	first, n int // offsets in the ledger's block
	plan     *asked
	busy     bool // its run is under way
	ended    time.Duration
}

// asked is what a plan asks whom: as much of it as a lease has to remember.
type asked struct {
	targets Targets
	protos  []string // of its kinds
	list    []Ask
	ports   bitmap // of list, where that is long
}

const longList = 64

func askedBy(p *Plan) *asked {
	a := &asked{targets: p.Targets, list: p.Asks}
	for _, k := range p.Kinds {
		a.protos = append(a.protos, k.Proto())
	}
	if len(a.list) > longList {
		a.ports = newBitmap(1 << 16)
		for _, x := range a.list {
			a.ports.set(uint64(x.Port))
		}
	}
	return a
}

// cost says how bad it is to use a port again, and lower is better: one that nobody
// had in the last minute, one that was used towards others, one that others are using,
// one that was used towards the same, one that is used towards the same now. Within
// the second and the fourth it counts how long ago that was.
type cost int64

const (
	costNone   cost = 0
	costOthers cost = 1
	costBeside cost = 1 << 60
	costSame   cost = 1<<60 + 1
	costShared cost = 1<<62 + 1
)

// take gives p a block of want ports, or of fewer, but not less than need, where so
// many can be had at once. Where that is not so, wait says how long to wait before
// asking again, and there is no lease. shared says that other runs ask the same from
// these ports.
func (l *ledger) take(now time.Duration, p *Plan, want, need int) (got *lease, shared bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	want = max(1, min(want, int(l.block.N)))
	need = max(1, min(need, want))
	plan := askedBy(p)
	l.weigh(now, plan)
	first, worst := l.best(want)
	if worst >= costSame && need < want {
		want = l.longest(need, want)
		first, worst = l.best(want)
	}
	if worst >= costSame && worst < costShared {
		return nil, false, time.Duration(worst-costSame) + keepApart - now
	}
	got = &lease{first: first, n: want, plan: plan, busy: true}
	l.leases = append(l.leases, got)
	l.next = first + want
	return got, worst >= costShared, 0
}

// giveBack ends a lease.
func (l *ledger) giveBack(now time.Duration, e *lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.busy, e.ended = false, now
}

// weigh forgets what is over a minute old, and works out what each port costs.
func (l *ledger) weigh(now time.Duration, p *asked) {
	l.leases = slices.DeleteFunc(l.leases, func(e *lease) bool { return !e.busy && now-e.ended >= keepApart })
	if l.cost == nil {
		l.cost = make([]cost, l.block.N)
	}
	clear(l.cost)
	for _, e := range l.leases {
		c := costOthers + cost(e.ended)
		same := e.plan.meets(p)
		switch {
		case e.busy && same:
			c = costShared
		case e.busy:
			c = costBeside
		case same:
			c = costSame + cost(e.ended)
		}
		for o := e.first; o < e.first+e.n; o++ {
			l.cost[o] = max(l.cost[o], c)
		}
	}
}

// best finds the block of n ports whose worst costs least: of several the first from
// l.next on.
func (l *ledger) best(n int) (first int, worst cost) {
	first = -1
	better := func(at int, c cost) {
		switch {
		case first < 0 || c < worst:
		case c > worst || (first >= l.next) == (at >= l.next):
			return
		case at < l.next:
			return
		}
		first, worst = at, c
	}
	// window holds, from head on, those of the last n offsets that no later one costs
	// as much as: the first of them costs most.
	window, head := l.window[:0], 0
	for o, c := range l.cost {
		for len(window) > head && l.cost[window[len(window)-1]] <= c {
			window = window[:len(window)-1]
		}
		window = append(window, o)
		if window[head] <= o-n {
			head++
		}
		if o >= n-1 {
			better(o-n+1, l.cost[window[head]])
		}
	}
	l.window = window
	return first, worst
}

// longest is how many ports in a row, at least need and at most want, can be had at
// once.
func (l *ledger) longest(need, want int) int {
	most, row := 0, 0
	for _, c := range l.cost {
		if row++; c >= costSame {
			row = 0
		}
		most = max(most, row)
	}
	return max(need, min(want, most))
}

// mostCompared is how many targets of two plans are compared, at most: of more, as
// many are taken from all over the smaller set.
const mostCompared = 1 << 10

// meets tells whether a and b may ask the same port of the same target.
func (a *asked) meets(b *asked) bool {
	return a.share(b) && a.reach(b)
}

// reach tells whether some of the targets are the same, of many by a sample.
func (a *asked) reach(b *asked) bool {
	few, many := a.targets, b.targets
	if few.Len() > many.Len() {
		few, many = many, few
	}
	n := few.Len()
	for i := range min(n, mostCompared) {
		at := i
		if n > mostCompared {
			at = i*(n/mostCompared) + i%(n/mostCompared)
		}
		if _, ok := many.Index(few.At(at).WithZone("")); ok {
			return true
		}
	}
	return false
}

// share tells whether some of the ports are the same. Which kind asks which of them
// makes a difference only if no protocol is the same.
func (a *asked) share(b *asked) bool {
	if !slices.ContainsFunc(a.protos, func(proto string) bool { return slices.Contains(b.protos, proto) }) {
		return false
	}
	few, many := a, b
	if len(few.list) > len(many.list) {
		few, many = many, few
	}
	return slices.ContainsFunc(few.list, func(x Ask) bool { return many.has(x.Port) })
}

func (a *asked) has(port uint16) bool {
	if a.ports != nil {
		return a.ports.has(uint64(port))
	}
	return slices.ContainsFunc(a.list, func(x Ask) bool { return x.Port == port })
}

// borrow gives r its source ports, on each way out: a lease of the ledger's, if it
// sends packets and they may have any port. It may have to wait for them, and returns
// false if ctx ends first.
func (r *run) borrow(ctx context.Context) bool {
	e, p := r.engine, r.plan
	tries := max(MostTries, r.m.tries.perPass)
	if p.Settle == SettleNever {
		tries = 1
	}
	per := uint64(tries) * uint64(p.ttls()) * uint64(p.Variants) * uint64(p.Flows) // ports of one repetition
	want := per * uint64(p.Reps)
	switch {
	case p.KeepFlow:
		per, want = uint64(p.Flows), uint64(p.Flows)
	case p.SameFlows:
		want = per
	}
	most := lendable(e.cfg.Ports)
	need := per * r.m.underWay()
	far := 0 // for protocols that answer from a new port: behind the others
	if slices.ContainsFunc(p.Kinds, isUDP) {
		far = tries
	}
	n := int(max(1, min(want+uint64(far), most)))
	ports := probe.Ports{First: e.cfg.Ports.First, N: uint16(n)}
	if e.cfg.Ports.N > 0 && p.SourcePort == 0 && !p.Sockets && slices.ContainsFunc(p.Kinds, takesPort) {
		for {
			lease, shared, wait := e.ledger.take(e.now(), p, n, int(min(need+uint64(far), most)))
			if lease != nil {
				r.lease, r.stats.PortsReused = lease, shared
				ports.First, ports.N = ports.First+uint16(lease.first), uint16(lease.n)
				break
			}
			if !e.Wait(ctx, wait, nil) {
				return false
			}
		}
	}
	roaming := ports
	if int(ports.N) > far {
		ports.N -= uint16(far)
		roaming.First, roaming.N = ports.First+ports.N, uint16(far)
	}
	if want > uint64(ports.N) {
		r.cycle = max(1, uint64(ports.N)/per)
		if p.Order == InRounds && p.SourcePort == 0 && !p.Sockets {
			r.m.times.rounds.left = make([]time.Duration, r.cycle)
		}
	}
	r.sources(ports, roaming, uint16(tries))
	return true
}

// underWay is how many repetitions of a plan of TTLs are waited for at the same time, by
// the interval between them. They have ports of their own: a late answer to one would be
// taken for another hop's else.
func (m *machine) underWay() uint64 {
	p := m.plan
	if p.TTLs == 0 || p.KeepFlow || p.Interval == 0 {
		return 1
	}
	return min(uint64(p.Reps), uint64(m.patience()/p.Interval)+2)
}

// lendable is how many ports of a block one run has at most: some are left for small
// runs beside a large one or after it.
func lendable(block probe.Ports) uint64 {
	n := uint64(block.N)
	return n - min(n/8, 8*MostTries)
}

// giveBack ends the lease of r, if it has one.
func (r *run) giveBack() {
	if r.lease != nil {
		r.engine.ledger.giveBack(r.engine.now(), r.lease)
	}
}

// takesPort tells whether packets of a kind have a source port, or an identifier in
// its place.
func takesPort(k probe.Kind) bool {
	return !k.Traits().Link
}

func isUDP(k probe.Kind) bool { return k.Class() == probe.ClassUDP }

// reused tells whether r has used source ports again towards the same target port
// within a minute: it shared them, or asked more repetitions than there are ports for
// without waiting for these.
// r.mu is held.
func (r *run) reused() bool {
	p := r.plan
	if r.cycle == 0 || p.Order == InRounds || p.SourcePort != 0 || p.Sockets || time.Duration(r.cycle)*p.Interval >= keepApart {
		return r.stats.PortsReused
	}
	begun := uint64(p.Reps)
	if p.Order == ByBlock && r.m.pass == 0 {
		begun = (r.m.window.next + p.inner - 1) / max(1, p.inner)
	}
	return begun > r.cycle
}
