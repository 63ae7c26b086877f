package trial

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// finite tells whether all are numbers.
func finite(list ...float64) bool {
	return !slices.ContainsFunc(list, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}

// check says what of a verdict cannot be.
func check(v *Verdict) error {
	for _, e := range v.Effects {
		if !finite(e.With, e.Without, e.Diff, e.Low, e.High, e.P) || e.P <= 0 || e.P > 1 || e.Low > e.Diff+1e-6 || e.High < e.Diff-1e-6 ||
			math.Abs(e.With-e.Without-e.Diff) > 1e-9 || min(e.With, e.Without) < 0 || max(e.With, e.Without) > 1+1e-9 || len(e.Terms) == 0 {
			return fmt.Errorf("effect %+v", e)
		}
	}
	for _, b := range v.Rest {
		if !finite(b.Bound) || b.Bound <= 0 || b.Bound > 1 {
			return fmt.Errorf("bound %+v", b)
		}
	}
	sent := 0
	for _, r := range v.Rates {
		sent += r.Sent
		if !finite(r.Rate, r.Low, r.High) || r.Low > r.Rate || r.High < r.Rate {
			return fmt.Errorf("rate %+v", r)
		}
	}
	if !finite(v.Bound) || v.Bound < 0 || v.Bound > 1 || v.More < 0 || v.More > 1e7 || (v.Result == Named) != (len(v.Effects) > 0) || v.Result == TooFew && (v.More > 0) != (sent > 0) {
		return fmt.Errorf("%+v", v)
	}
	return nil
}

// TestEdges: few packets, one variant, nothing and everything.
func TestEdges(t *testing.T) {
	alone := design(options("mss"))
	for _, tt := range []struct {
		name   string
		d      *Design
		loss   float64
		rules  []rule
		blocks int
		want   Result
	}{
		{"nothing sent", six(), 0, nil, 0, TooFew},
		{"one block", six(), 0, nil, 1, TooFew},
		{"one lossy block", six(), 0.3, []rule{{"sackok", 0}}, 1, TooFew},
		{"two variants once", design(factor("tos", "0", "184")), 0, []rule{{"tos=184", 0}}, 1, TooFew},
		{"three blocks", six(), 0, nil, 3, TooFew},
		{"eight blocks are enough for all or nothing", six(), 0, []rule{{"sackok", 0}}, 8, Named},
		{"one variant alone", alone, 0.3, nil, 200, Nothing},
		{"all silent", six(), 1, nil, 200, Silent},
		{"all answered", six(), 0, nil, 200, Nothing},
		{"half lost", six(), 0.5, nil, 100, TooFew},
		{"half lost, many", six(), 0.5, nil, 1500, Nothing},
		{"many variants once", large, 0, nil, 1, TooFew},
		{"many variants", large, 0, nil, 60, Nothing},
		{"no factor", design(), 0, nil, 5, Nothing},
	} {
		v := Judge(tt.d, world{d: tt.d, rate: rules(tt.d, tt.loss, tt.rules...), blocks: tt.blocks}.run(5))
		if err := check(v); err != nil || v.Result != tt.want {
			t.Errorf("%s: %v, want %v; %v; bound %v, more %d, %s", tt.name, v.Result, tt.want, err, v.Bound, v.More, named(v))
		}
	}
}

// TestMore: as many blocks more as a verdict asks for do settle it, or nearly.
func TestMore(t *testing.T) {
	for _, loss := range []float64{0, 0.2, 0.5} {
		d := six()
		rate := rules(d, loss)
		v := Judge(d, world{d: d, rate: rate, blocks: 20}.run(2))
		if v.Result != TooFew {
			t.Fatalf("loss %v: %v", loss, v.Result)
		}
		after := Judge(d, world{d: d, rate: rate, blocks: 20 + v.More}.run(3))
		if after.Result == TooFew && after.Bound > 0.14 {
			t.Errorf("loss %v: after %d more the bound is %v", loss, v.More, after.Bound)
		}
	}
}

// TestWhatever: whatever becomes of packets, the verdict is made of numbers.
func TestWhatever(t *testing.T) {
	kinds := []string{"", "syn-ack", "reset", "admin-prohibited"}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		d := []*Design{six(), orders, scales, square, design(factor("ttl", "1", "2", "3")), design(options("mss", "none"), factor("tos", "0", "1"))}[r.IntN(6)]
		share := make([][]float64, d.Variants())
		for v := range share {
			for range kinds {
				share[v] = append(share[v], math.Pow(r.Float64(), float64(r.IntN(8)))*float64(r.IntN(2)))
			}
		}
		var obs []Observation
		for b := range 1 + r.IntN(40) {
			for v := range share {
				kind := kinds[0]
				for k, s := range share[v] {
					if r.Float64() < s {
						kind = kinds[k]
					}
				}
				if r.IntN(20) > 0 { // some are missing
					obs = append(obs, Observation{Variant: v, Block: b, Kind: kind, RTT: time.Millisecond})
				}
			}
		}
		if err := check(Judge(d, obs)); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// TestOrderDoesNotMatter: neither that of observations nor that of factors' values.
func TestOrderDoesNotMatter(t *testing.T) {
	d := crossed
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 4))
		obs := world{d: d, rate: rules(d, 0.1, rule{"sackok", 0.8}, rule{"tos=184", 0.8}), blocks: 60}.run(seed)
		want := Judge(d, obs)
		other := &Design{}
		for _, f := range d.Factors {
			moved := Factor{Name: f.Name}
			for _, l := range r.Perm(len(f.Values)) {
				moved.Values = append(moved.Values, f.Values[l])
			}
			other.Factors = append(other.Factors, moved)
		}
		number := map[string]int{}
		for v := range other.Variants() {
			number[other.Name(v)] = v
		}
		for i := range obs {
			obs[i].Variant = number[d.Name(obs[i].Variant)]
		}
		r.Shuffle(len(obs), func(i, j int) { obs[i], obs[j] = obs[j], obs[i] })
		got := Judge(other, obs)
		if named(got) != named(want) || got.Result != want.Result || math.Abs(got.Bound-want.Bound) > 1e-3 {
			t.Errorf("seed %d: %s, bound %v; in another order %s, bound %v", seed, named(want), want.Bound, named(got), got.Bound)
		}
		for i := range min(len(got.Effects), len(want.Effects)) {
			if g, w := got.Effects[i], want.Effects[i]; math.Abs(g.Diff-w.Diff) > 1e-4 || math.Abs(g.Low-w.Low) > 1e-4 || math.Abs(g.P/w.P-1) > 1e-6 || len(g.Alike) != len(w.Alike) {
				t.Errorf("seed %d: %+v, in another order %+v", seed, w, g)
			}
		}
	}
}

