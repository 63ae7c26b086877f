package main

import (
	"fmt"
	"testing"

	"sonde/scan/lab"
)

// TestTraceMTU: a real router says how much it passes on, or does not, and the kernel's
// memory of that changes nothing when it is asked again.
func TestTraceMTU(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		o := newOffice(t)
		o.router.MTU("eth1", 1400)
		o.server.MTU("eth0", 1400)
		if !told {
			o.router.Firewall(
				lab.Rule{Chain: lab.Output, Proto: "icmp", ICMPType: "3", Do: lab.Drop},
				lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "2", Do: lab.Drop})
		}
		for _, f := range families() {
			for _, by := range []string{"--proto icmp", "-p 80", "--proto udp"} {
				for range 2 {
					got := ask(t, o.client, "trace -n --mtu "+by, f.server)
					if len(got.mtus) != 1 {
						t.Fatalf("%d measurements", len(got.mtus))
					}
					m := got.mtus[0]
					want := fmt.Sprintf("MTU 1400 to the target: hop 1 (%s) passes on 1400\n", f.router)
					if !told {
						want = fmt.Sprintf("MTU 1400 to the target: 1401 bytes and more vanish between hop 1 (%s) and hop 2 (%s), the target, or get no answer there\n", f.router, f.server)
					}
					got.wantText(t, want)
					limits := 0
					if told {
						limits = 1
					}
					if m.MTU != 1400 || !m.Target || m.Hop.TTL != 2 || m.Own != 1500 || len(m.Limits) != limits || (m.Hole == nil) != told {
						t.Errorf("%+v", m)
					}
				}
			}
		}
	}
}
