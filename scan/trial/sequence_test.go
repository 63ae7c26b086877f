package trial

import "testing"

// sequence adds blocks until it is settled, at most so many.
func (w world) sequence(seed uint64) (v *Verdict, blocks int, settled bool) {
	s := NewSequence(w.d, Options{})
	all := w.run(seed)
	for n := w.d.Variants(); len(all) > 0; all = all[n:] {
		blocks++
		if v, settled = s.Add(all[:n]); settled {
			return v, blocks, true
		}
	}
	return s.Finish(), blocks, false
}

// TestSequence: a trial stops when it is settled, and goes on when it is not.
func TestSequence(t *testing.T) {
	three := design(factor("tos", "0", "8", "184"))
	for _, tt := range []struct {
		name  string
		d     *Design
		loss  float64
		rules []rule
		want  string
		soon  int // blocks after which it is settled at the latest; 0: not within 400
	}{
		{"sackok dropped", six(), 0, []rule{{"sackok", 0}}, "sackok", 30},
		{"sackok hampered", six(), 0, []rule{{"sackok", 0.5}}, "sackok", 350},
		{"a value hampered", three, 0, []rule{{"tos=8", 0.5}}, "tos=8", 210},
		{"two rules", three, 0.1, []rule{{"tos=8", 0}, {"tos=184", 0.5}}, "tos=184; tos=8", 300},
		{"nothing", six(), 0, nil, "", 350},
		{"nothing, and much loss", six(), 0.5, nil, "", 0},
	} {
		for seed := range uint64(5) {
			v, blocks, settled := world{d: tt.d, rate: rules(tt.d, tt.loss, tt.rules...), blocks: 400}.sequence(seed)
			if named(v) != tt.want || settled != (tt.soon > 0) || settled && blocks > tt.soon {
				t.Errorf("%s, seed %d: %v %q after %d blocks, settled %v, bound %v", tt.name, seed, v.Result, named(v), blocks, settled, v.Bound)
			}
			if settled && v.Result == Nothing && v.Bound > 0.05 {
				t.Errorf("%s: settled with a bound of %v", tt.name, v.Bound)
			}
		}
	}
}

// TestSequenceIsValid: looking again and again names something where nothing makes a
// difference no more often than one look may.
func TestSequenceIsValid(t *testing.T) {
	const runs = 400
	wrong := 0
	d := design(options("mss", "mss,sackok", "mss,ts"))
	for seed := range uint64(runs) {
		s := NewSequence(d, Options{Alpha: 0.05})
		ever := false
		all := world{d: d, rate: badSeconds(rules(d, 0.2)), blocks: 220}.run(seed)
		for ; len(all) > 0; all = all[3:] {
			if v, _ := s.Add(all[:3]); v != nil && v.Result == Named {
				ever = true
			}
		}
		wrong += btoi(ever || s.Finish().Result == Named)
	}
	if wrong > runs/20+13 { // three standard deviations
		t.Errorf("%d of %d", wrong, runs)
	}
	t.Logf("%d of %d", wrong, runs)
}

// TestRivalsAreNotSettled: what may be one thing or another goes on.
func TestRivalsAreNotSettled(t *testing.T) {
	s := NewSequence(square, Options{})
	v := &Verdict{Result: Named, Effects: []Effect{{Diff: -0.5}}, Bound: 0.2}
	if !s.settled(v) {
		t.Error("bounded by half of the effect, and not settled")
	}
	v.Effects[0].Rivals = [][]Term{{{"tcp-options", "ts"}}}
	if s.settled(v) {
		t.Error("settled with a rival")
	}
}

// TestFinish: judging once more what was judged already spends nothing.
func TestFinish(t *testing.T) {
	d := design(factor("tos", "0", "184"))
	s := NewSequence(d, Options{})
	var last *Verdict
	obs := world{d: d, rate: rules(d, 0.3), blocks: firstLook}.run(1)
	for ; len(obs) > 0; obs = obs[2:] {
		last, _ = s.Add(obs[:2])
	}
	if last == nil || s.Finish() != last || s.looks != 1 {
		t.Errorf("%v, %d looks", last, s.looks)
	}
	if v := NewSequence(d, Options{}).Finish(); v.Result != TooFew {
		t.Errorf("of nothing: %v", v.Result)
	}
}
