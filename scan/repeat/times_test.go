package repeat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestTimes: minimum, average, maximum, deviation and percentiles, of none, of one and
// of several.
func TestTimes(t *testing.T) {
	for _, tt := range []struct {
		ms            []float64
		mean, dev     float64
		p50, p90, p99 float64
	}{
		{nil, 0, 0, 0, 0, 0},
		{[]float64{7}, 7, 0, 7, 7, 7},
		{[]float64{4, 2}, 3, 1, 2, 4, 4},
		{[]float64{9, 2, 5, 4, 12, 7, 8, 11, 9, 3}, 7, math.Sqrt(10.4), 7, 11, 12},
	} {
		var s Times
		for _, v := range tt.ms {
			s.Add(time.Duration(v * float64(time.Millisecond)))
		}
		got := []time.Duration{s.Mean(), s.Deviation(), s.Percentile(50), s.Percentile(90), s.Percentile(99)}
		for i, want := range []float64{tt.mean, tt.dev, tt.p50, tt.p90, tt.p99} {
			if diff := got[i] - time.Duration(want*float64(time.Millisecond)); diff.Abs() > time.Microsecond {
				t.Errorf("%v: figure %d is %v, want %v ms", tt.ms, i, got[i], want)
			}
		}
		if int(s.N) != len(tt.ms) || len(tt.ms) > 0 && (s.Min != time.Duration(slices.Min(tt.ms)*1e6) || s.Max != time.Duration(slices.Max(tt.ms)*1e6)) {
			t.Errorf("%v: %d, %v to %v", tt.ms, s.N, s.Min, s.Max)
		}
	}
}

// TestManyTimes: of more times than are kept one by one, percentiles err by less than
// a sixty-fourth, and they take no room of their own.
func TestManyTimes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, longest := range []float64{100, 10_000, 5e6} { // microseconds
		var s Times
		var all []time.Duration
		for range 50_000 {
			d := time.Duration(math.Pow(random.Float64(), 3)*longest) * time.Microsecond
			all = append(all, d)
			s.Add(d)
		}
		slices.Sort(all)
		for _, percent := range []int{1, 50, 90, 99, 100} {
			want, got := all[len(all)*percent/100-1], s.Percentile(percent)
			if got < want || float64(got-want) > float64(want)/64 {
				t.Errorf("up to %v µs: %d %% within %v, want %v", longest, percent, got, want)
			}
		}
		if len(s.exact) > 0 || len(s.classes) > 2048 {
			t.Errorf("%d times and %d classes are kept", len(s.exact), len(s.classes))
		}
		if s.Min != all[0] || s.Max != all[len(all)-1] {
			t.Errorf("%v to %v, want %v to %v", s.Min, s.Max, all[0], all[len(all)-1])
		}
	}
}
