package scan_test

import (
	"context"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// TestResume cuts runs short and goes on from what they decided: together they
// decide every question once, as an uninterrupted run does.
func TestResume(t *testing.T) {
	for _, after := range []time.Duration{15 * time.Millisecond, 40 * time.Millisecond, 70 * time.Millisecond} {
		plan := func() scan.Plan {
			return scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 1000)...), Seed: 4}
		}
		network := oneHost
		first := simulate(t, job{network: network, plan: plan(), ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, after)
		}})
		known := map[uint64]bool{}
		for _, r := range first.results {
			if r.Verdict.Reason != probe.ReasonDeadline {
				known[r.Number] = true
			}
		}
		rest := plan()
		rest.Watcher = decided{known: known}
		second := simulate(t, job{network: network, plan: rest})
		seen := map[uint16]int{}
		for _, o := range []outcome{first, second} {
			for _, r := range o.results {
				if r.Verdict.Reason != probe.ReasonDeadline {
					seen[r.Probe.Port]++
				}
			}
		}
		for port := uint16(1); port <= 1000; port++ {
			if seen[port] != 1 {
				t.Errorf("cut after %v: port %d was decided %d times", after, port, seen[port])
			}
		}
		if len(known) == 0 || len(known) == 1000 {
			t.Errorf("cut after %v: %d questions were decided", after, len(known))
		}
	}
}

// decided is a Watcher that skips what an earlier run has decided.
type decided struct {
	scan.NoWatcher
	known map[uint64]bool
}

func (d decided) Skip(number uint64) bool { return d.known[number] }
