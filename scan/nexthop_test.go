package scan_test

import (
	"fmt"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// gateNetwork is a host behind a gateway that is dead in that time.
func gateNetwork(s *stretch, frames string) string {
	return fmt.Sprintf(`
iface eth0 10.0.0.1/24 fd00::1/64 mac 02:00:00:00:00:01 %s
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2 mac 02:00:00:00:00:02
	line delay 5ms down %v-%v
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts 10.1.0.5
	tcp drop 1-100; tcp open 101-110; udp drop 1-100; udp echo 101-200; udp closed 201-600
hosts fd01::5
	tcp drop 1-100; tcp open 101-110; udp drop 1-100; udp echo 101-200; udp closed 201-600
`, frames, s.from, s.to)
}

// leavings notes when the last try of each port left.
type leavings struct {
	scan.NoWatcher
	last map[uint16]time.Duration
}

func (l *leavings) Leaving(q probe.Probe, at time.Duration, _ []byte) { l.last[q.Port] = at }

// TestGatewayDies: a gateway that dies in the middle of a run is no filter. What was asked
// since is told as this machine's, soon, however slow the run was to be; what was asked
// before is as ever; and where the gateway lives again soon, all is.
func TestGatewayDies(t *testing.T) {
	const never = time.Hour
	for _, tt := range []struct {
		stretch
		retries int
	}{
		{stretch{never, never + 1}, -1},
		{stretch{time.Second, never}, -1},
		{stretch{time.Second, never}, 0},
		{stretch{2 * time.Second, 5 * time.Second}, -1},
	} {
		for _, kind := range []probe.Kind{probe.SYN, probe.UDP} {
			for _, target := range []string{"10.1.0.5/32", "fd01::5/128"} {
				for _, frames := range []string{"frames", ""} {
					name := fmt.Sprintf("%v, %d retries, %s, %s, %s", tt.stretch, tt.retries, kind.Name(), target, frames)
					timing := scan.Template(3)
					timing.Rate, timing.MaxRetries = 100, tt.retries
					watcher := &leavings{last: map[uint16]time.Duration{}}
					o := simulate(t, job{network: gateNetwork(&tt.stretch, frames), timing: timing, resolve: true, plan: scan.Plan{
						Targets: targets(t, target), Kinds: []probe.Kind{kind}, Asks: asks(0, portRange(1, 600)...), Watcher: watcher,
					}})
					proto := uint8(wire.ProtoTCP)
					if kind == probe.UDP {
						proto = wire.ProtoUDP
					}
					local := 0
					for _, r := range o.results {
						port := r.Probe.Port
						truth := o.network.PortState(proto, r.Probe.Target, port)
						silent := r.Reply.Event == probe.Silence
						switch {
						case r.Verdict.Reason == probe.ReasonLocalError && probe.Trouble(r.Reply.Errno) == probe.GatewaySilent:
							local++
						case r.Verdict.State != truth, silent && watcher.last[port] > tt.from && watcher.last[port] < tt.to:
							t.Errorf("%s: port %d is %v, was last asked at %v, and was called %v (%v)", name, port, truth, watcher.last[port], r.Verdict.State, r.Verdict.Reason)
						}
					}
					dies := tt.to == never
					if len(o.results) != 600 || dies != (local > 400) || !dies && local > 0 || dies && o.elapsed > tt.from+8*time.Second {
						t.Errorf("%s: %d results, %d of them local, in %v", name, len(o.results), local, o.elapsed)
					}
					if o.stats.Sent != o.truth.Sent {
						t.Errorf("%s: %+v, truly sent %d", name, o.stats, o.truth.Sent)
					}
				}
			}
		}
	}
}
