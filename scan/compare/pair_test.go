package compare

import (
	"testing"
	"time"

	"sonde/scan/report"
)

// TestReceived: of the packets of connections whose numbers are rewritten, all that arrive
// are found, in either direction.
func TestReceived(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		w := newWorld(3, v6)
		w.nat.ports, w.copies, w.late = false, 0, 0
		w.connections(100, 3, 20*time.Millisecond)
		arrived, returned := uint64(0), uint64(0)
		for _, fate := range w.truth {
			if fate != report.LostThere {
				arrived++
			}
			if fate == report.Answered {
				returned++
			}
		}
		r := w.compare(t)
		if there, back := r.all.There.Arrived, r.all.Back.Arrived; there != arrived || back != returned {
			t.Errorf("IPv6 %v: %d there, want %d; %d back, want %d", v6, there, arrived, back, returned)
		}
	}
}
