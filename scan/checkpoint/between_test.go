package checkpoint

import "testing"

// TestBetween counts what is in a stretch of a set, whatever its edges.
func TestBetween(t *testing.T) {
	b := newBits(200)
	for i := uint64(0); i < 200; i += 3 {
		b.set(i)
	}
	for from := uint64(0); from <= 200; from++ {
		want := uint64(0)
		for to := from; to <= 200; to++ {
			if got := b.between(from, to); got != want {
				t.Fatalf("%d to %d: %d, want %d", from, to, got, want)
			}
			if to < 200 && b.has(to) {
				want++
			}
		}
	}
}
