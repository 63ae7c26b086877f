package ports

import (
	"context"
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// Confirm completes a handshake with a port, ends our half of the connection, and
// tells what came of that. It waits at most so long for each.
type Confirm func(ctx context.Context, port netip.AddrPort, wait time.Duration) Confirmation

// Confirmation is what came of a handshake.
type Confirmation uint8

const (
	Failed   Confirmation = iota // it could not be tried or was given up, or nothing answered
	Accepted                     // the other side acknowledged our end, or spoke
	Refused                      // a reset instead of a handshake
	Cut                          // a reset after the handshake
	Ignored                      // nothing after the handshake
	Unopened                     // this machine could open no connection
)

// handshakesAtOnce bounds the connections that are open at a time.
const handshakesAtOnce = 64

// confirm asks an open port once more, by a handshake that is completed, and hands
// it out.
func (s *Scan) confirm(ctx context.Context, h *host, p Port) {
	s.jobs.Go(func() {
		got := s.handshake(ctx, netip.AddrPortFrom(p.Probe.Target, p.Probe.Port))
		s.mu.Lock()
		defer s.out.Release(&s.mu)
		h.confirmed(&p, got)
		s.handOut(h, &p)
	})
}

// handshake calls s.Confirm when there is room.
func (s *Scan) handshake(ctx context.Context, port netip.AddrPort) Confirmation {
	select {
	case s.room <- struct{}{}:
		defer func() { <-s.room }()
	case <-ctx.Done():
		return Failed
	}
	got := s.Confirm(ctx, port, 2*s.Engine.Timing().FirstWait)
	if got != Unopened {
		s.mu.Lock()
		s.stats.Sent++ // a connect counts as one
		s.mu.Unlock()
	}
	return got
}

// confirmed lets the state of a port follow from its handshake.
func (h *host) confirmed(p *Port, got Confirmation) {
	switch got {
	case Failed, Unopened:
		return
	case Refused:
		p.Verdict = probe.Verdict{State: probe.Closed, Reason: probe.ConnRefused, Final: true}
		p.Doubt = probe.NoDoubt
	case Ignored:
		p.Verdict = probe.Verdict{State: probe.Filtered, Reason: probe.NoResponse, Final: true}
		p.Doubt = probe.Tarpit
	case Cut:
		// A server may accept and reset at once. But where somebody else seems to
		// have answered, it is he who was refused.
		if p.Doubt != probe.NoDoubt {
			p.Verdict = probe.Verdict{State: probe.Closed, Reason: probe.Reset, Final: true}
		}
		p.Doubt = probe.NoDoubt
	case Accepted:
		if h.answeredFor == 0 || !h.accepts { // who accepts any port proves nothing by it
			p.Doubt = probe.NoDoubt
			h.proven = true
		}
	}
	p.Confirmed = true
	if p.Doubt == probe.NoDoubt && p.Reply.IP.Src.IsValid() {
		h.unsaw(wire.Hops(p.Reply.IP.TTL), p.Probe.Port)
	}
}
