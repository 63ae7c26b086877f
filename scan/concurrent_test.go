package scan_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/simnet"
)

// TestPlansAtOnce runs plans that ask the same questions, and others, at the
// same time on one engine. Each has its own answers, and nobody else's.
func TestPlansAtOnce(t *testing.T) {
	newPlans := func() []scan.Plan {
		syn, udp, echo, ack := []probe.Kind{probe.SYN}, []probe.Kind{probe.UDP}, []probe.Kind{probe.Echo}, []probe.Kind{probe.ACK}
		t4, t6 := targets(t, "10.1.0.5/32"), targets(t, "fd01::5/128")
		return []scan.Plan{
			{Targets: t4, Kinds: syn, Asks: asks(0, portRange(1, 120)...), Craft: linux(t)},
			{Targets: t4, Kinds: syn, Asks: asks(0, portRange(30, 150)...), Seed: 5},
			{Targets: t6, Kinds: syn, Asks: asks(0, portRange(1, 120)...)},
			{Targets: t4, Kinds: syn, Asks: asks(0, portRange(1, 50)...), SourcePort: 53},
			{Targets: t4, Kinds: udp, Asks: asks(0, portRange(1, 120)...)},
			{Targets: t4, Kinds: udp, Asks: asks(0, portRange(1, 120)...), Seed: 1},
			{Targets: t4, Kinds: ack, Asks: asks(0, portRange(1, 120)...)},
			{Targets: t4, Kinds: echo, Asks: asks(0, 0)},
			{Targets: t4, Kinds: echo, Asks: asks(0, 0)},
			{Targets: t6, Kinds: echo, Asks: asks(0, 0)},
			{Targets: t4, Kinds: echo, Asks: asks(0, 0), Reps: 20, Settle: scan.SettleNever, Order: scan.ByBlock},
		}
	}
	results := func(rs []scan.Result) map[string]string {
		m := map[string]string{}
		for _, r := range rs {
			q := fmt.Sprint(r.Probe.Target, r.Probe.Port, r.Probe.Rep)
			if m[q] != "" {
				t.Errorf("two results for %+v", r.Probe)
			}
			m[q] = fmt.Sprint(r.Verdict.State, r.Verdict.Reason)
		}
		return m
	}
	var alone []map[string]string
	for _, p := range newPlans() {
		o := simulate(t, job{network: mixedHost, plan: p})
		alone = append(alone, results(o.results))
	}
	network, err := simnet.Parse("mixed", mixedHost)
	if err != nil {
		t.Fatal(err)
	}
	plans := newPlans()
	together, stats := make([][]scan.Result, len(plans)), make([]scan.Stats, len(plans))
	var truth simnet.Counts
	synctest.Test(t, func(t *testing.T) {
		link := network.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: firstPort, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			var wg sync.WaitGroup
			errs := make([]error, len(plans))
			for i := range plans {
				wg.Go(func() {
					stats[i], errs[i] = e.Run(context.Background(), &plans[i], func(r *scan.Result) { together[i] = append(together[i], *r) })
				})
			}
			wg.Wait()
			for _, err := range errs {
				if err != nil {
					t.Error(err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		truth = link.Counts()
	})
	var sum scan.Stats
	for i := range plans {
		got := results(together[i])
		for q, want := range alone[i] {
			if got[q] != want {
				t.Errorf("plan %d, %s: %q, alone %q", i, q, got[q], want)
			}
		}
		if len(got) != len(alone[i]) {
			t.Errorf("plan %d: %d results, alone %d", i, len(got), len(alone[i]))
		}
		if s := stats[i]; s.Duplicates != 0 || s.Unsolicited != 0 || !s.Complete {
			t.Errorf("plan %d: %+v", i, s)
		}
		sum.Sent += stats[i].Sent
		sum.Received += stats[i].Received
	}
	if sum.Sent != truth.Sent || sum.Received != truth.Received {
		t.Errorf("together sent %d and received %d, truly %d and %d", sum.Sent, sum.Received, truth.Sent, truth.Received)
	}
}
