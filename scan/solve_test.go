package scan

import (
	"math"
	"testing"
)

// TestSolveMean: the loss whose answers need so many tries on average is found for every
// loss and every number of tries, from the distribution summed up try by try.
func TestSolveMean(t *testing.T) {
	for tries := 2; tries <= MostTries; tries++ {
		for percent := range 95 {
			q := float64(percent) / 100
			mean, all := 0.0, 0.0
			for i := 1; i <= tries; i++ {
				p := (1 - q) * math.Pow(q, float64(i-1))
				mean += float64(i) * p
				all += p
			}
			if got := solveMean(mean/all, tries); math.Abs(got-q) > 1e-9 {
				t.Errorf("%d tries: loss %v, want %v", tries, got, q)
			}
		}
		if got := solveMean(float64(tries), tries); math.Abs(got-highestLoss) > 1e-9 {
			t.Errorf("%d tries that all were needed: loss %v, want %v", tries, got, highestLoss)
		}
	}
}
