package trace

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/report"
)

// This file is about resets that somebody on the way sends in the target's name: firewalls
// refuse by them, and censors end connections. The way does not end at the target then,
// whatever the address says.

// onlyResets tells whether all that the target is said to have answered here is resets in
// its own name: who resets in its place does not tell another address.
func (h *Hop) onlyResets(target netip.Addr) bool {
	return h.has(arrived) && !slices.ContainsFunc(h.voices, func(v voice) bool {
		return v.says == arrived && (v.reason != probe.Reset || v.from != target.WithZone(""))
	})
}

// front is the highest TTL with which a packet expired at somebody else than the target.
func (t *tracer) front() uint8 {
	for i := len(t.hops) - 1; i >= 0; i-- {
		if slices.ContainsFunc(t.hops[i].voices, func(v voice) bool { return v.says == expired && v.from != t.c.Target.WithZone("") }) {
			return uint8(i) + 1
		}
	}
	return 0
}

// disown takes resets for what they are that came for lower TTLs than others expired with:
// the target cannot have got the packet. Somebody refused it there.
func (t *tracer) disown() {
	front := t.front()
	for i := range t.hops {
		h := &t.hops[i]
		if h.TTL > front || !h.onlyResets(t.c.Target) {
			continue
		}
		for k := range h.voices {
			if h.voices[k].says == arrived {
				h.voices[k].says = refused
			}
		}
	}
}

// Reset is what a way is known to end at where all that came in the target's name is
// resets, and these are not the target's.
type Reset struct {
	By     netip.Addr // a router that they come from, as far as can be told; zero: not known
	Hops   uint8      // that they have come
	Others uint8      // hops that an echo reply of the target has come, where that is how it is known; else 0
}

// inPlace finds out whether the resets that end the way are somebody else's: they have come
// as many hops as what the router before them said, which could not pass the packet on with
// one hop less (as package sweep has it).
func (t *tracer) inPlace() *Reset {
	ttl := t.verge.ttl
	if t.verge.why != atTarget || ttl < 2 {
		return nil
	}
	h, router := &t.hops[ttl-1], &t.hops[ttl-2]
	if v := router.first(expired); v != nil && h.onlyResets(t.c.Target) && h.left.tcp > 0 && wire.Hops(router.left.expired) == wire.Hops(h.left.tcp) {
		return &Reset{By: v.from, Hops: wire.Hops(h.left.tcp)}
	}
	return nil
}

// elsewhere asks the target for an echo, where a way ends at resets of which nothing else is
// known: its distance shows whether they may be the target's. Who answers no echo, or none of
// his own, is believed.
func (t *tracer) elsewhere(ctx context.Context, base scan.Plan) (*Reset, scan.Stats, error) {
	t.mu.Lock()
	ttl := t.verge.ttl
	h := t.hops[ttl-1]
	ends := t.verge.why == atTarget && h.onlyResets(t.c.Target) && h.left.tcp > 0 && t.inPlace() == nil
	t.mu.Unlock()
	if !ends || ctx.Err() != nil || base.Source.IsValid() {
		return nil, scan.NoStats(), nil
	}
	p := base
	p.Targets, p.Kinds, p.Asks = scan.NewAddrs(t.c.Target), []probe.Kind{probe.Echo}, []scan.Ask{{}}
	p.Craft, p.Craft6 = withoutSegment(base.Craft), withoutSegment(base.Craft6)
	p.SourcePort, p.Tries, p.Timeout = 0, 2, min(max(4*h.Max, shortestEcho), t.engine.Timing().FirstWait)
	var found *Reset
	stats, err := t.engine.Run(ctx, &p, func(r *scan.Result) {
		if r.Reply.Event != probe.Answer || !r.Reply.IP.Src.IsValid() {
			return
		}
		if came, others := wire.Hops(h.left.tcp), wire.Hops(r.Reply.IP.TTL); came < others {
			found = &Reset{Hops: came, Others: others}
		}
	})
	stats.Loss, stats.ExpectedMissed = -1, -1
	return found, stats, err
}

// shortestEcho is how long an echo is waited for at least, as the target may be farther away
// than the resets come from.
const shortestEcho = 200 * time.Millisecond

// withoutSegment are packets of the same shape but for what is of TCP.
func withoutSegment(crafts []probe.Craft) []probe.Craft {
	list := slices.Clone(crafts)
	for i := range list {
		list[i] = list[i].WithoutSegment()
	}
	return list
}

// finding is what there is to be known of such resets.
func (r *Reset) finding(target netip.Addr, port uint16) *report.Finding {
	f := &report.Finding{Addr: target, Doubt: probe.ResetInPlace, By: r.By}
	if r.Others > 0 {
		f.Doubt, f.Count, f.Ports = probe.Nearer, 1, []uint16{port}
		f.Hops, f.Others = r.Hops, r.Others
	}
	return f
}
