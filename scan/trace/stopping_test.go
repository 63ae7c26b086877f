package trace

import (
	"math/rand/v2"
	"testing"
)

// TestStoppingPoints: the numbers are within one of those that are published for 95 %, and
// keep it.
func TestStoppingPoints(t *testing.T) {
	s := stopping{fail: 0.05}
	want := []int{6, 11, 16, 21, 27, 33, 38, 44, 51, 57, 63, 70, 76, 83, 90, 96}
	for i, n := range want {
		if got := s.after(i + 1); got < n || got > n+1 {
			t.Errorf("%d next hops: %d flows, want %d", i+1, got, n)
		}
	}
	for _, n := range []int{1, 2, 3, 16, 40} {
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		const runs = 2000
		missed := 0
		for range runs {
			seen := map[int]bool{}
			for flows := 0; len(seen) == 0 || flows < s.after(len(seen)); flows++ {
				seen[rng.IntN(n)] = true
			}
			if len(seen) < n {
				missed++
			}
		}
		if share := float64(missed) / runs; share > 0.05+0.015 || n == 1 && share > 0 { // three standard deviations
			t.Errorf("%d next hops: missed in %v of the runs", n, share)
		}
	}
}
