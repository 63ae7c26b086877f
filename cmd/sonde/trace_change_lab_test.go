package main

import (
	"fmt"
	"testing"

	"sonde/scan/job"
	"sonde/scan/lab"
)

// TestTraceBleached: ECN that a router takes away, and DSCP that another one does, are
// named, each at its place; nothing is where both leave all as it is.
func TestTraceBleached(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		for bleacher := range 4 {
			t.Run(fmt.Sprint(w.name, " ", bleacher), func(t *testing.T) {
				t.Parallel()
				h := newHighway(t, 0)
				h.server.TCP(80)
				want := ""
				if bleacher > 0 {
					h.routers[bleacher-1].Firewall(lab.Rule{Chain: lab.Prerouting, Dst: w.server(), TOS: 0xba, Do: w.tos(0xb8)})
					want = fmt.Sprintf("ecn ect0→not-ect %d-%d", bleacher-1, bleacher)
				}
				if wiper := bleacher%3 + 1; bleacher > 0 && wiper > bleacher {
					h.routers[wiper-1].Firewall(lab.Rule{Chain: lab.Prerouting, Dst: w.server(), Do: w.tos(0)})
					want += fmt.Sprintf(", dscp ef→cs0 %d-%d", wiper-1, wiper)
				}
				for _, flags := range []string{"-p 80", "-p 81", "--proto udp", "--proto icmp"} {
					o := ask(t, h.client, "trace --timeout 5s --dscp ef --ecn 2 "+flags, w.server())
					o.wantExit(t, job.ExitYes)
					if got := o.rewritten(); got != want {
						t.Errorf("%s: %q, want %q\n%s", flags, got, want, o.text)
					}
					for _, hop := range o.hops {
						if len(hop.Unseen) > 0 || hop.Quoted > 0 != hop.Visible {
							t.Errorf("%s: hop %d quotes %d bytes, and %q is not visible", flags, hop.TTL, hop.Quoted, hop.Unseen)
						}
					}
				}
			})
		}
	}
}
