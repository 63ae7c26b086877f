package sweep

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// This file is about hosts that are not asked one by one: those who answer what was sent
// to a group, and what they then say that they are called.

// How often a group is asked, since nobody repeats it for those who did not hear, and how
// long its answers are waited for.
const (
	groupAsks  = 3
	groupEvery = 250 * time.Millisecond
	groupWait  = 750 * time.Millisecond
)

// MostOfGroup is how many hosts of a group are told of: whoever is on the link may answer
// from any number of addresses.
const MostOfGroup = 1 << 14

// Group asks all nodes of the link that group's zone names (see probe.AllNodesGroup) and
// then calls emit with each host that has answered, once, with the zone. base is as with
// Run. full tells whether there were more than MostOfGroup.
func Group(ctx context.Context, e *scan.Engine, base scan.Plan, group netip.Addr, emit func(*Host)) (stats scan.Stats, full bool, err error) {
	p := base
	p.Targets, p.Settle, p.Order = scan.NewAddrs(group), scan.SettleNever, scan.ByBlock
	p.Kinds = []probe.Kind{probe.AllNodes, probe.AllNodesOption}
	p.Asks = []scan.Ask{{Kind: 0}, {Kind: 1}}
	p.Reps, p.Interval, p.Timeout = groupAsks, groupEvery, groupWait
	heard := &groupHeard{zone: group.Zone(), kinds: p.Kinds, hosts: map[netip.Addr]*Host{}, left: map[asked]time.Duration{}}
	p.Watcher = heard
	stats, err = e.Run(ctx, &p, func(*scan.Result) {})
	// What was asked of a group is silent where there is nobody: that is no loss.
	stats.Loss, stats.ExpectedMissed = -1, -1
	for _, h := range heard.hosts {
		emit(h)
	}
	return stats, heard.full, err
}

// asked is one question to a group.
type asked struct {
	kind uint8
	rep  uint32
}

// groupHeard watches the plan of Group: of each question the first answer is a result,
// and all others are later ones.
type groupHeard struct {
	scan.NoWatcher
	zone  string
	kinds []probe.Kind
	hosts map[netip.Addr]*Host
	left  map[asked]time.Duration
	full  bool
}

func (g *groupHeard) Leaving(q probe.Probe, at time.Duration, _ []byte) {
	g.left[asked{q.Kind, q.Rep}] = at
}

func (g *groupHeard) Heard(r *scan.Result) { g.hear(r.Probe, &r.Reply) }

func (g *groupHeard) Later(q probe.Probe, r *probe.Reply) { g.hear(q, r) }

func (g *groupHeard) hear(q probe.Probe, r *probe.Reply) {
	v := g.kinds[q.Kind].Classify(q, r)
	if v.State != probe.Up || r.Who == probe.Ourselves {
		return
	}
	addr := r.From.WithZone(g.zone)
	switch known := g.hosts[addr]; {
	case known != nil && (known.Reason == probe.EchoReply || v.Reason != probe.EchoReply):
		return
	case known == nil && len(g.hosts) >= MostOfGroup:
		g.full = true
		return
	}
	rtt := time.Duration(-1)
	if at, ok := g.left[asked{q.Kind, q.Rep}]; ok {
		rtt = max(0, r.At-at)
	}
	g.hosts[addr] = &Host{Addr: addr, State: v.State, Reason: v.Reason, Reply: *r, Asked: g.kinds[q.Kind], RTT: rtt, Tries: 1}
}

// How long a name service is waited for, and how often it is asked: most hosts have none.
const (
	nameWait  = 400 * time.Millisecond
	nameTries = 2
)

// Names asks the hosts at addrs, all on links of ours, for their names, by all name
// services of a link, and calls emit with each name that one tells.
func Names(ctx context.Context, e *scan.Engine, base scan.Plan, addrs []netip.Addr, emit func(addr netip.Addr, service probe.Kind, name string)) (scan.Stats, error) {
	total := scan.Stats{Complete: true, Loss: -1, ExpectedMissed: -1}
	four := slices.DeleteFunc(slices.Clone(addrs), netip.Addr.Is6)
	six := slices.DeleteFunc(slices.Clone(addrs), netip.Addr.Is4)
	for _, of := range [][]netip.Addr{four, six} {
		if len(of) == 0 {
			continue
		}
		p := base
		p.Targets, p.Settle, p.Tries, p.Timeout = scan.NewAddrs(of...), scan.SettleEach, nameTries, nameWait
		p.OmitSilence = true
		p.Kinds, p.Asks = nil, nil
		for _, s := range probe.NameServices() {
			if s.Kind.Traits().OnlyIPv4 && of[0].Is6() {
				continue
			}
			p.Asks = append(p.Asks, scan.Ask{Kind: uint8(len(p.Kinds)), Port: s.Port})
			p.Kinds = append(p.Kinds, s.Kind)
		}
		stats, err := e.Run(ctx, &p, func(r *scan.Result) {
			if r.Reply.Event == probe.Answer && r.Reply.Name != "" {
				emit(r.Probe.Target, p.Kinds[r.Probe.Kind], r.Reply.Name)
			}
		})
		stats.Loss, stats.ExpectedMissed, stats.Silent, stats.Unasked = -1, -1, 0, 0 // who has no name service lost nothing
		total = total.Plus(stats)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}
