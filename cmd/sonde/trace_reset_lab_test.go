package main

import (
	"slices"
	"testing"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
)

// TestTraceReset: a firewall on the way that resets in the target's name is not the target,
// whether it does so before or after it counts the TTL down; a closed port is.
func TestTraceReset(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		chain lab.Chain
		pings bool // the target answers
		doubt probe.Doubt
		hops  int
	}{
		{"forward", lab.Forward, false, probe.ResetInPlace, 3},
		{"forward, and echoes", lab.Forward, true, probe.ResetInPlace, 3},
		{"prerouting, and echoes", lab.Prerouting, true, probe.Nearer, 2},
		{"closed", lab.Input, true, probe.NoDoubt, 4},
		{"closed, no echoes", lab.Input, false, probe.NoDoubt, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHighway(t, 0)
			if tt.chain == lab.Input {
				h.server.Firewall(lab.Rule{Chain: tt.chain, Proto: "tcp", Dport: "81", Do: lab.Reset})
			} else {
				h.routers[1].Firewall(lab.Rule{Chain: tt.chain, Proto: "tcp", Dport: "81", Do: lab.Reset})
			}
			if !tt.pings {
				h.server.Firewall(lab.Rule{Chain: lab.Input, Proto: "icmp", ICMPType: "8", Do: lab.Drop}, lab.Rule{Chain: lab.Input, Proto: "icmpv6", ICMPType: "128", Do: lab.Drop})
			}
			for _, w := range ways() {
				o := ask(t, h.client, "trace -p 81", w.server())
				sound := tt.doubt == probe.NoDoubt
				exit := job.ExitNo
				if sound {
					exit = job.ExitYes
				}
				o.wantExit(t, exit)
				o.wantRoute(t, sound, append(slices.Clone(w.hops[:tt.hops-1]), w.server())...)
				switch {
				case sound && len(o.findings) > 0 || !sound && len(o.findings) != 1:
					t.Errorf("%s: findings %v", w.name, o.findings)
				case !sound && (o.finding(tt.doubt) == nil || o.hops[tt.hops-1].Reason != probe.Reset):
					t.Errorf("%s: %s, %s", w.name, jsonOf(o.findings[0]), jsonOf(o.hops[tt.hops-1]))
				case tt.doubt == probe.ResetInPlace && o.findings[0].By.String() != w.hops[1]:
					t.Errorf("%s: by %v", w.name, o.findings[0].By)
				}
			}
		})
	}
}
