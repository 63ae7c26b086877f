// Package trace finds the way to a target: it asks with every TTL at once, in
// one flow, and puts together what the hops say. It composes a plan; when the
// target has answered, or a router refuses and nobody beyond it answers, what lies
// behind is not asked any more. Run is what to call first.
package trace

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
)

// Config is what to trace, and how.
type Config struct {
	Target netip.Addr
	Kind   probe.Kind    // probe.SYN, probe.UDP, probe.Echo; where the kernel asks, see probe.BySocket
	Port   uint16        // 0 for echo
	Hops   uint8         // highest TTL, at most 63
	Times  uint32        // questions per hop, at most 15
	Count  uint32        // how often each hop is asked again, once the way is known; 0: it is not
	Every  time.Duration // between two of these questions to a hop
	Known  *Known        // ways of the same run, whose hops are not asked again; nil: all are asked
	Found  func()        // called once the way is in Known, before its hops are counted; nil: nobody is told
}

// interval is between the questions to one hop: routers limit their errors.
const interval = 100 * time.Millisecond

// Way is the whole route.
type Way struct {
	Target  netip.Addr
	Hops    []Hop        // from the first to the last that answered or was reached
	Reached bool         // the target itself answered
	Loop    *Loop        // in which packets go round; nil: in none that is known
	Reset   *Reset       // where it ends at resets that are not the target's; nil: it is not known to
	Port    uint16       // that was asked
	Why     probe.Reason // where nobody answered: why not
	Errno   uint16       // as of a Hop, with Why
	Asked   uint32       // and how often the first hop was asked
	Stats   scan.Stats

	tallies []tally // with Config.Count, by hop
	counted []report.Counted
}

// Run traces the way to c.Target. base has what all plans have in common. It
// returns what is known when ctx ends.
func Run(ctx context.Context, e *scan.Engine, base scan.Plan, c Config) (Way, error) {
	if c.Count > 0 && base.SourcePort == 0 && !base.Sockets {
		p := base // all that is asked of the way goes by the same
		p.Targets, p.Kinds, p.Asks, p.KeepFlow = scan.NewAddrs(c.Target), []probe.Kind{c.Kind}, []scan.Ask{{Port: c.Port}}, true
		first, _, giveBack := e.Lend(ctx, &p, 1)
		defer giveBack()
		base.SourcePort = first
	}
	t := &tracer{c: c, engine: e, hops: make([]Hop, c.Hops)}
	for i := range t.hops {
		t.hops[i] = Hop{TTL: uint8(i) + 1}
	}
	t.low, t.high = c.Known.begin(c.Target, c.Hops)
	t.look()
	stats, err := t.ask(ctx, base)
	if err == nil && ctx.Err() == nil && t.high < c.Hops && t.verge.why != atTarget {
		t.high = c.Hops
		more, again := t.ask(ctx, base)
		stats, err = stats.Then(more), again
	}
	for err == nil && ctx.Err() == nil && t.low > 1 {
		if w := c.Known.like(t, t.low); w != nil {
			t.adopt(w, t.low)
			break
		}
		t.low = max(t.low, backwards+1) - backwards
		more, again := t.ask(ctx, base)
		stats, err = stats.Then(more), again
	}
	more := scan.NoStats()
	if _, packets := probe.Packets(c.Kind); packets && err == nil && !base.Sockets {
		t.reset, more, err = t.elsewhere(ctx, base)
	}
	w := t.way(stats.Then(more))
	known := w // of which others read while this one is counted
	known.Hops = slices.Clone(w.Hops)
	c.Known.add(&known)
	if c.Found != nil {
		c.Found()
	}
	if err == nil && c.Count > 0 {
		err = w.count(ctx, e, base, &c)
	}
	return w, err
}

// backwards is how many TTLs more are asked at a time, where a way is not like a known one.
const backwards = 2

