package scan_test

import (
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// sparse is a host behind a firewall that drops, but for a few ports in a thousand.
const sparse = `
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
	line delay 2ms
	LINE
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts 10.1.0.5
	tcp drop all; tcp open all 0.1%
hosts fd01::5
	tcp drop all; tcp open all 0.1%
`

// sparsely asks 30,000 ports of it. It returns how many open ones were missed, and when
// packets left.
func sparsely(t *testing.T, target, line string, timing scan.Timing) (o outcome, missed int, left []time.Duration) {
	t.Helper()
	o = simulate(t, job{network: strings.Replace(sparse, "LINE", line, 1), timing: timing, link: sendTimes(&left), plan: scan.Plan{
		Targets: targets(t, target), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 30_000)...), Seed: 4,
	}})
	for _, r := range o.results {
		if open := o.network.PortState(wire.ProtoTCP, r.Probe.Target, r.Probe.Port) == probe.Open; open != (r.Verdict.State == probe.Open) {
			missed++
		}
	}
	if len(o.results) != 30_000 || o.truth.Lost[1] == 0 && o.stats.Duplicates > 0 || o.stats.Unsolicited > 0 || o.stats.Sent != o.truth.Sent {
		t.Errorf("%s: %d results, %+v, truly sent %d", target, len(o.results), o.stats, o.truth.Sent)
	}
	return o, missed, left
}

// TestControls: where nearly everything is silent, who answers is asked once more, and by
// that the rate rises beyond what silence allows; that is no duplicate, and no answer of its
// own.
func TestControls(t *testing.T) {
	timing := scan.Template(4)
	for _, target := range []string{"10.1.0.5/32", "fd01::5/128"} {
		for _, line := range []string{"line loss 0%", "line loss 2.5%"} {
			o, missed, left := sparsely(t, target, line, timing)
			if most := fastest(left, 10*time.Millisecond); float64(most) < 2*timing.Quiet/100 {
				t.Errorf("%s, %s: %d packets in 10 ms at most, the ceiling of silence is %v", target, line, most, timing.Quiet/100)
			}
			if missed > 0 || o.elapsed > 1500*time.Millisecond {
				t.Errorf("%s, %s: %d ports are called what they are not, after %v", target, line, missed, o.elapsed)
			}
		}
	}
}

// TestControlsTellOfLoss: where the path carries no more, controls show that, too.
func TestControlsTellOfLoss(t *testing.T) {
	for _, target := range []string{"10.1.0.5/32", "fd01::5/128"} {
		for _, line := range []string{"line there rate 60000/s queue 600", "line there rate 60000/s queue 100"} {
			o, missed, left := sparsely(t, target, line, scan.Template(4))
			t.Logf("%v, %d packets in 10 ms at most, %d of %d dropped", o.elapsed, fastest(left, 10*time.Millisecond), o.truth.QueueDrops[0], o.truth.Sent)
			if missed > 0 {
				t.Errorf("%s, %s: %d ports are called what they are not", target, line, missed)
			}
			if o.truth.QueueDrops[0] > o.truth.Sent/8 {
				t.Errorf("%s, %s: %d of %d packets were too many for the line", target, line, o.truth.QueueDrops[0], o.truth.Sent)
			}
		}
	}
}

// TestNoControls: where it was said how many packets there are to be, or how many a second,
// nobody is asked once more.
func TestNoControls(t *testing.T) {
	once, slowly := scan.Template(4), scan.Template(4)
	once.MaxRetries, slowly.Rate = 0, 50_000
	o, _, _ := sparsely(t, "10.1.0.5/32", "", once)
	if o.stats.Sent != 30_000 {
		t.Errorf("%d packets, want one for each question", o.stats.Sent)
	}
	o, _, _ = sparsely(t, "10.1.0.5/32", "", slowly)
	tries := uint64(0)
	for _, r := range o.results {
		tries += uint64(r.Tries)
	}
	if o.stats.Sent != tries {
		t.Errorf("%d packets, want %d", o.stats.Sent, tries)
	}
}
