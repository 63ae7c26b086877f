package trace

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
)

// This file asks the hops of a way round by round, in the same flow, until it is told to stop,
// and says of each round what it found. When the way has changed is told in course.go.

// mostAsked is of how many questions to a hop, the latest, it is kept when they left and whether
// they were answered.
const mostAsked = 512

// Watched is a way that is asked round by round.
type Watched struct {
	Way

	c        Config
	engine   *scan.Engine
	base     scan.Plan
	giveBack func()
	others   *Watches

	mu        sync.Mutex
	course    course
	hops      []tally           // of all TTLs
	heard     [64][]netip.Addr  // who answered at each TTL, at most mostAt
	last      [64]report.Round  // the latest of each TTL
	done      uint32            // rounds that are told of
	latestAt  time.Duration     // when the latest of them began
	pendingAt time.Duration     // when the round course.pending began
	rounds    [mostMarked]round // of the plan under way
	next      int               // the first of these that is not told of
	plan      *scan.Plan
	put       func(report.Record)
}

// Watches are the ways of a run that are watched at the same time: hops that they have in common
// are asked on one of them only.
type Watches struct {
	mu   sync.Mutex
	list map[netip.Addr]*Watched
}

// round is one under way.
type round struct {
	begun          bool
	at             time.Duration // when its first question left, or was to leave
	reach, counted uint8         // see course.reach
	open           int           // questions that are not decided yet
	hops           []answer      // by TTL, from 0, up to reach
}

// answer is what became of a question.
type answer struct {
	asked, decided bool
	left           time.Duration // when the question left
	round          report.Round
	says           saying
	counts         bool // it left, and was waited for
}

// Watch traces the way to c.Target as Run does, and makes it one that is watched, with all that
// is asked of it in one flow. others, which may be empty, learns of it. Close ends it.
func Watch(ctx context.Context, e *scan.Engine, base scan.Plan, c Config, others *Watches) (*Watched, error) {
	w := &Watched{c: c, engine: e, giveBack: func() {}, others: others}
	if base.SourcePort == 0 && !base.Sockets {
		p := base
		p.Targets, p.Kinds, p.Asks, p.KeepFlow = scan.NewAddrs(c.Target), []probe.Kind{c.Kind}, []scan.Ask{{Port: c.Port}}, true
		base.SourcePort, _, w.giveBack = e.Lend(ctx, &p, 1)
	}
	w.base = base
	c.Count = 0
	var err error
	w.Way, err = Run(ctx, e, base, c)
	w.hops = make([]tally, c.Hops)
	w.course = course{target: c.Target, ended: w.Reached, away: awayRounds - 1}
	for i := range w.Hops {
		w.course.way = append(w.course.way, w.Hops[i].From)
	}
	others.mu.Lock()
	defer others.mu.Unlock()
	if others.list == nil {
		others.list = map[netip.Addr]*Watched{}
	}
	others.list[c.Target] = w
	return w, err
}

// Close gives back what it asked with.
func (w *Watched) Close() { w.giveBack() }

// Rounds asks all hops of the way, c.Every apart, until ctx ends, and puts a report.Round for each
// hop of each round when it is complete, and a report.Reroute behind them where the way has
// changed. What it counts is in the records of the way then.
func (w *Watched) Rounds(ctx context.Context, put func(report.Record)) error {
	w.put = put
	for ctx.Err() == nil {
		var next sync.WaitGroup // which plan begins no earlier than its turn comes
		waiting, enough := context.WithCancel(ctx)
		next.Go(func() { w.engine.Wait(waiting, mostMarked*w.c.Every, nil) })
		stats, err := w.some(ctx)
		w.Stats = w.Stats.Then(stats)
		if err != nil {
			enough()
			return err
		}
		next.Wait()
		enough()
	}
	w.sumUp()
	return nil
}

// some asks as many rounds as can be told apart.
func (w *Watched) some(ctx context.Context) (scan.Stats, error) {
	p := w.base
	p.Targets, p.Kinds, p.Asks = scan.NewAddrs(w.c.Target), []probe.Kind{traced(w.c.Kind)}, []scan.Ask{{Port: w.c.Port}}
	p.TTLs, p.Reps, p.Interval, p.KeepFlow = w.c.Hops, mostMarked, w.c.Every, true
	p.Settle, p.Order, p.Straight, p.Patient = scan.SettleNever, scan.ByBlock, true, true
	p.Watcher = &watcher{w: w}
	w.mu.Lock()
	w.plan, w.next = &p, 0
	for i := range w.rounds {
		w.rounds[i].forget()
	}
	w.mu.Unlock()
	stats, err := w.engine.Run(ctx, &p, w.hear)
	w.tell()
	stats.Loss, stats.ExpectedMissed = -1, -1 // each hop has its own
	return stats, err
}

