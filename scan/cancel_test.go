package scan_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// TestCancel ends runs at random times: every question that was asked has one
// result, none has two, nothing is made up, and the run says that it is
// incomplete.
func TestCancel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	cut := 0
	for i := range 200 {
		kind, settle, first := probe.SYN, scan.SettleEach, portRange(1, 200)
		switch i % 4 {
		case 1:
			kind = probe.UDP
		case 2:
			settle, first = scan.SettleNever, []uint16{22, 50, 100}
		}
		plan := scan.Plan{Targets: targets(t, "10.1.0.5/32", "fd01::5/128"), Kinds: []probe.Kind{kind}, Asks: asks(0, first...), Seed: uint64(i), Settle: settle}
		if settle == scan.SettleNever {
			plan.Reps, plan.Order = 100, scan.ByBlock
		}
		after := time.Duration(rng.Int64N(int64(1500 * time.Millisecond)))
		if i%3 == 0 {
			after /= 20
		}
		type question struct {
			v6   bool
			port uint16
		}
		asked := map[question]int{}
		o := simulate(t, job{network: "rcvbuf 1000\n" + mixedHost, seed: uint64(i + 1), plan: plan,
			ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, after)
			},
			link: func(l *simnet.Link) {
				l.OnSend = func(_ time.Duration, b []byte, _ bool, _ wire.MAC) {
					v6 := b[0]>>4 == 6
					at := map[bool]int{false: 20, true: 40}[v6]
					asked[question{v6, uint16(b[at+2])<<8 | uint16(b[at+3])}]++
				}
			}})
		if o.stats.Complete == o.stats.Interrupted {
			t.Errorf("run %d: complete %v, interrupted %v", i, o.stats.Complete, o.stats.Interrupted)
		}
		if o.stats.Interrupted {
			cut++
			if o.elapsed != after {
				t.Errorf("run %d was to end at %v, and did at %v", i, after, o.elapsed)
			}
		}
		seen := map[uint64]bool{}
		results := map[question]int{}
		for _, r := range o.results {
			if seen[r.Number] {
				t.Errorf("run %d: two results for %+v", i, r.Probe)
			}
			seen[r.Number] = true
			results[question{r.Probe.Target.Is6(), r.Probe.Port}]++
			proto := uint8(wire.ProtoTCP)
			if kind == probe.UDP {
				proto = wire.ProtoUDP
			}
			truth := o.network.PortState(proto, r.Probe.Target, r.Probe.Port)
			undecided := r.Verdict.State == probe.Unknown && r.Verdict.Reason == probe.ReasonDeadline
			if r.Verdict.State != truth && !(undecided && o.stats.Interrupted) {
				t.Errorf("run %d, cut at %v: port %d is %v and was called %v (%v)", i, after, r.Probe.Port, truth, r.Verdict.State, r.Verdict.Reason)
			}
		}
		for q, n := range asked {
			if settle == scan.SettleNever && results[q] != n || settle == scan.SettleEach && results[q] != 1 {
				t.Errorf("run %d, cut at %v: %+v was sent %d times and has %d results", i, after, q, n, results[q])
			}
		}
		for q := range results {
			if asked[q] == 0 {
				t.Errorf("run %d, cut at %v: %+v was never asked and has a result", i, after, q)
			}
		}
		if o.stats.Sent != o.truth.Sent {
			t.Errorf("run %d: sent %d, truly %d", i, o.stats.Sent, o.truth.Sent)
		}
	}
	if cut < 50 {
		t.Errorf("only %d runs were cut", cut)
	}
}
