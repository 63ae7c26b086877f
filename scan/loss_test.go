package scan_test

import (
	"fmt"
	"math"
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

func portRange(first, last int) []uint16 {
	var p []uint16
	for i := first; i <= last; i++ {
		p = append(p, uint16(i))
	}
	return p
}

const lossy = `
iface eth0 10.0.0.1/24
route 0.0.0.0/0 via 10.0.0.2
router r1 10.0.0.2
	line loss 30%% delay 5ms
path 10.1.0.0/16 r1
hosts 10.1.0.5
	tcp %s all
	tcp open all 50%%
`

// TestLossNeverCloses asks 1,000 ports, of which half are open, while 30 % of
// the packets are lost each way.
func TestLossNeverCloses(t *testing.T) {
	for _, rest := range []string{"drop", "closed"} {
		missed, open, loss := 0, 0, 0.0
		const seeds = 20
		for seed := range uint64(seeds) {
			o := simulate(t, job{network: fmt.Sprintf(lossy, rest), seed: seed + 1, plan: scan.Plan{
				Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 1000)...), Seed: seed,
			}})
			if len(o.results) != 1000 {
				t.Fatalf("%d results", len(o.results))
			}
			for _, r := range o.results {
				truth := o.network.PortState(wire.ProtoTCP, r.Probe.Target, r.Probe.Port)
				if truth == probe.Open {
					open++
					if r.Verdict.State == probe.Closed {
						t.Errorf("seed %d: port %d is open and was called closed", seed, r.Probe.Port)
					}
					if r.Verdict.State != probe.Open {
						missed++
					}
				} else if r.Verdict.State == probe.Open {
					t.Errorf("seed %d: port %d is %v and was called open", seed, r.Probe.Port, truth)
				}
			}
			if math.Abs(o.stats.Loss-0.51) > 0.1 { // three standard deviations of what about 490 answers tell
				t.Errorf("%s, seed %d: reported loss %.3f, want 0.51", rest, seed, o.stats.Loss)
			}
			loss += o.stats.Loss / seeds
		}
		t.Logf("%s: %d of %d open ports missed, mean loss %.3f", rest, missed, open, loss)
		if float64(missed) > 0.01*float64(open) {
			t.Errorf("%s: %d of %d open ports missed", rest, missed, open)
		}
	}
}

// TestCalibration compares what was truly missed with what sonde said it
// expected to have missed, over 40 seeds, and over more until so many questions
// were missed that chance cannot decide: 20 events are within a factor of two of
// their mean by luck too often.
func TestCalibration(t *testing.T) {
	const seeds, most, events = 40, 500, 60
	for _, percent := range []int{0, 5, 30} {
		for _, mixed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d%%,mixed=%v", percent, mixed), func(t *testing.T) {
				t.Parallel()
				truly, expected := 0.0, 0.0
				n := uint64(0)
				for ; n < seeds || percent > 0 && truly < events && n < most; n++ {
					m, e := calibrate(t, percent, mixed, n)
					truly += m
					expected += e
				}
				truly /= float64(n)
				expected /= float64(n)
				t.Logf("%d seeds: truly missed %.3f, expected %.3f", n, truly, expected)
				if truly < expected/2 || truly > expected*2 {
					t.Errorf("truly missed %.3f, expected %.3f", truly, expected)
				}
			})
		}
	}
}

// calibrate scans four hosts once, and returns how many open ports were missed
// and how many sonde expects to have missed. Mixed hosts have losses from a
// quarter to seven quarters of the mean.
func calibrate(t *testing.T, percent int, mixed bool, seed uint64) (missed, expected float64) {
	network := "iface eth0 10.0.0.1/24\nroute 0.0.0.0/0 via 10.0.0.2\nrouter r1 10.0.0.2\n\tline delay 5ms\npath 10.1.0.0/16 r1\n"
	for host := range 4 {
		loss := float64(percent)
		if mixed {
			loss *= []float64{0.25, 0.75, 1.25, 1.75}[host]
		}
		network += fmt.Sprintf("hosts 10.1.0.%d\n\ttcp drop all\n\ttcp open all 50%%\n\tline loss %g%%\n", host+4, loss)
	}
	o := simulate(t, job{network: network, seed: seed + 1, plan: scan.Plan{
		Targets: targets(t, "10.1.0.4/30"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 250)...), Seed: seed,
	}})
	for _, r := range o.results {
		if o.network.PortState(wire.ProtoTCP, r.Probe.Target, r.Probe.Port) == probe.Open && r.Verdict.State != probe.Open {
			missed++
		}
	}
	return missed, o.stats.ExpectedMissed
}
