package trace

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/repeat"
	"sonde/scan/stat"
)

// This file asks the hops of a way that is known again and again, in the same flow, and
// counts what becomes of it. What it means is told in loss.go.

// mostMarked is how many repetitions of a question packets of one flow are told apart by.
const mostMarked = 15

// tally is what became of the questions to one hop.
type tally struct {
	sent, received uint32
	times          repeat.Times
	last           time.Duration // the latest round trip, of times.N > 0
	changes        time.Duration // the sum of the differences between one and the next
	asked          []question    // the first stat.MostAsked; silence is known later than answers, so in no order
}

// question is one of them.
type question struct {
	at   time.Duration // when it left
	came bool          // an answer
}

// counter asks the hops of one way.
type counter struct {
	scan.NoWatcher
	c    *Config
	w    *Way
	e    *scan.Engine
	plan *scan.Plan

	mu   sync.Mutex
	hops []tally
	left [64][mostMarked]time.Duration // when questions of the plan under way left
}

// count asks each hop of w c.Count times, c.Every apart, all with the source port of base.
// Hops that were found on the way to another target are not asked on this one too.
func (w *Way) count(ctx context.Context, e *scan.Engine, base scan.Plan, c *Config) error {
	r := &counter{c: c, w: w, e: e, hops: make([]tally, len(w.Hops))}
	for done := uint32(0); done < c.Count && len(w.Hops) > 0 && ctx.Err() == nil; done += mostMarked {
		p := base
		p.Targets, p.Kinds, p.Asks = scan.NewAddrs(c.Target), []probe.Kind{traced(c.Kind)}, []scan.Ask{{Port: c.Port}}
		p.TTLs, p.Reps, p.Interval, p.KeepFlow = uint8(len(w.Hops)), min(mostMarked, c.Count-done), c.Every, true
		p.Settle, p.Order, p.Straight, p.Patient = scan.SettleNever, scan.ByBlock, true, true
		p.Watcher, r.plan = r, &p
		turn := time.Duration(p.Reps) * c.Every
		waiting, enough := context.WithCancel(ctx)
		var next sync.WaitGroup // which plan begins no earlier than its turn comes
		if done+mostMarked < c.Count {
			next.Go(func() { e.Wait(waiting, turn, nil) })
		}
		stats, err := e.Run(ctx, &p, r.hear)
		if err != nil {
			enough()
		}
		next.Wait()
		enough()
		stats.Loss, stats.ExpectedMissed = -1, -1 // each hop has its own
		w.Stats = w.Stats.Then(stats)
		if err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.tallies = r.hops
	w.judge()
	return nil
}

// Skip implements scan.Watcher.
func (r *counter) Skip(number uint64) bool {
	return r.w.Hops[r.plan.At(number).TTL-1].AsTo.IsValid()
}

// Leaving implements scan.Watcher.
func (r *counter) Leaving(q probe.Probe, at time.Duration, _ []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left[q.TTL%64][q.Rep%mostMarked] = at
}

// hear takes one result.
func (r *counter) hear(res *scan.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if res.Tries == 0 || res.Reply.Event == probe.LocalError || res.Reply.Event == probe.Deadline {
		return // it did not leave, or was not waited for
	}
	t, h, q := &r.hops[res.Probe.TTL-1], &r.w.Hops[res.Probe.TTL-1], res.Probe
	came := res.Reply.Event == probe.Answer || res.Reply.Event == probe.ICMPError
	if t.sent++; len(t.asked) < stat.MostAsked {
		t.asked = append(t.asked, question{r.left[q.TTL%64][q.Rep%mostMarked], came})
	}
	if !came {
		return
	}
	t.received++
	switch from := res.Reply.From; {
	case !h.From.IsValid():
		h.answer(&res.Reply, res.Verdict.Reason, saysOf(r.c.Target, r.c.Kind, &res.Reply), nil)
		h.sum()
	case from != h.From && !slices.Contains(h.Others, from):
		h.Others = append(h.Others, from)
	}
	if res.RTT >= 0 {
		t.time(res.RTT)
	}
}

// time adds a round trip.
func (t *tally) time(rtt time.Duration) {
	if t.times.N > 0 {
		t.changes += max(rtt-t.last, t.last-rtt)
	}
	t.last = rtt
	t.times.Add(rtt)
}

// bucket looks for a limit in what was answered.
func (t *tally) bucket() (stat.Bucket, bool) {
	slices.SortFunc(t.asked, func(a, b question) int { return cmp.Compare(a.at, b.at) })
	at, came := make([]time.Duration, len(t.asked)), make([]bool, len(t.asked))
	for i, q := range t.asked {
		at[i], came[i] = q.at, q.came
	}
	return stat.FindBucket(at, came)
}

// jitter is the mean difference of a round trip to the one before.
func (t *tally) jitter() time.Duration {
	if t.times.N < 2 {
		return 0
	}
	return t.changes / time.Duration(t.times.N-1)
}
