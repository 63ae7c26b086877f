package sweep

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// This file asks who sent a reset. A firewall may send resets in the place of
// hosts, whether they exist or not: a reset alone does not show that somebody is
// there. But it tells how far it has come: its TTL began as one of a few numbers.
// A SYN that is given just so many hops is answered by a host at that distance. A
// router at that distance cannot pass it on, so it says time exceeded instead;
// with one hop more it sends the reset again. This errs where the way there is just
// one hop longer than the way back, and the last router's own way back is not
// shorter too: a host is then not called up that is, which is the better mistake.

// Origin says who sent a reset.
type Origin uint8

const (
	Unplaced  Origin = iota // it cannot be told
	FromHost                // the host itself
	FromOther               // somebody on the way, in its place
	Unasked                 // nobody could be asked any more, by this machine or at all: nobody is to be suspected
)

// Reset is a reset in answer to a TCP question.
type Reset struct {
	Target netip.Addr
	Kind   probe.Kind // what it answers; sends a packet of its own
	Port   uint16
	TTL    uint8         // as it came in
	RTT    time.Duration // negative: not known
}

// Placed is what was found out about a reset. By is who sent it, where that is
// somebody on the way.
type Placed struct {
	Origin Origin
	By     netip.Addr
}

// Judge decides the state of a host of which nothing but that reset was heard: it
// is up only if it sent it.
func (v Placed) Judge(h *Host) {
	switch v.Origin {
	case FromHost:
		h.State, h.Doubt = probe.Up, probe.NoDoubt
	case FromOther:
		h.State, h.Doubt, h.By = probe.Unknown, probe.ResetInPlace, v.By
	case Unasked:
		h.State, h.Doubt = probe.Unknown, probe.NoDoubt
	default:
		h.State, h.Doubt = probe.Unknown, probe.ResetUnplaced
	}
}

const (
	placeHops  = 3 // how many hop counts are tried: the way there may be longer than the way back
	placeTries = 10
	placeWait  = 200 * time.Millisecond // for one reply, where round trips are shorter
)

// Place asks who sent resets, one to a target. base carries what all plans have
// in common.
func Place(ctx context.Context, e *scan.Engine, base scan.Plan, resets []Reset) (map[netip.Addr]Placed, scan.Stats, error) {
	p := &placing{of: make(map[netip.Addr]*trial, len(resets))}
	plan := p.plan(base, resets, e.Timing())
	stats, err := e.Run(ctx, plan, p.hear)
	if mute := p.mute(); len(mute) > 0 && err == nil && ctx.Err() == nil {
		var more scan.Stats
		more, err = e.Run(ctx, p.control(base, mute, plan.Timeout), p.hear)
		stats = stats.Plus(more)
	}
	return p.verdicts(), stats, err
}

// mute lists the resets that no SYN of few hops brought anything to.
func (p *placing) mute() (list []Reset) {
	for _, t := range p.of {
		if t.said == ([placeHops]event{}) {
			list = append(list, t.Reset)
		}
	}
	return list
}

// control is the plan that asks again as the first time, with as many hops as ever: where
// that brings nothing any more either, the silence before says nothing of who is where.
func (p *placing) control(base scan.Plan, resets []Reset, timeout time.Duration) *scan.Plan {
	for _, t := range p.of {
		t.gone = t.said == ([placeHops]event{})
	}
	p.controls = true
	p.ttls = []uint8{0}
	plan := p.questions(base, resets)
	plan.Craft, plan.Craft6 = base.Craft, base.Craft6
	plan.Tries, plan.Timeout = placeTries, timeout
	return plan
}

// placing is a plan under way: the hop count of a question is its variant.
type placing struct {
	scan.NoWatcher
	asks     *scan.Plan
	ttls     []uint8
	controls bool // asks is the control
	of       map[netip.Addr]*trial
}

// trial is what one reset's target did with few hops.
type trial struct {
	Reset
	away  uint8            // hops that the reset has come
	said  [placeHops]event // with away, away+1, … hops
	heard [placeHops]netip.Addr
	from  [placeHops]uint8 // hops that time exceeded has come
	gone  bool             // SYNs of many hops bring nothing any more, too
}

type event uint8

const (
	silence event = iota
	reset
	exceeded
	unasked
)

