package main

import (
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
)

// TestNetworkLost: an address, a route or a carrier of ours that goes in the middle of
// a run is no filter, and nobody is suspected for it: what could not be asked any more
// is unknown, exit 4, and that is said soon, however slow the run was to be.
func TestNetworkLost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		lose func(o *office)
	}{
		{"address", func(o *office) {
			o.client.TakeAddr("eth0", "10.1.0.1/24", "fd01::1/64")
		}},
		{"route", func(o *office) {
			o.client.TakeRoute("0.0.0.0/0", "10.1.0.2")
			o.client.TakeRoute("::/0", "fd01::2")
		}},
		{"carrier", func(o *office) { o.router.Down("eth0") }},
	} {
		for _, way := range []string{"raw", "connect"} {
			for _, target := range []string{"10.2.0.10", "fd02::10"} {
				t.Run(strings.Join([]string{tt.name, way, target}, " "), func(t *testing.T) {
					t.Parallel()
					o := newOffice(t)
					o.server.Firewall(lab.Rule{Proto: "tcp", Dport: "1-500", Do: lab.Drop}) // silent from the beginning
					lost := time.AfterFunc(900*time.Millisecond, func() { tt.lose(o) })
					defer lost.Stop()
					got := ask(t, o.client, "tcp -PN -p 1-3000 --rate 1000 --via "+way, target)
					got.wantExit(t, job.ExitLocal)
					counts := map[probe.State]int{}
					for _, p := range got.ports {
						counts[p.State]++
						if way == "connect" && p.Reason == probe.BeyondScope {
							continue // until the loss is noticed the kernel asks from its link-local address, to which a router objects
						}
						if p.State == probe.Filtered || p.State == probe.Unknown && p.Reason != probe.ReasonLocalError {
							t.Errorf("port %d: %s", p.Port.Port, p.state())
						}
					}
					if counts[probe.Unknown] == 0 || len(got.findings) > 0 {
						t.Errorf("%v, findings %v", counts, got.findings)
					}
					t.Logf("%v in %v", counts, got.took)
				})
			}
		}
	}
}