// watcher is a Watched as the engine sees it.
type watcher struct {
	scan.NoWatcher
	w *Watched
}

// Skip implements scan.Watcher. How far a round reaches is settled when it begins.
func (o *watcher) Skip(number uint64) bool {
	w := o.w
	q := w.plan.At(number)
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &w.rounds[q.Rep%mostMarked]
	if !r.begun {
		w.begin(r)
	}
	return q.TTL > r.reach || !r.hops[q.TTL-1].asked
}

// forget makes r one that has not begun.
func (r *round) forget() { *r = round{hops: r.hops[:0]} }

// begin settles what a round asks.
func (w *Watched) begin(r *round) {
	r.begun, r.at = true, -1
	r.reach, r.counted = w.course.reach(w.c.Hops)
	r.hops = slices.Grow(r.hops[:0], int(r.reach))[:r.reach]
	clear(r.hops)
	for i := range r.reach {
		if r.hops[i].asked = w.sharedWith(i) == nil; r.hops[i].asked {
			r.open++
		}
	}
}

// sharedWith is on which way the hop behind i others is asked, if not on this one.
func (w *Watched) sharedWith(i uint8) *Watched {
	if int(i) >= len(w.Hops) || !w.Hops[i].AsTo.IsValid() {
		return nil
	}
	w.others.mu.Lock()
	defer w.others.mu.Unlock()
	return w.others.list[w.Hops[i].AsTo]
}

// Leaving implements scan.Watcher.
func (o *watcher) Leaving(q probe.Probe, at time.Duration, _ []byte) {
	w := o.w
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &w.rounds[q.Rep%mostMarked]
	r.hops[q.TTL-1].left = at
	if r.at < 0 {
		r.at = at.Truncate(time.Millisecond)
	}
}

// hear takes one result.
func (w *Watched) hear(res *scan.Result) {
	w.mu.Lock()
	r := &w.rounds[res.Probe.Rep%mostMarked]
	a := &r.hops[res.Probe.TTL-1]
	if a.decided {
		w.mu.Unlock()
		return
	}
	a.decided = true
	r.open--
	a.round.Reason, a.round.Errno = res.Verdict.Reason, res.Reply.Errno
	switch res.Reply.Event {
	case probe.Answer, probe.ICMPError:
		a.answer(&res.Reply, saysOf(w.c.Target, w.c.Kind, &res.Reply), res.RTT)
	case probe.LocalError:
	case probe.Deadline:
		r.begun = false // it was cut short
	default:
		a.counts = res.Tries > 0
	}
	w.mu.Unlock()
	w.tell()
}

func (a *answer) answer(r *probe.Reply, says saying, rtt time.Duration) {
	a.counts, a.says, a.round.From, a.round.Reached = true, says, r.From, says == arrived
	if rtt >= 0 {
		a.round.RTT = report.RTT(max(rtt, time.Microsecond))
	}
}

// Stray implements scan.Watcher: an answer of the target that does not tell its TTL is to the
// last question of the latest round.
func (o *watcher) Stray(q probe.Probe, reply *probe.Reply) {
	w := o.w
	w.mu.Lock()
	var latest *round
	for i := range w.rounds {
		if r := &w.rounds[i]; r.begun && r.at >= 0 && r.at <= reply.At {
			latest = r
		}
	}
	if latest != nil {
		if place := w.course.place(latest); place <= latest.reach {
			if a := &latest.hops[place-1]; a.asked && !a.decided {
				a.decided = true
				latest.open--
				a.round.Reason = w.c.Kind.Classify(probe.Probe{Target: w.c.Target, Port: w.c.Port}, reply).Reason
				a.answer(reply, arrived, reply.At-a.left)
			}
		}
	}
	w.mu.Unlock()
	w.tell()
}

// place is the TTL to which an answer of the target belongs that does not tell it: where the
// target was, or behind all hops that answered.
func (c *course) place(r *round) uint8 {
	if end := c.end(); end > 0 {
		return end
	}
	last := uint8(0)
	for i := range r.reach {
		if r.hops[i].round.From.IsValid() {
			last = i + 1
		}
	}
	return last + 1
}
