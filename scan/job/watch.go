package job

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"sonde/probe"
	"sonde/scan/report"
	"sonde/scan/trace"
)

// leastRound is the shortest time between two rounds of --watch.
const leastRound = 10 * time.Millisecond

// watchRules refuse what --watch does not go with.
func (s *Spec) watchRules() []rule {
	rules := []rule{
		{s.Pace.For != nil && !s.Ask.Watch, "--for: it is how long to --watch, and that is not asked for"},
		{value(s.Pace.For, 1) <= 0, "--for: more than 0"},
	}
	if s.Ask.Watch {
		other := s.first("mtu", "flows", "count")
		if other == "count" {
			other = "-c"
		} else if other != "" {
			other = "--" + other
		}
		rules = append(rules,
			rule{other != "", "--watch and " + other + " exclude each other: it asks in rounds until it is stopped, or for the time of --for"},
			rule{s.Pace.interval() < leastRound, "--interval: at least 10ms between two rounds of --watch"})
	}
	return rules
}

// roundsBy is the flag by which hops are asked again and again.
func (s *Spec) roundsBy() string {
	if s.Ask.Watch {
		return "--watch"
	}
	return "-c"
}

// watchAll traces all targets, and asks their hops round by round until ctx ends, or the time of
// --for is over. What they came to is told in the order of the targets then.
func (j *job) watchAll(ctx context.Context, c trace.Config) error {
	watching, stop := ctx, func() {}
	if d := j.spec.Pace.For; d != nil {
		watching, stop = context.WithTimeout(ctx, time.Duration(*d))
	}
	defer stop()
	all := j.targets.All
	ways, errs := make([]*trace.Watched, all.Len()), make([]error, all.Len())
	var others trace.Watches
	var g errgroup.Group
	g.SetLimit(tracesAtOnce)
	var first firsts
	for i := range all.Len() {
		target := all.At(i)
		known, found := first.turn(target)
		g.Go(func() error {
			defer found()
			c := c
			c.Target = target
			select {
			case <-known:
			case <-watching.Done():
			}
			ways[i], errs[i] = trace.Watch(watching, j.engine, j.base(), c, &others)
			return nil
		})
	}
	g.Wait()
	g = errgroup.Group{}
	for i, w := range ways {
		defer w.Close()
		g.Go(func() error {
			// They begin one after the other, so that routers are not asked for all at once.
			late := c.Every * time.Duration(i) / time.Duration(len(ways))
			if errs[i] == nil && (late == 0 || j.engine.Wait(watching, late, nil)) {
				errs[i] = w.Rounds(watching, func(r report.Record) { j.putRound(ctx, r) })
			}
			return nil
		})
	}
	g.Wait()
	for i, w := range ways {
		if errs[i] == nil && ctx.Err() == nil { // it lasted as long as it was to
			w.Stats.Complete, w.Stats.Interrupted = true, false
		}
		j.addStats(w.Stats)
		j.putWay(ctx, &w.Way, "", 0)
		j.judgeWay(&w.Way)
	}
	return errors.Join(errs...)
}

// putRound reports what a round tells, with the names that are known by now.
func (j *job) putRound(ctx context.Context, r report.Record) {
	if r, ok := r.(*report.Round); ok && j.names.reverse && r.From.IsValid() {
		r.PTR = j.names.ptr(ctx, r.From)
	}
	j.put(ctx, r)
}

// judgeWay adds to the outcome what came of a way.
func (j *job) judgeWay(way *trace.Way) {
	state, reason := way.State()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.outcome.add(state, reason, probe.Up)
	if state == probe.Up {
		j.outcome.Score.Answer = "reached"
	}
}
