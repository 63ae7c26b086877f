package job

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/network"
	"sonde/scan/report"
)

// This file is --wait-for: the usual questions are asked again and again, until a round
// of them finds everything in the state that is waited for, or the deadline is there.
// The records are those of the round that was so, or of the last one.
//
// What is opened is opened once, since privileges are given up before the first packet
// leaves. So the first round is waited for until there is a way to every target.

// mostAwaited is how many questions a round has at most: what it finds is held until it
// is known whether it was the last.
const mostAwaited = 1 << 16

// Rounds follow each other as fast as the user says, but with packets of our own only
// so many: each takes source ports, which then rest for a minute.
const (
	quickRounds   = 30
	politeBetween = time.Second
)

// until is ctx with the deadline of --wait-for, which begins before anything is looked
// up.
func (s *Spec) until(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.WaitFor == "" || s.Pace.Deadline == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, time.Duration(*s.Pace.Deadline))
}

// hush keeps what is said of an attempt until it is known that it is the one that
// counts.
type hush struct {
	env  *Env
	kept []func()
	over bool
}

func (h *hush) say(f func()) {
	if h.over {
		f()
	} else {
		h.kept = append(h.kept, f)
	}
}

// end says what was kept, and from now on all at once.
func (h *hush) end() {
	h.over = true
	for _, f := range h.kept {
		f()
	}
}

// hushed is an Env whose notes and warnings h keeps.
func (h *hush) hushed() *Env {
	quiet := *h.env
	quiet.Note = func(text string) { h.say(func() { h.env.Tell(text) }) }
	quiet.Warn = func(err error) { h.say(func() { h.env.warn(err) }) }
	return &quiet
}

// prepareUntil is prepare; with --wait-for it tries again as long as names do not
// resolve, or there is no way to somebody.
func prepareUntil(ctx context.Context, env *Env, s *Spec) (*job, *composition, error) {
	if s.WaitFor == "" {
		return prepare(ctx, env, s)
	}
	for {
		h := &hush{env: env}
		j, c, err := prepare(ctx, h.hushed(), s)
		why := err
		if err == nil {
			why = j.unready()
		}
		if why == nil || err != nil && !passing(err) {
			h.end()
			return j, c, err
		}
		if err == nil {
			j.close()
		}
		timer := time.NewTimer(max(s.Pace.interval(), shortestPause))
		select {
		case <-timer.C:
			continue
		case <-ctx.Done():
			timer.Stop()
		}
		h.end()
		if code, _ := signalled(context.Cause(ctx)); code != 0 {
			return nil, nil, &Error{code, nil}
		}
		return nil, nil, why
	}
}

// shortestPause is between two attempts to find a way, which cost nobody a packet, but
// this machine some time.
const shortestPause = 50 * time.Millisecond

// passing tells whether an error may pass by itself: a name that does not resolve, and
// an interface or a route that is not there.
func passing(err error) bool {
	var exit *Error
	var no *network.NoWay
	return errors.As(err, &exit) && exit.Code == ExitName || errors.As(err, &no)
}

// unready says what is missing for all targets to be asked; nil: nothing.
func (j *job) unready() error {
	if names := j.targets.Unresolved; len(names) > 0 {
		return &Error{ExitName, nil} // it was told to Warn which
	}
	for i := range j.targets.All.Len() {
		a := j.targets.All.At(i)
		err := j.network.Routes.Ways()[j.network.Routes.Way(a)].Err
		if err != nil && !j.passedOver(a) {
			return Local(fmt.Errorf("no way to %v: %v", a, probe.TroubleOf(err)))
		}
	}
	return nil
}

// heldBack are the records of one round, and what they add up to.
type heldBack struct {
	mu      sync.Mutex
	records []report.Record
	tally   report.Tally
	score   Score
	gaveUp  bool
}

// Put implements report.Sink.
func (h *heldBack) Put(r report.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.records = append(h.records, report.Clone(r))
}

// again is body, which is carried out until everything is as --wait-for says.
func (j *job) again(body func(ctx context.Context) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		out, first, tally := j.out, j.outcome.Score, j.outcome.Tally
		var last *heldBack
		var err error
		for n := 1; ; n++ {
			now := &heldBack{}
			j.round.Store(int32(n))
			j.mu.Lock()
			j.out, j.outcome.Score, j.outcome.Tally, j.outcome.GaveUp = now, first, tally, false
			j.mu.Unlock()
			err = body(ctx)
			cut := ctx.Err() != nil // before names are waited for: what was asked is what counts
			j.names.wait()
			now.tally, now.score, now.gaveUp = j.outcome.Tally, j.outcome.Score, j.outcome.GaveUp
			if last == nil || !cut {
				last = now
			}
			if code, _ := j.outcome.Exit(); code == ExitYes && err == nil && !cut {
				j.held, last = true, now
				break
			}
			if err != nil || cut || !j.engine.Wait(ctx, j.pause(n), nil) {
				break
			}
		}
		if timedOut(context.Cause(ctx)) && !j.held {
			j.env.Tell(fmt.Sprintf("--wait-for %s: not so by the deadline; this is what was seen last", j.spec.WaitFor))
		}
		j.mu.Lock()
		j.out, j.outcome.Score, j.outcome.Tally, j.outcome.GaveUp = out, last.score, last.tally, last.gaveUp
		j.mu.Unlock()
		for _, r := range last.records {
			out.Put(r)
			j.then.see(r)
		}
		return err
	}
}

// pause is between round n, from 1, and the next.
func (j *job) pause(n int) time.Duration {
	d := j.spec.Pace.interval()
	if n >= quickRounds && j.network.Raw() {
		d = max(d, politeBetween)
	}
	if j.spec.Packet.SourcePort != nil {
		d = max(d, scan.Retransmission)
	}
	return d
}

// slows says that not all rounds follow each other as the user asked.
func (j *job) slows() {
	d := j.spec.Pace.interval()
	switch {
	case j.spec.Packet.SourcePort != nil && d < scan.Retransmission:
		j.note(fmt.Sprintf("-g: with one source port a round asks by the same packets again, so they are %v apart", scan.Retransmission))
	case j.network.Raw() && d < politeBetween:
		j.note(fmt.Sprintf("--interval %v: after %d rounds it is %v, for each takes source ports, which then rest for a minute", d, quickRounds, politeBetween))
	}
}

// checkAwaited refuses to wait for too much.
func (s *Spec) checkAwaited(questions uint64) error {
	if s.WaitFor != "" && questions > mostAwaited {
		return Usage("--wait-for: %d questions a round; it is for a few, %d at most", questions, mostAwaited)
	}
	return nil
}
