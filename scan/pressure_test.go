package scan_test

import (
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// TestBackPressure sends into a buffer that is far too small: nothing is lost,
// and nothing fails.
func TestBackPressure(t *testing.T) {
	for _, buffer := range []string{"sendbuf 1 500/s\n", "sendbuf 8 500/s\n", "sendbuf 50 400/s\n"} {
		for _, kind := range []probe.Kind{probe.SYN, probe.UDP} {
			for _, template := range []int{3, 5} {
				var times []time.Duration
				o := simulate(t, job{network: buffer + mixedHost, timing: scan.Template(template), link: sendTimes(&times), plan: scan.Plan{
					Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{kind}, Asks: asks(0, portRange(1, 300)...), Seed: 2,
				}})
				proto := uint8(wire.ProtoTCP)
				if kind == probe.UDP {
					proto = wire.ProtoUDP
				}
				for _, r := range o.results {
					if truth := o.network.PortState(proto, r.Probe.Target, r.Probe.Port); r.Verdict.State != truth {
						t.Errorf("%q, %s, -T%d: port %d is %v and was called %v (%v)", buffer, kind.Name(), template, r.Probe.Port, truth, r.Verdict.State, r.Verdict.Reason)
					}
				}
				if o.truth.SendFull == 0 {
					t.Errorf("%q, %s, -T%d: the buffer was never full", buffer, kind.Name(), template)
				}
				if len(o.results) != 300 || o.stats.SendErrors != 0 || o.stats.Sent != o.truth.Sent || o.stats.Sent != uint64(len(times)) || !o.stats.Complete || o.stats.Unsolicited != 0 {
					t.Errorf("%q, %s, -T%d: %d results, %+v, truly sent %d", buffer, kind.Name(), template, len(o.results), o.stats, o.truth.Sent)
				}
			}
		}
	}
}