// ask asks with the TTLs from t.low on that were not asked yet.
func (t *tracer) ask(ctx context.Context, base scan.Plan) (scan.Stats, error) {
	c, p := &t.c, base
	p.Targets, p.Kinds, p.Asks = scan.NewAddrs(c.Target), []probe.Kind{traced(c.Kind)}, []scan.Ask{{Port: c.Port}}
	p.TTLs, p.Reps, p.Interval, p.KeepFlow = t.high, c.Times, interval, true
	// Of several SYNs that reach the target only the first is answered, so the
	// one with the lowest TTL goes first.
	p.Settle, p.Order, p.Straight = scan.SettleNever, scan.ByBlock, true
	p.Patient = true
	t.mu.Lock()
	for i := range t.left {
		t.left[i].before = t.left[i].reps
	}
	p.Watcher, t.plan = t, &p
	t.mu.Unlock()
	stats, err := t.engine.Run(ctx, &p, t.hear)
	stats.Loss, stats.ExpectedMissed = -1, -1 // hops limit their errors: that is no loss
	return stats, err
}

// tracer collects the answers of one trace.
type tracer struct {
	scan.NoWatcher
	c      Config
	plan   *scan.Plan
	engine *scan.Engine

	mu    sync.Mutex // Skip may be called by the engine's receive loop
	hops  []Hop
	low   uint8          // TTLs below are not asked, as long as the way may be like a known one
	high  uint8          // nor are those above, as long as it may end there
	left  [64]departures // by hop
	stray *probe.Reply   // the first answer of the target that does not tell its TTL
	verge verge
	reset *Reset // found out after the plan
}

// departures are the packets for one hop that left.
type departures struct {
	first   time.Duration // when
	reps    uint16        // bit by bit, which did
	before  uint16        // of these, those of earlier plans
	packets [16][]byte    // by repetition, where we made them
}

// Skip implements scan.Watcher: what is beyond the end of the way is not asked. What
// has been is waited for: it may show that the way does not end there.
func (t *tracer) Skip(number uint64) bool {
	q := t.plan.At(number)
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := &t.left[q.TTL-1]; l.reps>>q.Rep&1 == 1 {
		return l.before>>q.Rep&1 == 1
	}
	return !t.wants(q.TTL, q.Rep > 0)
}

// hear takes one result.
func (t *tracer) hear(r *scan.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sent := t.left[r.Probe.TTL-1].packets[r.Probe.Rep%16]
	t.hops[r.Probe.TTL-1].result(r, saysOf(t.c.Target, t.c.Kind, &r.Reply), sent)
	t.finish()
}

// finish ends the run when all is known.
func (t *tracer) finish() {
	t.look()
	if t.complete() {
		t.engine.Stop(t.plan)
	}
}

// Leaving implements scan.Watcher: it notes when the first packet for each hop left, and
// keeps all.
func (t *tracer) Leaving(q probe.Probe, at time.Duration, packet []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := &t.left[q.TTL-1]
	if d.reps == 0 {
		d.first = at
	}
	d.reps |= 1 << q.Rep
	d.packets[q.Rep%16] = bytes.Clone(packet)
}

// Stray implements scan.Watcher: it takes an answer of the target that does not tell
// its TTL. The first one is enough.
func (t *tracer) Stray(_ probe.Probe, r *probe.Reply) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stray == nil {
		c := *r
		t.stray = &c
		t.finish()
	}
}

// way is what came of it: trailing silence is cut off.
func (t *tracer) way(stats scan.Stats) Way {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := &t.hops[t.verge.ttl-1]; t.verge.why == atTarget && !h.has(arrived) {
		h.Sent = max(h.Sent, 1)
		h.answer(t.stray, t.c.Kind.Classify(probe.Probe{Target: t.c.Target, Port: t.c.Port}, t.stray).Reason, arrived, nil)
		h.time(t.stray.At - t.left[h.TTL-1].first)
	}
	if t.reset == nil {
		t.reset = t.inPlace()
	}
	for i := range t.hops {
		t.hops[i].sum()
	}
	t.pull()
	w := Way{Target: t.c.Target, Port: t.c.Port, Stats: stats, Loop: t.verge.loop, Reset: t.reset}
	last := 0
	for i := range t.hops[:t.verge.ttl] {
		if t.hops[i].Received > 0 {
			last = i + 1
		}
	}
	w.Hops = t.hops[:last]
	t.settle(&w)
	w.read()
	if last == 0 {
		w.Why, w.Errno, w.Asked = t.hops[0].Reason, t.hops[0].Errno, t.hops[0].Sent
	}
	return w
}
