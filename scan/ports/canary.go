package ports

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/sweep"
)

// opened takes a port that answered SYN-ACK. s.mu is held.
func (s *Scan) opened(ctx context.Context, h *host, p *Port) {
	if s.Curious {
		if h.open == nil {
			h.open = map[uint16]bool{}
		}
		h.open[p.Probe.Port] = true
	}
	if p.Reply.IP.Src.IsValid() { // not where the kernel asked, which does not tell
		if p.Reply.TCP.Flags&(wire.SYN|wire.ACK) == wire.SYN|wire.ACK && p.Reply.TCP.Window == 0 {
			p.Doubt = probe.ZeroWindow
		}
		if p.Doubt == probe.NoDoubt {
			p.Doubt = h.nearer(&p.Result)
		}
	}
	if h.canary == notAsked && s.Curious && len(s.unused) > 0 && (len(s.Ports) >= manyPorts || s.Confirm != nil || p.Doubt != probe.NoDoubt) {
		h.canary = asking
		s.jobs.Add(1)
		s.canary.add(h)
	}
	if h.canary == asking {
		h.held = append(h.held, *p)
		return
	}
	s.release(ctx, h, p)
}

// release lets an open port go on its way: its host's canaries are known, or are
// not asked. s.mu is held.
func (s *Scan) release(ctx context.Context, h *host, p *Port) {
	if h.answeredFor != 0 {
		p.Doubt = probe.Canary
	}
	if s.Confirm != nil {
		s.confirm(ctx, h, *p)
		return
	}
	s.handOut(h, p)
}

// shortestWait is for a canary's answer, where round trips are shorter.
const shortestWait = 100 * time.Millisecond

// askCanaries asks hosts for ports that nobody uses. Who answers SYN-ACK for one
// answers for all, so that open means nothing.
func (s *Scan) askCanaries(ctx context.Context, list []*host) {
	var targets []netip.Addr
	wait := shortestWait
	s.mu.Lock()
	for _, h := range list {
		targets = append(targets, h.answer.Addr)
		for i := range h.held {
			wait = max(wait, 4*h.held[i].RTT)
		}
	}
	s.mu.Unlock()
	plan := s.aside(scan.NewAddrs(targets...), s.unused)
	plan.Tries, plan.Timeout = 2, min(wait, s.Engine.Timing().FirstWait)
	lying := map[netip.Addr]uint16{}
	stats, err := s.Engine.Run(ctx, &plan, func(r *scan.Result) {
		if r.Verdict.State == probe.Open {
			lying[r.Probe.Target] = r.Probe.Port
		}
	})
	s.beside(stats, err)
	accepts := s.acceptAny(ctx, lying)
	s.mu.Lock()
	defer s.out.Release(&s.mu)
	for _, h := range list {
		h.accepts = accepts[h.answer.Addr]
		h.answeredFor, h.canary = lying[h.answer.Addr], no
		if h.answeredFor != 0 {
			h.canary = yes
		}
		held := h.held
		h.held = nil
		for i := range held {
			s.release(ctx, h, &held[i])
		}
		s.jobs.Done()
	}
}

// acceptAny tells which canaries accept a handshake, too, where that is asked of
// ports at all: then a handshake proves nothing.
func (s *Scan) acceptAny(ctx context.Context, lying map[netip.Addr]uint16) map[netip.Addr]bool {
	accepts := map[netip.Addr]bool{}
	if s.Confirm == nil {
		return accepts
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for a, port := range lying {
		wg.Go(func() {
			got := s.handshake(ctx, netip.AddrPortFrom(a, port))
			mu.Lock()
			defer mu.Unlock()
			accepts[a] = got == Accepted
		})
	}
	wg.Wait()
	return accepts
}

// placeResets asks who sent the resets that are all that was heard of hosts, and
// reports them.
func (s *Scan) placeResets(ctx context.Context, list []*host) {
	var resets []sweep.Reset
	for _, h := range list {
		r := *h.onlyReset // whose header was seen, so s.Kind sends packets of our own
		r.Kind = s.Kind
		resets = append(resets, r)
	}
	placed, stats, err := sweep.Place(ctx, s.Engine, s.Base, resets)
	s.beside(stats, err)
	s.mu.Lock()
	defer s.out.Release(&s.mu)
	for _, h := range list {
		placed[h.answer.Addr.WithZone("")].Judge(&h.answer)
		s.end(h)
		s.jobs.Done()
	}
}