func (p *placing) plan(base scan.Plan, resets []Reset, timing scan.Timing) *scan.Plan {
	wait := time.Duration(0)
	for _, r := range resets {
		away := wire.Hops(r.TTL)
		p.of[r.Target.WithZone("")] = &trial{Reset: r, away: away}
		wait = max(wait, 4*r.RTT)
		for i := range uint8(placeHops) {
			p.ttls = append(p.ttls, away+i)
		}
	}
	slices.Sort(p.ttls)
	p.ttls = slices.Compact(p.ttls)

	plan := p.questions(base, resets)
	plan.Tries, plan.Variants = placeTries, uint16(len(p.ttls))
	plan.Timeout = min(max(wait, placeWait), timing.FirstWait)
	plan.Craft, plan.Craft6 = p.crafts(base.Craft), p.crafts(base.Craft6)
	return plan
}

// questions is a plan that asks each reset's question of its target.
func (p *placing) questions(base scan.Plan, resets []Reset) *scan.Plan {
	plan := base
	plan.HostTimeout, plan.Shards, plan.Shard = 0, 0, 0
	var targets []netip.Addr
	for _, r := range resets {
		targets = append(targets, r.Target)
		k := slices.Index(plan.Kinds, r.Kind)
		if k < 0 {
			k = len(plan.Kinds)
			plan.Kinds = append(plan.Kinds, r.Kind)
		}
		if ask := (scan.Ask{Kind: uint8(k), Port: r.Port}); !slices.Contains(plan.Asks, ask) {
			plan.Asks = append(plan.Asks, ask)
		}
	}
	plan.Targets = scan.NewAddrs(targets...)
	plan.Watcher, p.asks = p, &plan
	return &plan
}

// Skip implements scan.Watcher: each target is asked like its reset's question, with
// its own hop counts.
func (p *placing) Skip(number uint64) bool {
	q := p.asks.At(number)
	t := p.of[q.Target.WithZone("")]
	return p.asks.Kinds[q.Kind] != t.Kind || q.Port != t.Port || !p.controls && p.index(t, q.Variant) >= placeHops
}

// crafts are the shapes of packets with few hops.
func (p *placing) crafts(like []probe.Craft) []probe.Craft {
	craft := probe.Craft{Window: 64240}
	if len(like) > 0 {
		craft = like[0]
	}
	all := make([]probe.Craft, len(p.ttls))
	for i, ttl := range p.ttls {
		all[i] = craft
		all[i].TTL = ttl
	}
	return all
}

// index says which of t's hop counts a variant is; placeHops or more: none.
func (p *placing) index(t *trial, variant uint16) uint8 { return p.ttls[variant] - t.away }

func (p *placing) hear(r *scan.Result) {
	t := p.of[r.Probe.Target.WithZone("")]
	if p.controls {
		t.gone = r.Reply.Event != probe.Answer
		return
	}
	i := p.index(t, r.Probe.Variant)
	if i >= placeHops {
		return
	}
	switch {
	case r.Reply.Event == probe.LocalError:
		t.said[i] = unasked
	case r.Reply.Event == probe.Answer && r.Reply.TCP.Flags&wire.RST != 0:
		t.said[i] = reset
	case r.Verdict.Reason == probe.TimeExceeded && r.Reply.Who == probe.Other:
		t.said[i], t.heard[i], t.from[i] = exceeded, r.Reply.From, wire.Hops(r.Reply.IP.TTL)
	}
}

// verdict says who sent t's reset. With the fewest hops that bring it at all, it
// is the host, unless one hop less brought time exceeded from as far away as the
// reset has come: then that router sent it. A router nearer than that stands
// before the host, on a way there that is longer than the way back.
func (t *trial) verdict() Placed {
	for i, said := range t.said {
		if said != reset {
			continue
		}
		switch {
		case i == 0:
			return Placed{Origin: FromHost}
		case t.said[i-1] != exceeded:
			return Placed{}
		case t.from[i-1] == t.away:
			return Placed{FromOther, t.heard[i-1]}
		}
		return Placed{Origin: FromHost}
	}
	if t.gone || slices.Contains(t.said[:], unasked) {
		return Placed{Origin: Unasked}
	}
	return Placed{}
}

// verdicts are those of all targets. A router limits how often it says time
// exceeded: so a reset that could not be placed counts as that of the router
// which was found to send them from the same distance.
func (p *placing) verdicts() map[netip.Addr]Placed {
	type place struct {
		away uint8
		v4   bool
	}
	all := make(map[netip.Addr]Placed, len(p.of))
	others := map[place]netip.Addr{}
	for a, t := range p.of {
		v := t.verdict()
		all[a] = v
		if v.Origin == FromOther {
			others[place{t.away, a.Is4()}] = v.By
		}
	}
	for a, v := range all {
		if by, ok := others[place{p.of[a].away, a.Is4()}]; ok && v.Origin == Unplaced {
			all[a] = Placed{FromOther, by}
		}
	}
	return all
}
