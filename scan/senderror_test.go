package scan_test

import (
	"fmt"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

const mixedHost = `
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
	line delay 5ms
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts 10.1.0.5
	tcp drop all; tcp open 1-40; tcp closed 41-80
	udp drop all; udp echo 1-40; udp closed 41-80
hosts fd01::5
	tcp drop all; tcp open 1-40; tcp closed 41-80
	udp drop all; udp echo 1-40; udp closed 41-80
`

// TestSendErrors: what this machine could not send says nothing about the
// target.
func TestSendErrors(t *testing.T) {
	for _, errno := range []string{"ENOBUFS", "EPERM", "ENETUNREACH"} {
		for _, percent := range []int{100, 30} {
			for _, kind := range []probe.Kind{probe.SYN, probe.UDP} {
				for _, family := range []string{"10.1.0.5/32", "fd01::5/128"} {
					name := fmt.Sprintf("%s %d%%, %s, %s", errno, percent, kind.Name(), family)
					o := simulate(t, job{network: fmt.Sprintf("send-error %s %d%%\n", errno, percent) + mixedHost, plan: scan.Plan{
						Targets: targets(t, family), Kinds: []probe.Kind{kind}, Asks: asks(0, portRange(1, 120)...),
					}})
					proto := uint8(wire.ProtoTCP)
					if kind == probe.UDP {
						proto = wire.ProtoUDP
					}
					failed := 0
					for _, r := range o.results {
						truth := o.network.PortState(proto, r.Probe.Target, r.Probe.Port)
						local := r.Verdict.State == probe.Unknown && r.Verdict.Reason == probe.ReasonLocalError && r.Reply.Errno != 0
						if local {
							failed++
						}
						if !local && (r.Verdict.State != truth || percent == 100) {
							t.Errorf("%s: port %d is %v and was called %v (%v)", name, r.Probe.Port, truth, r.Verdict.State, r.Verdict.Reason)
						}
					}
					if len(o.results) != 120 || failed == 0 || percent < 100 && failed == 120 {
						t.Errorf("%s: %d results, %d local errors", name, len(o.results), failed)
					}
					if o.stats.SendErrors != o.truth.SendErrors || o.stats.Sent != o.truth.Sent || uint64(failed) != o.stats.SendErrors {
						t.Errorf("%s: %+v, truly sent %d, errors %d, %d results", name, o.stats, o.truth.Sent, o.truth.SendErrors, failed)
					}
				}
			}
		}
	}
}

// TestNoWay: what has no route is not asked.
func TestNoWay(t *testing.T) {
	for _, way := range []string{"unreachable", "prohibited", "none"} {
		network := "iface eth0 10.0.0.1/24\nroute 10.1.0.0/16 " + way + "\n"
		o := simulate(t, job{network: network, plan: scan.Plan{
			Targets: targets(t, "10.1.0.0/30"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80),
		}})
		for _, r := range o.results {
			if r.Verdict.State != probe.Unknown || r.Verdict.Reason != probe.ReasonLocalError {
				t.Errorf("%s: %v is %v (%v)", way, r.Probe.Target, r.Verdict.State, r.Verdict.Reason)
			}
		}
		if len(o.results) != 4 || o.stats.Sent != 0 || o.truth.Sent != 0 || o.elapsed > 10*time.Millisecond {
			t.Errorf("%s: %d results, %d sent, %v", way, len(o.results), o.stats.Sent, o.elapsed)
		}
	}
}

// TestUnresolvedGateway: our own kernel says host unreachable, from our own
// address. That is about this machine, not about the target.
func TestUnresolvedGateway(t *testing.T) {
	o := simulate(t, job{network: "iface eth0 10.0.0.1/24 mac 02:00:00:00:00:01\nroute 0.0.0.0/0 via 10.0.0.2\n", timing: scan.Timing{FirstWait: 5 * time.Second, Tries: 2, MaxRetries: -1, Start: 100, Quiet: 100},
		plan: scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80, 443)}})
	for _, r := range o.results {
		if r.Verdict.State != probe.Unknown || r.Verdict.Reason != probe.ReasonLocalError || r.Reply.Who != probe.Ourselves {
			t.Errorf("port %d is %v (%v)", r.Probe.Port, r.Verdict.State, r.Verdict.Reason)
		}
	}
	if len(o.results) != 2 || o.truth.Unresolved == 0 {
		t.Errorf("%d results, %d unresolved", len(o.results), o.truth.Unresolved)
	}
}
