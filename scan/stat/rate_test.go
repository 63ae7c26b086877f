package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// near tells whether a number is what it should be, to so many decimals.
func near(got, want float64, decimals int) bool {
	return math.Abs(got-want) <= 0.5000001*math.Pow10(-decimals)
}

func TestNormal(t *testing.T) {
	for p, want := range map[float64]float64{0.975: 1.959964, 0.5: 0, 0.05: -1.644854, 1e-300: -37.0471} {
		if got := NormalQuantile(p); !near(got, want, 4) {
			t.Errorf("the quantile of %v is %v, want %v", p, got, want)
		}
	}
	if !math.IsInf(NormalQuantile(0), -1) || !math.IsInf(NormalQuantile(1), 1) {
		t.Error("the quantiles of 0 and 1")
	}
	for z, want := range map[float64]float64{0: 1, 1.959964: 0.05, -1.959964: 0.05, 37: 1.14511e-299, 1000: 1e-300} {
		if got := NormalP(z); math.Abs(got/want-1) > 1e-4 {
			t.Errorf("beyond %v: %v, want %v", z, got, want)
		}
	}
	for _, tt := range []struct {
		x       float64
		freedom int
		want    float64
	}{{3.841459, 1, 0.05}, {18.307038, 10, 0.05}, {0, 3, 1}, {5, 0, 1}, {1e6, 3, 1e-300}} {
		if got := ChiSquaredP(tt.x, tt.freedom); math.Abs(got/tt.want-1) > 1e-5 {
			t.Errorf("%v, %d degrees of freedom: %v, want %v", tt.x, tt.freedom, got, tt.want)
		}
	}
}

// TestIntervalsOfRates: the examples of R. G. Newcombe, Statistics in Medicine 17, 1998,
// pages 857 and 873.
func TestIntervalsOfRates(t *testing.T) {
	for _, tt := range []struct{ yes, n, low, high float64 }{
		{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}, {20, 20, 0.8389, 1}, {0, 0, 0, 1},
	} {
		if low, high := Wilson(tt.yes/max(tt.n, 1), tt.n, Normal95); !near(low, tt.low, 4) || !near(high, tt.high, 4) {
			t.Errorf("%v of %v: %v to %v", tt.yes, tt.n, low, high)
		}
	}
	for _, tt := range []struct{ a, na, b, nb, low, high float64 }{
		{56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090}, {10, 10, 0, 20, 0.6791, 1}, {10, 10, 0, 10, 0.6075, 1}, {0, 10, 0, 10, -0.2775, 0.2775},
	} {
		if low, high := Difference(tt.a/tt.na, tt.na, tt.b/tt.nb, tt.nb, Normal95); !near(low, tt.low, 4) || !near(high, tt.high, 4) {
			t.Errorf("%+v: %v to %v", tt, low, high)
		}
	}
}

func TestStratified(t *testing.T) {
	for _, tt := range []struct {
		name   string
		strata []Stratum
		p      float64
		excess float64
	}{
		{"the lady tasting tea", []Stratum{{3, 4, 1, 4}}, 34.0 / 70, 1},
		{"all right", []Stratum{{4, 4, 0, 4}}, 2.0 / 70, 2},
		{"the other way round", []Stratum{{0, 4, 4, 4}}, 2.0 / 70, -2},
		{"ten pairs, A always", []Stratum{{1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 1}}, 2.0 / 1024, 5},
		{"as expected", []Stratum{{1, 2, 1, 2}}, 1, 0},
		{"only one group, only successes, only failures", []Stratum{{1, 2, 0, 0}, {2, 2, 3, 3}, {0, 2, 0, 3}}, 1, 0},
		{"nothing", nil, 1, 0},
		{"strata, not the sum of them", []Stratum{{80, 100, 8, 10}, {1, 10, 10, 100}}, 1, 0},
	} {
		p, excess := Stratified(tt.strata)
		if math.Abs(p-tt.p) > 1e-9 || math.Abs(excess-tt.excess) > 1e-9 {
			t.Errorf("%s: p %v, excess %v", tt.name, p, excess)
		}
	}
	if p, _ := Stratified([]Stratum{{100000, 100000, 0, 100000}}); p != 1e-300 {
		t.Errorf("as different as can be: %v", p)
	}
	if p, _ := Stratified([]Stratum{{130, 130, 0, 130}}); p < 1e-90 || p > 1e-75 { // 2 in 390!/260!/130! ways
		t.Errorf("nearly as different: %v", p)
	}
}

// TestStratifiedHolds: at random, p below any level is no more frequent than that level,
// with the exact distribution, with the normal one, and where one passes into the other.
func TestStratifiedHolds(t *testing.T) {
	for _, strata := range []int{3, 40, 240, 1200} {
		const runs = 2000
		below := map[float64]int{0.05: 0, 0.01: 0}
		for seed := range uint64(runs) {
			r := rand.New(rand.NewPCG(seed, uint64(strata)))
			var list []Stratum
			for range strata {
				rate := [2]float64{0.5, 0.9}[r.IntN(2)]
				s := Stratum{NA: 2, NB: 4}
				for range s.NA {
					s.A += coin(r, rate)
				}
				for range s.NB {
					s.B += coin(r, rate)
				}
				list = append(list, s)
			}
			p, _ := Stratified(list)
			for level := range below {
				if p <= level {
					below[level]++
				}
			}
		}
		for level, n := range below {
			expected := level * runs
			if float64(n) > expected+3.5*math.Sqrt(expected) || strata > 200 && float64(n) < expected/3 {
				t.Errorf("%d strata: p ≤ %v in %d of %d runs", strata, level, n, runs)
			}
		}
	}
}

func coin(r *rand.Rand, rate float64) int {
	if r.Float64() < rate {
		return 1
	}
	return 0
}

// TestExactAndNormal: where the normal distribution takes over it says nearly the same.
func TestExactAndNormal(t *testing.T) {
	for _, excess := range []int{5, 15, 25} {
		s := []Stratum{{A: 200 + excess, NA: 460, B: 200 - excess, NB: 460}} // a variance of 57
		exact, seen := Stratified(s)
		normal := NormalP((seen - 0.5) / math.Sqrt(56.6))
		if ratio := exact / normal; ratio < 0.8 || ratio > 1.25 {
			t.Errorf("excess %d: exact %v, normal %v", excess, exact, normal)
		}
	}
}
