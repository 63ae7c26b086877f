package lab_test

import (
	"testing"
	"time"

	"sonde/scan/lab/labtest"
)

// TestArrivals: all that comes in is noted, in order, and nothing that leaves.
func TestArrivals(t *testing.T) {
	n := labtest.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, b, "10.1.0.1/24", "10.1.0.2/24")
	frame := append(append([]byte(b.MAC("eth0")), a.MAC("eth0")...), 0x88, 0xb5) // of no protocol (IEEE 802 local experimental)
	frame = append(frame, make([]byte, 1400)...)
	seen, back := b.Arrivals("eth0"), a.Arrivals("eth0")
	const many = 50_000
	start, done := time.Now(), make(chan struct{})
	go func() {
		defer close(done)
		a.Flood("eth0", [][]byte{frame}, many)
	}()
	times := seen.Until(done)
	if len(times) != many {
		t.Errorf("%d frames, want %d", len(times), many)
	}
	for i, at := range times {
		if at.Before(start) || at.After(time.Now()) || i > 0 && at.Before(times[i-1]) {
			t.Fatalf("frame %d came in at %v", i, at)
		}
	}
	if sent := back.Until(done); len(sent) != 0 {
		t.Errorf("%d frames came in where they left", len(sent))
	}
}
