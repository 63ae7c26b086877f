package scan_test

import (
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// TestPace: a plan's packets, further tries included, keep the distance that it
// asks for, and its own number of tries and wait count, not the engine's.
func TestPace(t *testing.T) {
	var left []time.Duration
	o := simulate(t, job{network: mute, plan: scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN},
		Asks: asks(0, 1, 2, 3, 4, 5, 6, 7), Pace: 70 * time.Millisecond, Tries: 2, Timeout: 100 * time.Millisecond},
		link: func(l *simnet.Link) {
			l.OnSend = func(at time.Duration, b []byte, _ bool, _ wire.MAC) { left = append(left, at) }
		}})
	if len(left) != 14 || o.stats.Sent != 14 {
		t.Fatalf("%d packets left, want two for each of 7 questions", len(left))
	}
	for i := range left[1:] {
		if d := left[i+1] - left[i]; d < 70*time.Millisecond || d > 75*time.Millisecond {
			t.Errorf("packet %d left %v after the one before", i+1, d)
		}
	}
	if end := left[len(left)-1] + 100*time.Millisecond; o.elapsed < end || o.elapsed > end+5*time.Millisecond {
		t.Errorf("it took %v, want %v: one wait after the last packet", o.elapsed, end)
	}
}
