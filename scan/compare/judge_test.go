package compare

import (
	"slices"
	"testing"
	"time"

	"sonde/scan/report"
)

// TestMissingInFar: a question that the far capture has not, though it has the answer that
// came, was answered.
func TestMissingInFar(t *testing.T) {
	for seed := range uint64(4) {
		w := newWorld(seed, seed%2 == 1)
		w.nat, w.copies = nat{}, 0
		w.syns(400, 5*time.Millisecond, true)
		missing, n := 0, 0
		w.far = slices.DeleteFunc(w.far, func(r record) bool {
			if r.answers(w.v6) {
				return false
			}
			n++
			if n%20 == 0 {
				missing++
			}
			return n%20 == 0
		})
		if missing < 10 {
			t.Fatalf("only %d are missing", missing)
		}
		// Of those that were not answered nothing is left in FAR: they may seem lost on
		// the way there, as may those whose answers NEAR has not.
		r := w.compare(t)
		for _, p := range r.pairs {
			if p.Verdict == report.LostThere && p.Answer != "" {
				t.Errorf("seed %d: answered by %s, and called %v: %+v", seed, p.Answer, p.Verdict, p)
			}
		}
		answered := uint64(0)
		for _, fate := range w.truth {
			if fate == report.Answered {
				answered++
			}
		}
		if got := r.all.Flows[report.Answered]; got != answered {
			t.Errorf("seed %d: %d answered, want %d", seed, got, answered)
		}
	}
}
