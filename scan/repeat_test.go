package scan_test

import (
	"testing"

	"sonde/probe"
	"sonde/scan"
)

// TestRepeats asks a question more often than there are source ports, as -c
// does: every answer finds its repetition.
func TestRepeats(t *testing.T) {
	for kind, port := range map[probe.Kind]uint16{probe.SYN: 80, probe.ACK: 80, probe.UDP: 53, probe.Echo: 0} {
		const reps = 9000 // with 4,000 ports
		o := simulate(t, job{network: routed + "\tline delay 5ms\npath 10.1.0.0/16 r1\nhosts 10.1.0.5\n\ttcp closed all\n\tudp echo 53\n", timing: scan.Template(3), plan: scan.Plan{
			Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{kind}, Asks: asks(0, port), Reps: reps, Settle: scan.SettleNever, Order: scan.ByBlock,
		}})
		seen := map[uint32]bool{}
		for _, r := range o.results {
			if r.Reply.Event == probe.Answer {
				seen[r.Probe.Rep] = true
			}
		}
		if len(o.results) != reps || len(seen) != reps {
			t.Errorf("%s: %d results, %d repetitions answered", kind.Name(), len(o.results), len(seen))
		}
		if o.stats.Sent != reps || o.stats.Duplicates != 0 || o.stats.Unsolicited != 0 {
			t.Errorf("%s: %+v", kind.Name(), o.stats)
		}
	}
}
