package service

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"sonde/fingerprint"
)

// Options say how to ask. The zero value is fine.
type Options struct {
	Name     string                // the host's name, for TLS and HTTP; "": only its address is known
	RTT      time.Duration         // round-trip time; 0: not known, nearby
	Timeout  time.Duration         // for everything together; 0: DefaultTimeout. The context may end it sooner
	Patterns *fingerprint.Patterns // nil: the built-in ones
	Stay     bool                  // follow no redirect to another port of the host
	// Alone allows one connection at a time, and ends each with a reset, so that
	// the next can leave from the same source port at once.
	Alone bool
}

// DefaultTimeout bounds a question that nobody else bounds.
const DefaultTimeout = 5 * time.Second

// ErrName is the error for a name that cannot be a host's: it goes into requests
// as it is.
var ErrName = errors.New("not a host name")

// port is a question under way.
type port struct {
	Options
	dialer Dialer
	to     netip.AddrPort
	hint   hint
	waits  waits
	end    time.Time
	conns  atomic.Int32
}

// Ask holds the conversations with one TCP port of target, and blocks until they
// have ended, at most for o.Timeout or until ctx ends. It returns an error, and
// no Answer, only if no connection could be made (the dialer's error) or for a
// Name that is none. A port that took the connection and said nothing has an
// Answer without a Service.
//
// Connections go to the address of target only, whatever a server says.
func Ask(ctx context.Context, d Dialer, target netip.AddrPort, o Options) (*Answer, error) {
	if !validName(o.Name) {
		return nil, fmt.Errorf("%w: %q", ErrName, o.Name)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Patterns == nil {
		o.Patterns = fingerprint.BuiltinPatterns()
	}
	start := time.Now()
	p := &port{Options: o, dialer: d, to: target, hint: hintOf(target.Port()), waits: waitsFor(o.RTT), end: start.Add(o.Timeout)}
	if end, ok := ctx.Deadline(); ok && end.Before(p.end) {
		p.end = end
	}
	ctx, cancel := context.WithDeadline(ctx, p.end)
	defer cancel()
	best, err := p.ask(ctx, cancel)
	if err != nil {
		return nil, err
	}
	a := &best.Answer
	a.Elapsed = time.Since(start)
	a.Conns = int(p.conns.Load())
	if best.weight < certain && a.Cut == Whole && !time.Now().Before(p.end) {
		a.Cut = Late
	}
	if p.hint == prints && best.weight == nothing {
		a.Info = "not asked: a printer would print the question"
	}
	return a, nil
}

// ask starts the steps of the plan when they are due, and returns the best of
// what they find, as soon as nothing better can come. cancel ends those that
// still run, and ask waits for them.
func (p *port) ask(ctx context.Context, cancel func()) (best finding, err error) {
	steps := plan(p.hint, p.waits)
	findings := make(chan finding, len(steps))
	running, heard, secured := 0, false, p.hint == prints
	defer func() {
		cancel()
		for range running {
			<-findings
		}
	}()
	wake := time.NewTimer(0) // when the next step is due, or the best is good enough
	defer wake.Stop()
	start, enough := time.Now(), time.Time{}
	for {
		for len(steps) > 0 {
			if running > 0 && (p.Alone || time.Since(start) < steps[0].after) {
				break
			}
			talk, end := steps[0].talk, p.end
			if p.Alone { // each gets its share of the time
				end = time.Now().Add(time.Until(p.end) / time.Duration(len(steps)))
			}
			steps = steps[1:]
			running++
			go func() {
				f := p.hold(ctx, talk, end)
				f.talk = talk
				findings <- f
			}()
		}
		if running == 0 {
			break
		}
		wake.Reset(p.untilNext(start, enough, steps))
		select {
		case f := <-findings:
			running--
			if f.err != nil {
				err, steps = f.err, nil // it takes no more
				break
			}
			heard = true
			secured = secured || f.talk.tls
			if f.weight > best.weight {
				best = f
			} else if best.weight == nothing { // what the others met says how silent it is
				best.Cut = max(best.Cut, f.Cut)
				best.How = max(best.How, f.How)
			}
			if f.weight >= hints && enough.IsZero() {
				enough = time.Now().Add(p.waits.better)
			}
			if best.weight == certain || best.weight == hints && secured {
				return best, nil
			}
		case <-wake.C:
			if !enough.IsZero() && !time.Now().Before(enough) {
				return best, nil
			}
		}
	}
	if heard {
		err = nil
	}
	return best, err
}

// untilNext returns how long nothing needs to be done but wait for findings,
// which come at p.end at the latest.
func (p *port) untilNext(start, enough time.Time, steps []step) time.Duration {
	next := p.end.Add(time.Second)
	if !enough.IsZero() && enough.Before(next) {
		next = enough
	}
	if len(steps) > 0 && !p.Alone {
		if due := start.Add(steps[0].after); due.Before(next) {
			next = due
		}
	}
	return max(0, time.Until(next))
}

// validName tells whether s can stand in a request as it is.
func validName(s string) bool {
	return len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	})
}
