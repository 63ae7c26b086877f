package scan_test

import (
	"fmt"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// stretch is from when to when something is so.
type stretch struct{ from, to time.Duration }

// lost is what scan.Config.Lost tells of ways without a carrier in that time.
func (s *stretch) lost(start time.Time) func(uint16, time.Duration) probe.Trouble {
	return func(_ uint16, since time.Duration) probe.Trouble {
		if time.Since(start) >= s.from && since < s.to {
			return probe.NoCarrier
		}
		return 0
	}
}

// homeNetwork is a host behind a gateway of ours, whose line is down in that time.
func homeNetwork(s *stretch) string {
	return fmt.Sprintf(`
iface eth0 10.0.0.1/24 fd00::1/64
	line down %v-%v
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
	line delay 5ms
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts 10.1.0.5
	tcp drop 1-100; tcp open 101-110; udp drop 1-100; udp echo 101-200; udp closed 201-600
hosts fd01::5
	tcp drop 1-100; tcp open 101-110; udp drop 1-100; udp echo 101-200; udp closed 201-600
`, s.from, s.to)
}

// TestShortLoss: a carrier that goes for a moment, whenever it does, costs time: what was
// under way is asked anew, and what was to leave waits. Every state is as if it had been
// there throughout, and silence has been asked for as often.
func TestShortLoss(t *testing.T) {
	for _, away := range []stretch{{10 * time.Millisecond, 310 * time.Millisecond}, {500 * time.Millisecond, 2400 * time.Millisecond}, {1900 * time.Millisecond, 2200 * time.Millisecond}, {2900 * time.Millisecond, 3200 * time.Millisecond}} {
		for _, kind := range []probe.Kind{probe.SYN, probe.UDP} {
			for _, family := range []string{"10.1.0.5/32", "fd01::5/128"} {
				name := fmt.Sprintf("%v, %s, %s", away, kind.Name(), family)
				timing := scan.Template(3)
				timing.Rate = 300
				o := simulate(t, job{network: homeNetwork(&away), timing: timing, away: &away, plan: scan.Plan{
					Targets: targets(t, family), Kinds: []probe.Kind{kind}, Asks: asks(0, portRange(1, 600)...),
				}})
				proto := uint8(wire.ProtoTCP)
				if kind == probe.UDP {
					proto = wire.ProtoUDP
				}
				for _, r := range o.results {
					truth := o.network.PortState(proto, r.Probe.Target, r.Probe.Port)
					if r.Verdict.State != truth {
						t.Errorf("%s: port %d is %v and was called %v (%v)", name, r.Probe.Port, truth, r.Verdict.State, r.Verdict.Reason)
					}
					if r.Reply.Event == probe.Silence && r.Tries < 2 {
						t.Errorf("%s: port %d: silent after %d tries", name, r.Probe.Port, r.Tries)
					}
				}
				if len(o.results) != 600 || o.stats.Unasked > 0 || o.stats.Sent != o.truth.Sent {
					t.Errorf("%s: %d results, %+v, truly sent %d", name, len(o.results), o.stats, o.truth.Sent)
				}
			}
		}
	}
}

// TestLongLoss: what a carrier that stays away kept from being asked is told as this
// machine's, soon, however slow the run was to be; what was asked before is as ever.
func TestLongLoss(t *testing.T) {
	away := stretch{2 * time.Second, time.Hour}
	for _, retries := range []int{-1, 0} {
		for _, family := range []string{"10.1.0.5/32", "fd01::5/128"} {
			timing := scan.Template(3)
			timing.Rate, timing.MaxRetries = 50, retries
			o := simulate(t, job{network: homeNetwork(&away), timing: timing, away: &away, plan: scan.Plan{
				Targets: targets(t, family), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 600)...),
			}})
			local := 0
			for _, r := range o.results {
				truth := o.network.PortState(wire.ProtoTCP, r.Probe.Target, r.Probe.Port)
				switch {
				case r.Verdict.Reason == probe.ReasonLocalError && r.Verdict.State == probe.Unknown:
					local++
				case r.Verdict.State != truth:
					t.Errorf("%d retries, %s: port %d is %v and was called %v (%v)", retries, family, r.Probe.Port, truth, r.Verdict.State, r.Verdict.Reason)
				}
			}
			if len(o.results) != 600 || local < 490 || o.stats.Unasked < 490 || o.elapsed > 7*time.Second {
				t.Errorf("%d retries, %s: %d results, %d of them local, %+v, in %v", retries, family, len(o.results), local, o.stats, o.elapsed)
			}
		}
	}
}
