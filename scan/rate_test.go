package scan_test

import (
	"fmt"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// sendTimes notes when packets leave.
func sendTimes(times *[]time.Duration) func(*simnet.Link) {
	return func(l *simnet.Link) {
		l.OnSend = func(at time.Duration, _ []byte, _ bool, _ wire.MAC) { *times = append(*times, at) }
	}
}

// fastest returns the highest number of packets in any window.
func fastest(times []time.Duration, window time.Duration) int {
	most, first := 0, 0
	for i, at := range times {
		for at-times[first] >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

const routed = "iface eth0 10.0.0.1/24\nroute 0.0.0.0/0 via 10.0.0.2\nrouter r1 10.0.0.2\n"

// TestBottleneck scans through a path that carries 5,000 packets a second with
// room for 50.
func TestBottleneck(t *testing.T) {
	for _, percent := range []string{"100"} {
		for _, template := range []int{3, 4} {
			t.Run(fmt.Sprintf("-T%d, %s %% answer", template, percent), func(t *testing.T) {
				network := "kernel-rst off\n" + routed + "\tline there rate 5000/s queue 50\n\tline delay 10ms\npath 10.1.0.0/16 r1\nhosts 10.1.0.0/16\n\ttcp drop all\n\ttcp open all " + percent + "%\n"
				const questions = 64 * 1000
				o := simulate(t, job{network: network, timing: scan.Template(template), plan: scan.Plan{
					Targets: targets(t, "10.1.0.0/26"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 1000)...), Seed: 3,
				}})
				missed, open := 0, 0
				for _, r := range o.results {
					if o.network.PortState(wire.ProtoTCP, r.Probe.Target, r.Probe.Port) == probe.Open {
						open++
						if r.Verdict.State != probe.Open {
							missed++
						}
					}
				}
				// Silent questions must be asked at least twice, so that is the ideal.
				silent := questions - open
				ideal := time.Duration(questions+silent) * time.Second / 5000
				t.Logf("%v, ideal %v; %d of %d missed; %d sent, %d dropped by the queue, loss %.3f", o.elapsed, ideal, missed, open, o.stats.Sent, o.truth.QueueDrops[0], o.stats.Loss)
				if o.elapsed > ideal*3/2 {
					t.Errorf("took %v, ideal is %v", o.elapsed, ideal)
				}
				if float64(missed) > 0.001*float64(open) {
					t.Errorf("%d of %d open ports missed", missed, open)
				}
			})
		}
	}
}

// TestSilenceStaysUnderTheCeiling scans where nothing answers.
func TestSilenceStaysUnderTheCeiling(t *testing.T) {
	for n := 3; n <= 5; n++ {
		var times []time.Duration
		timing := scan.Template(n)
		o := simulate(t, job{network: routed + "path 10.1.0.0/16 r1\n", timing: timing, link: sendTimes(&times), plan: scan.Plan{
			Targets: targets(t, "10.1.0.0/19"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80), OmitSilence: true,
		}})
		most := fastest(times, 10*time.Millisecond)
		t.Logf("-T%d: %d packets in %v, at most %d in 10 ms", n, o.stats.Sent, o.elapsed, most)
		if limit := int(timing.Quiet/100*1.2) + 1; most > limit {
			t.Errorf("-T%d: %d packets in 10 ms, ceiling is %d", n, most, limit)
		}
	}
}

// TestRandomLossKeepsTheRate compares the rate with 5 % of random loss to the
// rate without any.
func TestRandomLossKeepsTheRate(t *testing.T) {
	rate := func(loss string) float64 {
		network := routed + "\tline loss " + loss + "% delay 10ms\npath 10.1.0.0/16 r1\nhosts 10.1.0.0/16\n\ttcp closed all\n"
		o := simulate(t, job{network: network, plan: scan.Plan{
			Targets: targets(t, "10.1.0.0/24"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 1000)...), Seed: 5,
		}})
		return float64(o.stats.Sent) / o.elapsed.Seconds()
	}
	clean, lossy := rate("0"), rate("5")
	t.Logf("%.0f packets/s without loss, %.0f with 5 %%", clean, lossy)
	if lossy < 0.8*clean {
		t.Errorf("%.0f packets/s with 5 %% loss, %.0f without", lossy, clean)
	}
}

// TestGivenRate holds --rate at what leaves this machine, all packets counted.
func TestGivenRate(t *testing.T) {
	for _, r := range []float64{10, 1000, 100_000} {
		var times []time.Duration
		timing := scan.Template(4)
		timing.Rate = r
		hosts := "10.1.0.0/26"
		if r > 10 {
			hosts = "10.1.0.0/16"
		}
		if r == 1000 {
			hosts = "10.1.0.0/21"
		}
		simulate(t, job{network: routed + "path 10.1.0.0/16 r1\nhosts 10.1.0.0/16\n\ttcp closed all\n", timing: timing, link: sendTimes(&times), plan: scan.Plan{
			Targets: targets(t, hosts), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80),
		}})
		got := float64(len(times)-1) / (times[len(times)-1] - times[0]).Seconds()
		if got < 0.98*r || got > 1.02*r {
			t.Errorf("--rate %v: %.1f packets/s", r, got)
		}
		if most := fastest(times, 10*time.Millisecond); float64(most) > max(2, 2*r/100) {
			t.Errorf("--rate %v: %d packets in 10 ms", r, most)
		}
	}
}
