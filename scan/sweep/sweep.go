// Package sweep finds out which hosts are there. It composes plans: on a link
// with Ethernet addresses hosts are asked by ARP or ND, which nobody who is
// there can refuse; elsewhere in several ways, of which one answer is enough.
// Run is what to call first, with Parts of targets that are asked in the same ways.
package sweep

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// Ping is one way of asking whether a host is there.
type Ping struct {
	Kind probe.Kind
	Port uint16 // 0 for kinds without ports
}

// Default is how hosts behind a router are asked: the echo that most answer, two
// TCP questions of which firewalls let one through, the timestamp that they
// forget to stop, and the UDP port that is open on the most.
func Default() []Ping {
	return []Ping{{probe.Echo, 0}, {probe.SYN, 443}, {probe.ACK, 80}, {probe.Timestamp, 0}, {probe.UDP, 53}}
}

// For leaves out of pings what cannot be asked of hosts of a family.
func For(pings []Ping, v6 bool) []Ping {
	var list []Ping
	for _, p := range pings {
		if !v6 || !p.Kind.Traits().OnlyIPv4 {
			list = append(list, p)
		}
	}
	return list
}

// Link is how hosts on the link are asked.
func Link() []Ping { return []Ping{{probe.Neighbour, 0}} }

// Unprivileged is what can be asked through kernel sockets; ping says whether
// these include ICMP echo.
func Unprivileged(ping bool) []Ping {
	p := []Ping{{probe.Connect, 443}, {probe.Connect, 80}}
	if ping {
		p = append([]Ping{{probe.Echo, 0}}, p...)
	}
	return p
}

// Part is a set of targets that are asked in the same ways.
type Part struct {
	Targets scan.Targets
	Pings   []Ping
	All     bool         // report silent hosts too
	Watcher scan.Watcher // of the plan; may be nil
}

// Host is what was found out about one host.
type Host struct {
	Addr   netip.Addr
	State  probe.State
	Reason probe.Reason
	Reply  probe.Reply   // what decided
	Asked  probe.Kind    // and what that answered; nil for silence
	RTT    time.Duration // negative: not known
	Tries  uint8         // packets sent for the deciding question
	Doubt  probe.Doubt   // of what decided
	By     netip.Addr    // who answered in its place, with probe.ResetInPlace
}

// Run asks all parts at once and calls emit, one call at a time and without a lock
// held, with each host that is decided. Silent hosts are reported where their part says so. base
// carries what all plans have in common: seed, source, crafts, shards.
func Run(ctx context.Context, e *scan.Engine, base scan.Plan, parts []Part, emit func(*Host)) (scan.Stats, error) {
	var mu sync.Mutex // of out, total and failed
	var out scan.Outbox
	var wg sync.WaitGroup
	total := scan.Stats{Complete: true, Loss: -1, ExpectedMissed: -1}
	var failed error
	for _, part := range parts {
		if part.Targets.Len() == 0 {
			continue
		}
		wg.Go(func() {
			p := Plan(base, part)
			c := newCollector(p, func(h *Host) {
				mu.Lock()
				defer out.Release(&mu)
				mine := *h
				out.Put(func() { emit(&mine) })
			})
			stats, err := e.Run(ctx, p, c.hear)
			if err == nil && ctx.Err() == nil && len(c.resetOnly) > 0 {
				var more scan.Stats
				more, err = c.place(ctx, e, base)
				stats = stats.Then(more)
			}
			c.rest()
			mu.Lock()
			defer mu.Unlock()
			total = total.Plus(stats)
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	out.Wait(&mu)
	return total, failed
}

// Plan asks every host of part by one ping after the other.
func Plan(base scan.Plan, part Part) *scan.Plan {
	p := base
	p.Targets, p.Settle, p.Order, p.OmitSilence = part.Targets, scan.SettleGroup, scan.ByBlock, !part.All
	p.Watcher = part.Watcher
	kinds := map[probe.Kind]uint8{}
	for _, ping := range part.Pings {
		k, ok := kinds[ping.Kind]
		if !ok {
			k = uint8(len(p.Kinds))
			kinds[ping.Kind] = k
			p.Kinds = append(p.Kinds[:k:k], ping.Kind)
		}
		p.Asks = append(p.Asks, scan.Ask{Kind: k, Port: ping.Port})
	}
	return &p
}
