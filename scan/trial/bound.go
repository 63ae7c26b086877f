package trial

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"sonde/scan/stat"
)

// width is what the bound on one property is made of.
type width struct {
	diff, rate, with, without float64 // the trials on either side
	z                         float64
}

// rest bounds the single properties that are not in the model.
func (j *judgement) rest(s *search, alpha float64) {
	v := j.verdict
	z := stat.NormalQuantile(1 - alpha/float64(max(1, s.simple()))/2)
	for _, one := range s.splits {
		if complicated(one) == 1 || slices.ContainsFunc(s.model, func(m side) bool { return m.split == one }) {
			continue
		}
		if s.implied(one, func(int) bool { return true }) {
			continue // the design cannot tell it from what is named
		}
		terms := one.simplest()
		alive := func(v int) bool { return s.n[v] > 0 && s.fit.log(&s.fit.cells[s.fit.cellOf[v]]) > never/2 }
		if s.implied(one, alive) {
			if !slices.ContainsFunc(v.Untold, func(t []Term) bool { return words(t) == words(terms) }) {
				v.Untold = append(v.Untold, terms)
			}
			continue
		}
		f := s.added(one)
		e, seen := f.difference(len(s.model), z), f.beside(len(s.model))
		v.bound(Bounded{terms, min(1, seen*max(-e.Low, e.High))})
		with, without := s.sides(one)
		rate := math.Exp(s.fit.theta[0])
		j.widest = append(j.widest, width{seen * math.Abs(e.Diff), rate, with / s.spread, without / s.spread, z})
	}
}

// added is the model with a split more, in the direction that is likelier.
func (s *search) added(one *split) *fit {
	f := s.newFit(append(sets(s.model), one.set), s.fit.theta)
	if g := s.newFit(append(sets(s.model), opposite(one.set)), s.fit.theta); g.likely > f.likely {
		return g
	}
	return f
}

// bound notes a bound; that of the outcome that is known least is the property's.
func (v *Verdict) bound(b Bounded) {
	v.Bound = max(v.Bound, b.Bound)
	i := slices.IndexFunc(v.Rest, func(o Bounded) bool { return words(o.Terms) == words(b.Terms) })
	if i < 0 {
		v.Rest = append(v.Rest, b)
		return
	}
	v.Rest[i].Bound = max(v.Rest[i].Bound, b.Bound)
}

// simplest is the simplest of the properties on both sides, one that is there before
// one that is missing.
func (s *split) simplest() []Term {
	best := slices.MinFunc(slices.Concat(s.sides[0], s.sides[1]), func(a, b property) int {
		lack := btoi(strings.HasPrefix(a.terms[0].Text, missing)) - btoi(strings.HasPrefix(b.terms[0].Text, missing))
		return cmp.Or(cmp.Compare(a.rank, b.rank), lack, cmp.Compare(words(a.terms), words(b.terms)))
	})
	return best.terms
}

// sides returns how many packets are on either side of a split.
func (s *search) sides(one *split) (in, out float64) {
	for v, n := range s.n {
		if one.set[v] {
			in += n
		} else {
			out += n
		}
	}
	return in, out
}

// simple is how many splits are of one property.
func (s *search) simple() (n int) {
	for _, one := range s.splits {
		n += 1 - complicated(one)
	}
	return n
}

// implied tells whether among some variants a split follows from the model: whether its
// indicator is a sum of multiples of those of the model's properties.
func (s *search) implied(one *split, among func(variant int) bool) bool {
	var basis [][]float64
	column := func(set []bool) []float64 {
		var x []float64
		for v := range s.n {
			if among(v) {
				x = append(x, float64(btoi(set == nil || set[v])))
			}
		}
		return x
	}
	for _, set := range append([][]bool{nil}, append(sets(s.model), one.set)...) {
		x := column(set)
		for _, b := range basis {
			along := 0.0
			for i := range x {
				along += x[i] * b[i]
			}
			for i := range x {
				x[i] -= along * b[i]
			}
		}
		length := 0.0
		for _, a := range x {
			length += a * a
		}
		if length = math.Sqrt(length); length < 1e-6 {
			x = nil
		} else {
			for i := range x {
				x[i] /= length
			}
			basis = append(basis, x)
		}
		if set != nil && &set[0] == &one.set[0] {
			return x == nil
		}
	}
	return true
}

// factor is how many times as many blocks would bring each bound below the limit, or
// name what exceeds it.
func (j *judgement) factor(blocks int) float64 {
	times := 1.0
	for _, w := range j.widest {
		wanted := max(j.options.Limit-w.diff, w.diff, j.options.Limit/2)
		low, high := 1.0, 1e6
		for range 60 {
			at := math.Sqrt(low * high)
			l, h := stat.Difference(w.rate, w.with*at, w.rate, w.without*at, w.z)
			if max(-l, h) > wanted {
				low = at
			} else {
				high = at
			}
		}
		times = max(times, high)
	}
	return max(times, 1+1/float64(blocks))
}
