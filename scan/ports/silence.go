package ports

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// This file asks what silence of UDP ports means. A host that says port
// unreachable for a port that nobody uses would say it for any closed port: what is
// silent is open, or dropped on purpose. A host that does not say it may be silent
// about closed ports, too. And most hosts limit how often they say it (Linux: one
// a second to each address, after six at once): then silence means just that the
// question came too soon after others. How often, and who is silent all the same, is
// found out in limit.go.

const (
	// mostControlled is for how many hosts this is asked: who asks more looks for
	// what is open.
	mostControlled = 256
	// fewSilent ports are believed by the controls alone; more of them may have
	// used up the host's limit.
	fewSilent = 8

	walkSilent   = 12 // silent ports that are asked again, one after the other,
	walkControls = 4  // and controls between them,
	walkPace     = 50 * time.Millisecond
	judgedAtOnce = 16

	shortestPatience = 200 * time.Millisecond
)

// askControls asks hosts that have said nothing yet, after a while, for ports that
// nobody uses. It returns when that is known, or when main is closed and there is
// nobody to be asked.
func (s *Scan) askControls(ctx context.Context, targets scan.Targets, main <-chan struct{}) {
	if !s.datagrams() || !s.Curious || targets.Len() > mostControlled {
		return
	}
	s.Engine.Wait(ctx, s.Engine.Timing().FirstWait/2, main)
	var list []netip.Addr
	s.mu.Lock()
	for i := range targets.Len() {
		if a := targets.At(i); !s.ended[a] && s.asked(a) > 0 {
			list = append(list, a)
		}
	}
	s.mu.Unlock()
	if len(list) == 0 || len(s.unused) == 0 || ctx.Err() != nil {
		return
	}
	plan := s.aside(scan.NewAddrs(list...), s.unused)
	plan.Tries = 2
	told := map[netip.Addr]bool{}
	stats, err := s.Engine.Run(ctx, &plan, func(r *scan.Result) {
		if r.Verdict.State == probe.Closed {
			told[r.Probe.Target] = true
		}
	})
	s.beside(stats, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range list {
		if s.ended[a] {
			continue
		}
		h := s.host(a)
		h.control = no
		if told[a] {
			h.control = yes
		}
	}
}

// judgeSilence decides what silence means, host by host, and hands the silent
// ports out.
func (s *Scan) judgeSilence(ctx context.Context) {
	var wg sync.WaitGroup
	room := make(chan struct{}, judgedAtOnce)
	s.mu.Lock()
	var list []*host
	for _, h := range s.hosts {
		if len(h.silent) > 0 {
			list = append(list, h)
		}
	}
	s.mu.Unlock()
	for _, h := range list {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			why := s.judge(ctx, h)
			s.mu.Lock()
			defer s.out.Release(&s.mu)
			silent := h.silent
			h.silent = nil
			if why == probe.ICMPSilent || why == probe.ICMPAnswers {
				h.silence = &Finding{Addr: h.answer.Addr, About: why, Count: len(silent)}
			}
			for i := range silent {
				silent[i].Doubt = why
				s.handOut(h, &silent[i])
			}
		})
	}
	wg.Wait()
}

// judge says what silence of h means. Ports that turn out to be closed are taken
// out of h.silent and handed out.
func (s *Scan) judge(ctx context.Context, h *host) probe.Doubt {
	switch {
	case h.control == notAsked || ctx.Err() != nil:
		return probe.NoDoubt
	case h.control == no && h.told == 0:
		return probe.ICMPSilent
	case h.control == yes && len(h.silent) < fewSilent:
		return probe.ICMPAnswers
	}
	limited, every := s.walk(ctx, h), time.Duration(0)
	if limited && ctx.Err() == nil {
		every = s.measure(ctx, h)
	}
	switch {
	case ctx.Err() != nil: // before that was known
		return probe.NoDoubt
	case !limited:
		return probe.ICMPAnswers
	case s.Patience && len(h.silent) > 0:
		return s.askAgain(ctx, h, every)
	}
	h.limited(every)
	return probe.ICMPLimit
}

// limited notes that h says port unreachable only so often.
func (h *host) limited(every time.Duration) {
	if n := len(h.silent); n > 0 {
		cost, most := costs(n, every)
		h.silence = &Finding{Addr: h.answer.Addr, About: probe.ICMPLimit, Count: n, Every: every, Cost: cost, Most: most}
	}
}

// walk asks some silent ports again, slowly, and ports that nobody uses between
// them. It tells whether the host limits how often it says port unreachable: whether it
// was silent about a port that nobody uses, or tells now of one that was silent before.
func (s *Scan) walk(ctx context.Context, h *host) (limited bool) {
	controls := unused(slices.Concat(s.Ports, s.unused), walkControls)
	asked := len(controls)
	var list []uint16
	for i := range h.silent[:min(len(h.silent), walkSilent)] {
		if i%(walkSilent/walkControls) == 0 && len(controls) > 0 {
			list, controls = append(list, controls[0]), controls[1:]
		}
		list = append(list, h.silent[i].Probe.Port)
	}
	list = append(list, controls...)
	told, byControl := 0, 0
	s.ask(ctx, h, list, 1, walkPace, func(r *scan.Result, wanted bool) {
		if r.Verdict.State != probe.Closed {
			return
		}
		if told++; !wanted {
			byControl++
		}
	})
	return byControl < asked || told > byControl
}

// ask asks ports of h at a pace, and calls each with what came of them; asked says
// that the port was asked for. Those of h.silent that are not silent any more are
// handed out. It returns how long that took.
func (s *Scan) ask(ctx context.Context, h *host, ports []uint16, tries int, pace time.Duration, each func(r *scan.Result, asked bool)) time.Duration {
	if len(ports) == 0 {
		return 0
	}
	plan := s.aside(scan.NewAddrs(h.answer.Addr), ports)
	plan.Straight, plan.Tries, plan.Pace = true, tries, pace
	plan.Timeout = s.patience(h)
	stats, err := s.Engine.Run(ctx, &plan, func(r *scan.Result) {
		s.mu.Lock()
		defer s.out.Release(&s.mu)
		p, asked := h.takeSilent(r)
		each(r, asked)
		if p != nil {
			s.handOut(h, p)
		}
	})
	s.beside(stats, err)
	return stats.Elapsed
}

// patience is how long an answer of h is waited for.
func (s *Scan) patience(h *host) time.Duration {
	return min(max(4*h.answer.RTT, shortestPatience), s.Engine.Timing().FirstWait)
}

// takeSilent takes the port of r out of h.silent if r is more than silence. It
// tells whether the port is one of them.
func (h *host) takeSilent(r *scan.Result) (p *Port, asked bool) {
	for i := range h.silent {
		if h.silent[i].Probe.Port != r.Probe.Port {
			continue
		}
		if r.Reply.Event != probe.Answer && r.Reply.Event != probe.ICMPError {
			return nil, true
		}
		h.hear(r)
		h.silent = append(h.silent[:i], h.silent[i+1:]...)
		return &Port{Result: *r, Confirmed: true}, true
	}
	return nil, false
}
