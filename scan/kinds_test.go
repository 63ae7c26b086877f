package scan_test

import (
	"testing"

	"sonde/probe"
	"sonde/scan"
)

// TestKindsTogether asks one host in every way in one plan: every answer finds
// its kind, and none is unsolicited for having been shown to another one.
func TestKindsTogether(t *testing.T) {
	kinds := []probe.Kind{probe.ACK, probe.SYN, probe.Echo, probe.UDP}
	for _, family := range []string{"10.1.0.5/32", "fd01::5/128"} {
		plan := scan.Plan{Targets: targets(t, family), Kinds: kinds, Asks: []scan.Ask{
			{Kind: 0, Port: 50}, {Kind: 1, Port: 1}, {Kind: 1, Port: 51}, {Kind: 1, Port: 100}, {Kind: 2}, {Kind: 3, Port: 2}, {Kind: 3, Port: 52}, {Kind: 3, Port: 100},
		}}
		o := simulate(t, job{network: mixedHost, plan: plan})
		type question struct {
			kind uint8
			port uint16
		}
		got := map[question]probe.Reason{}
		for _, r := range o.results {
			got[question{r.Probe.Kind, r.Probe.Port}] = r.Verdict.Reason
		}
		for q, want := range map[question]probe.Reason{
			{0, 50}: probe.Reset, {1, 1}: probe.SynAck, {1, 51}: probe.Reset, {1, 100}: probe.NoResponse, {2, 0}: probe.EchoReply,
			{3, 2}: probe.UDPResponse, {3, 52}: probe.PortUnreach, {3, 100}: probe.NoResponse,
		} {
			if r, ok := got[q]; !ok || r != want {
				t.Errorf("%s: %s port %d: %v, want %v", family, kinds[q.kind].Name(), q.port, r, want)
			}
		}
		if len(o.results) != 8 || o.stats.Unsolicited != 0 || o.stats.Duplicates != 0 || o.stats.Received != 6 {
			t.Errorf("%s: %d results, %+v", family, len(o.results), o.stats)
		}
	}
}