// TestCoverage: at least 93 % of the intervals have the true difference, and in 93 % of
// the runs no difference that is not named is larger than its bound.
func TestCoverage(t *testing.T) {
	t.Parallel()
	d := six()
	covered, effects := 0, 0
	for _, tt := range []struct {
		loss   float64
		rules  []rule
		blocks int
	}{
		{0, []rule{{"sackok", 0.7}}, 60},
		{0.2, []rule{{"sackok", 0.6}}, 60},
		{0.1, []rule{{"sackok", 0.5}, {"no mss", 0.3}}, 50},
		{0.05, []rule{{"sackok", 0.02}}, 40},
		{0.02, nil, 40},
	} {
		const runs = 200
		before, of, bounded := covered, effects, 0
		for seed := range uint64(runs) {
			v := Judge(d, world{d: d, rate: rules(d, tt.loss, tt.rules...), blocks: tt.blocks}.run(seed))
			truth := map[string]float64{}
			for _, r := range tt.rules {
				name := map[string]string{"sackok": "sackok", "no mss": "missing mss"}[r.what]
				truth[name] = (1 - tt.loss) * (r.lets - 1)
			}
			for _, e := range v.Effects {
				effects++
				diff := truth[words(e.Terms)]
				covered += btoi(e.Low-1e-6 <= diff && diff <= e.High+1e-6)
			}
			within := true
			for _, b := range v.Rest {
				within = within && math.Abs(truth[words(b.Terms)]) <= b.Bound
			}
			bounded += btoi(within)
		}
		if bounded < runs-runs/14 {
			t.Errorf("%+v: the bounds hold in %d of %d runs", tt, bounded, runs)
		}
		t.Logf("%+v: %d of %d intervals, the bounds in %d of %d runs", tt, covered-before, effects-of, bounded, runs)
	}
	if float64(covered) < 0.93*float64(effects) || effects < 800 {
		t.Errorf("%d of %d intervals", covered, effects)
	}
}

func BenchmarkJudge(b *testing.B) {
	obs := world{d: large, rate: badSeconds(rules(large, 0, rule{"sackok", 0.7}, rule{"tos=184", 0.5})), blocks: 1000}.run(1)
	for b.Loop() {
		Judge(large, obs)
	}
}

// TestVariantThatWasNotSent: of what a variant would have been needed for nothing is said,
// and so not that nothing makes a difference.
func TestVariantThatWasNotSent(t *testing.T) {
	for _, tt := range []struct {
		values []string
		bound  float64
	}{{[]string{"100", "1600"}, 1}, {[]string{"100", "1600", "200"}, 0.1}} {
		d := &Design{Factors: []Factor{{Name: "size"}}}
		var obs []Observation
		for v, text := range tt.values {
			d.Factors[0].Values = append(d.Factors[0].Values, Value{Text: text})
			for b := range 100 {
				if text != "1600" {
					obs = append(obs, Observation{Variant: v, Block: b, Kind: "syn-ack"})
				}
			}
		}
		v := Judge(d, obs)
		if v.Result != TooFew || v.Bound > tt.bound || v.Bound < tt.bound/10 || v.More != 0 || len(v.Untold) == 0 {
			t.Errorf("%q: %v, bound %v, %d more, untold %v", tt.values, v.Result, v.Bound, v.More, v.Untold)
		}
	}
}
