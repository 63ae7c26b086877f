package compare

import (
	"slices"
	"testing"
	"time"

	"sonde/scan/report"
)

// TestNotRecorded: of a question that the far capture has not, since it was not yet being
// made or no more, it is said that it was answered if the near one has the answer, and of
// others nothing.
func TestNotRecorded(t *testing.T) {
	for seed := range uint64(4) {
		for _, end := range []bool{false, true} {
			w := newWorld(seed, seed%2 == 1)
			w.nat, w.copies = nat{}, 0
			w.syns(400, 5*time.Millisecond, true)
			edge := w.begin.Add(w.offset + time.Second)
			w.far = slices.DeleteFunc(w.far, func(r record) bool { return r.at.Before(edge) != end })
			r := w.compare(t)
			right, unsure, wrong := w.score(t, r)
			answered := 0
			for q, fate := range w.truth {
				if fate == report.Answered && (q.at > edge.Add(-w.offset).UnixNano()) == end {
					answered++
				}
			}
			// A third of what is asked is not answered.
			if wrong > 0 || answered < 100 || unsure < 30 || unsure > 100 || right < 300 {
				t.Errorf("seed %d, end %v: %d right, %d unsure, %d wrong, %d answered behind the edge", seed, end, right, unsure, wrong, answered)
			}
		}
	}
}

// TestNearEnds: an answer that came when the near capture was no more being made is not
// called lost.
func TestNearEnds(t *testing.T) {
	for seed := range uint64(4) {
		w := newWorld(seed, seed%2 == 1)
		w.delay, w.lost = 300*time.Millisecond, [3]float64{}
		w.syns(400, 5*time.Millisecond, true)
		edge := w.begin.Add(time.Second)
		w.near = slices.DeleteFunc(w.near, func(r record) bool { return r.at.After(edge) })
		for q := range w.truth {
			if q.at > edge.UnixNano() {
				delete(w.truth, q)
			}
		}
		if right, unsure, wrong := w.score(t, w.compare(t)); wrong > 0 || right < 70 || unsure < 70 {
			t.Errorf("seed %d: %d right, %d unsure, %d wrong", seed, right, unsure, wrong)
		}
	}
}

// TestStopped: how much more likely it is that a capture ended than that so many were lost.
func TestStopped(t *testing.T) {
	every := func(n int64) func(int) int64 { return func(i int) int64 { return int64(i+1) * n } }
	for _, tt := range []struct {
		name      string
		n         int
		gap       int64
		lost      float64
		low, high float64
	}{
		{"none is missing", 0, 1, 0.1, 0, 0},
		{"one of ten thousand", 1, 1, 0.15, 0, unlikely},
		{"one of ten", 1, 1000, 0.15, 0.01, 1},
		{"ten", 10, 1, 0.15, 100, 1e9},
		{"ten where most are lost", 10, 1, 0.99, 0, 0.001},
	} {
		if got := stopped(every(tt.gap), tt.n, 0, 10_000, tt.lost); got < tt.low || got > tt.high {
			t.Errorf("%s: %g, want %g to %g", tt.name, got, tt.low, tt.high)
		}
	}
}
