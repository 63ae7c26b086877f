package stack

import (
	"cmp"
	"math"
	"slices"
)

// evidence is by how much the value of a feature speaks for l rather than for a stack of
// which nothing is known: the logarithm of a likelihood ratio, of which the group keeps its
// share. alike is the share of its features that a stack has from w.
func (s *scoring) evidence(g *group, f *feature, w weights, alike float64) float64 {
	b, known := s.background[f.name]
	values, ok := w[f.name]
	if !known || !ok {
		return 0
	}
	own := alike * (1 - f.spoilt)
	return g.keep * math.Log((own*values.of(s.features[f.name], b)+(1-own)*b)/b)
}

// weights is what a leaf says of a feature: its own word, else its family's.
func (l *leaf) weights(name string) weights {
	if l.gen != nil && l.gen.Features[name] != nil {
		return l.gen.Features
	}
	return l.row.weights
}

// ratio is the evidence for a leaf, of all features, or for what is like it in a share of
// them.
func (s *scoring) ratio(l *leaf, alike float64) (sum float64) {
	s.each(func(g *group, f *feature) { sum += s.evidence(g, f, l.weights(f.name), alike) })
	return sum
}

// apart is the evidence for a leaf beside others of its family, each feature whole.
func (s *scoring) apart(l *leaf) (sum float64) {
	s.each(func(g *group, f *feature) {
		if l.gen != nil && l.gen.Features[f.name] != nil {
			sum += s.evidence(g, f, l.gen.Features, 1) / g.keep
		} else {
			sum += s.evidence(g, f, l.row.weights, 1) / g.keep
		}
	})
	return sum
}

// each goes through the features that were seen, in the order of the table.
func (s *scoring) each(do func(*group, *feature)) {
	for i := range groups {
		g := &groups[i]
		for j := range g.features {
			if _, ok := s.background[g.features[j].name]; ok {
				do(g, &g.features[j])
			}
		}
	}
}

// mentions tells whether something was seen that a branch has a word to say of.
func (s *scoring) mentions(b *branch) bool {
	for name := range b.Features {
		if _, ok := s.features[name]; ok {
			return true
		}
	}
	return false
}

// hint is the probability that a hint holds of a stack that is l, beside that it does not:
// then features are as the hint says of others, or as usual. They are few, so each counts
// whole.
func (s *scoring) hint(l *leaf, b *branch) float64 {
	odds := math.Log(b.Prior)
	s.each(func(g *group, f *feature) {
		if b.Features[f.name] == nil {
			return
		}
		others := l.weights(f.name)
		if b.Otherwise[f.name] != nil {
			others = b.Otherwise
		}
		odds += (s.evidence(g, f, b.Features, 1) - s.evidence(g, f, others, 1)) / g.keep
	})
	return 1 / (1 + math.Exp(-odds))
}

// worthSaying is from which weight on a feature is a reason.
const worthSaying = 0.2

// reasons are the features that count most for l, and against it, beside another leaf; nil:
// beside a stack of which nothing is known.
func (s *scoring) reasons(l, other *leaf) (pro, con []Reason) {
	s.each(func(g *group, f *feature) {
		r := Reason{Feature: f.name, What: f.what, Value: s.features[f.name]}
		r.Weight = s.evidence(g, f, l.weights(f.name), 1)
		if r.Weight < -worthSaying {
			con = append(con, r)
			return
		}
		if other != nil {
			r.Weight -= s.evidence(g, f, other.weights(f.name), 1)
		}
		if r.Weight > worthSaying {
			pro = append(pro, r)
		}
	})
	order := func(a, b Reason) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) }
	slices.SortStableFunc(pro, order)
	slices.SortStableFunc(con, order)
	return pro[:min(len(pro), mostReasons)], con[:min(len(con), mostReasons)]
}
