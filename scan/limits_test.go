package scan_test

import (
	"context"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// TestGroupEndsAtOnce: a host that answered is not waited for any longer.
func TestGroupEndsAtOnce(t *testing.T) {
	o := simulate(t, job{network: oneHost, plan: scan.Plan{
		Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.Echo, probe.SYN}, Asks: []scan.Ask{{Kind: 0}, {Kind: 1, Port: 445}},
		Settle: scan.SettleGroup, Order: scan.ByBlock,
	}})
	if len(o.results) != 1 || o.results[0].Verdict.Reason != probe.EchoReply {
		t.Fatalf("%+v", o.results)
	}
	if o.elapsed > 11*time.Millisecond {
		t.Errorf("took %v, the round trip is 10 ms", o.elapsed)
	}
}

// TestHostTimeout gives up on a host, and reports what is known of it.
func TestHostTimeout(t *testing.T) {
	timing := scan.Template(3)
	timing.Rate = 10
	o := simulate(t, job{network: oneHost, timing: timing, plan: scan.Plan{
		Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 100)...), HostTimeout: 3 * time.Second,
	}})
	count := map[probe.Reason]int{}
	for _, r := range o.results {
		count[r.Verdict.Reason]++
	}
	if len(o.results) != 100 || count[probe.ReasonDeadline] < 60 || count[probe.Reset] < 20 {
		t.Errorf("%d results: %v", len(o.results), count)
	}
	if o.elapsed > 4*time.Second {
		t.Errorf("took %v", o.elapsed)
	}
}

// TestDeadline reports what is known when the context ends.
func TestDeadline(t *testing.T) {
	timing := scan.Template(3)
	timing.Rate = 10
	o := simulate(t, job{network: oneHost, timing: timing, plan: scan.Plan{
		Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 100)...),
	}, ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, 3*time.Second)
	}})
	if o.stats.Complete || !o.stats.Interrupted {
		t.Errorf("%+v", o.stats)
	}
	closed := 0
	for _, r := range o.results {
		if r.Verdict.State == probe.Closed {
			closed++
		}
	}
	if n := len(o.results); n < 28 || n > 32 || closed < n-1 {
		t.Errorf("%d results, %d closed", n, closed)
	}
}

// TestSlowTemplates do not wait for the pacer at the end.
func TestSlowTemplates(t *testing.T) {
	for n, want := range []time.Duration{300 * time.Second, 15 * time.Second, 400 * time.Millisecond} {
		o := simulate(t, job{network: oneHost, timing: scan.Template(n), plan: scan.Plan{
			Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 22, 80),
		}})
		if o.elapsed < want || o.elapsed > want+20*time.Millisecond {
			t.Errorf("-T%d: two ports took %v, want %v", n, o.elapsed, want)
		}
	}
}

// TestHostTimeoutEndsWaits does not wait longer for a reply than for its host.
func TestHostTimeoutEndsWaits(t *testing.T) {
	timing := scan.Template(3)
	timing.Timeout = time.Minute
	o := simulate(t, job{network: oneHost, timing: timing, plan: scan.Plan{
		Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 445), HostTimeout: time.Second,
	}})
	if len(o.results) != 1 || o.results[0].Verdict.Reason != probe.ReasonDeadline {
		t.Errorf("%+v", o.results)
	}
	if o.elapsed > 2*time.Second {
		t.Errorf("took %v", o.elapsed)
	}
}
