package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTheilSen: a quarter of the points is anywhere, and the line is found all the same.
func TestTheilSen(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		var x, y []float64
		for i := range 120 {
			at := float64(i) / 2
			v := 3 + 100e-6*at + r.NormFloat64()*1e-4
			if r.IntN(4) == 0 {
				v += r.Float64() * 10
			}
			x, y = append(x, at), append(y, v)
		}
		l := TheilSen(x, y)
		if math.Abs(l.Slope-100e-6) > 5e-6 || math.Abs(l.At(0)-3) > 5e-4 {
			t.Errorf("seed %d: %+v, at 0 %v", seed, l, l.At(0))
		}
	}
}

// TestIntervals: 95 % of the intervals contain what is true, with normal errors and
// without a wrong point.
func TestIntervals(t *testing.T) {
	level, slope := 0, 0
	const runs = 1000
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 2))
		var x, y []float64
		for i := range 30 {
			x, y = append(x, float64(i)), append(y, 5-0.1*float64(i)+r.NormFloat64())
		}
		l := TheilSen(x, y)
		if math.Abs(l.Slope+0.1) <= l.SlopeError {
			slope++
		}
		if math.Abs(l.Level-(5-0.1*l.Center)) <= l.LevelError {
			level++
		}
	}
	for name, n := range map[string]int{"slope": slope, "level": level} {
		if share := float64(n) / runs; share < 0.9 || share > 0.985 {
			t.Errorf("%s: the interval is right in %v of the runs", name, share)
		}
	}
}

func TestFewPoints(t *testing.T) {
	for n, want := range map[int]float64{1: 7, 2: 7.5, 4: 8.5} {
		x, y := []float64{1, 2, 3, 4}[:n], []float64{7, 8, 9, 10}[:n]
		l := TheilSen(x, y)
		if l.Level != want || !math.IsInf(l.SlopeError, 1) || !math.IsInf(l.LevelError, 1) {
			t.Errorf("%d points: %+v", n, l)
		}
	}
	if l := TheilSen([]float64{1, 1, 1}, []float64{2, 3, 4}); l.Slope != 0 || l.Level != 3 {
		t.Errorf("%+v", l)
	}
	if l := TheilSen(nil, nil); l.Slope != 0 || l.Level != 0 {
		t.Errorf("%+v", l)
	}
	one := []float64{1, 1, 1, 1, 1, 1}
	if l := TheilSen(one, one); l.Slope != 0 || l.Level != 1 || math.IsNaN(l.SlopeError) {
		t.Errorf("%+v", l)
	}
}

func TestQuantile(t *testing.T) {
	for _, tt := range []struct {
		q, want float64
	}{{0, 1}, {0.5, 2.5}, {1, 4}, {0.25, 1.75}, {-1, 1}, {2, 4}} {
		if got := Quantile([]float64{4, 1, 3, 2}, tt.q); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.q, got, tt.want)
		}
	}
	if !math.IsNaN(Quantile(nil, 0.5)) {
		t.Error("a quantile of nothing")
	}
	if got := Spread([]float64{1, 2, 3, 4, 100}, 3); got != 1.4826 {
		t.Error(got)
	}
}
