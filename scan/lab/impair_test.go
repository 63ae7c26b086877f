package lab

import (
	"math"
	"slices"
	"testing"
	"time"
)

// fates are those of the first n packets.
func fates(i Impair, direction uint64, n int) (all []fate) {
	d := newDice(i, direction)
	for range n {
		all = append(all, d.throw())
	}
	return all
}

// TestSameSeedSameFates: a link decides by its seed, its direction and the
// number of the packet alone.
func TestSameSeedSameFates(t *testing.T) {
	i := Impair{Seed: 7, Jitter: time.Millisecond, Loss: 0.3, Duplicate: 0.1, Reorder: 0.1}
	first := fates(i, 0, 1000)
	if !slices.Equal(first, fates(i, 0, 1000)) {
		t.Error("the same seed decides otherwise")
	}
	if slices.Equal(first, fates(i, 1, 1000)) {
		t.Error("both directions decide the same")
	}
	other := i
	other.Seed = 8
	if slices.Equal(first, fates(other, 0, 1000)) {
		t.Error("another seed decides the same")
	}
	// What is lost does not depend on what else the link does.
	bare := fates(Impair{Seed: 7, Loss: 0.3}, 0, 1000)
	for n := range first {
		if (first[n].copies == 0) != (bare[n].copies == 0) {
			t.Fatalf("packet %d: lost %v, without jitter %v", n, first[n].copies == 0, bare[n].copies == 0)
		}
	}
}

// TestShares: the shares are those that were asked for, within what chance does:
// five standard deviations.
func TestShares(t *testing.T) {
	const n = 100_000
	i := Impair{Seed: 1, Delay: time.Second, Jitter: time.Second, Loss: 0.3, Duplicate: 0.1, Reorder: 0.02}
	lost, twice, late, longer := 0.0, 0.0, 0.0, 0.0
	for _, f := range fates(i, 0, n) {
		switch {
		case f.copies == 0:
			lost++
		case f.copies == 2:
			twice++
		}
		if f.late == defaultLate {
			late++
		}
		if f.after < time.Second || f.after > 2*time.Second {
			t.Fatalf("a packet takes %v, want 1 to 2 s", f.after)
		}
		if f.after > 1500*time.Millisecond {
			longer++
		}
	}
	for _, tt := range []struct {
		what      string
		got, want float64
	}{{"lost", lost, 0.3}, {"twice", twice, 0.1 * 0.7}, {"late", late, 0.02}, {"over half of the jitter", longer, 0.5}} {
		if spread := 5 * math.Sqrt(n*tt.want*(1-tt.want)); math.Abs(tt.got-n*tt.want) > spread {
			t.Errorf("%s: %v of %d, want %v ± %.0f", tt.what, tt.got, n, n*tt.want, spread)
		}
	}
	if f := fates(Impair{}, 0, 1)[0]; f != (fate{copies: 1}) {
		t.Errorf("a perfect link does %+v", f)
	}
}

// TestRewriteGarbage: what is cut off anywhere is left alone.
func TestRewriteGarbage(t *testing.T) {
	for _, first := range []byte{0x00, 0x40, 0x45, 0x4f, 0x60, 0xff} {
		for n := range 100 {
			for _, fill := range []byte{0x00, 0x01, 0x02, 0x06, 0xff} {
				p := slices.Repeat([]byte{fill}, n)
				if n > 0 {
					p[0] = first
				}
				SetTTL(p, 1)
				SetDSCP(p, 46)
				SetMSS(p, 700)
				WipeOptions(p)
				FixChecksums(p)
			}
		}
	}
}
