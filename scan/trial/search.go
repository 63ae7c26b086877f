package trial

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"sonde/scan/stat"
)

// side is a split with the side on which packets fare worse: the property that a model
// may have.
type side struct {
	*split
	harmful int // index of sides
}

// has is the set of the variants with the property.
func (s side) has() []bool {
	if s.harmful == 1 {
		return s.set
	}
	return opposite(s.set)
}

// surcharge is what an explanation has to explain more than a plain one, in the
// logarithm of the likelihood, to be preferred; it is by rank.
var surcharge = [...]float64{plain: 0, finer: 0.5, ordered: 1, together: 2.5, whole: 4}

// surcharge is that of a property; if only its opposite has a name, it is far-fetched.
func (s side) surcharge() float64 {
	names, turned := s.names()
	if turned {
		return surcharge[whole]
	}
	return surcharge[names[0].rank]
}

// names are the properties on the side that fares worse; turned, those on the other one
// if only these have names, or simpler ones than a whole list.
func (s side) names() (list []property, turned bool) {
	list, other := s.sides[s.harmful], s.sides[1-s.harmful]
	if len(list) == 0 || list[0].rank == whole && len(other) > 0 && other[0].rank < whole {
		return other, true
	}
	return list, false
}

// doubt is the logarithm of the likelihood by which an explanation has to beat another
// one before that is no rival any more: twenty to one.
var doubt = math.Log(20)

// search looks for the properties that explain an outcome.
type search struct {
	*kept
	splits []*split
	// level is the probability of an error for each split, by whether it is of one
	// property or of two.
	level [2]float64
	model []side
	fit   *fit
}

// levels divides an alpha among the splits: a fifth for those of which there are so
// many, the properties that act together only.
func levels(splits []*split, alpha float64) (each [2]float64) {
	n := [2]int{}
	for _, s := range splits {
		n[complicated(s)]++
	}
	share := [2]float64{0.8, 0.2}
	for i := range share {
		if n[1-i] == 0 {
			share[i] = 1
		}
		each[i] = alpha * share[i] / float64(max(n[i], 1))
	}
	return each
}

func complicated(s *split) int { return btoi(s.rank() >= together) }

// sets are those of a model.
func sets(model []side) [][]bool {
	list := make([][]bool, len(model))
	for i, s := range model {
		list[i] = s.has()
	}
	return list
}

// candidate is a model with one more property, or with another one.
type candidate struct {
	side
	fit  *fit
	gain float64 // its likelihood less its surcharge
}

// candidates adds each split to a model, the side that is worse as the property, the
// best candidate first.
func (s *search) candidates(model []side) (list []candidate) {
	start := s.newFit(sets(model), nil)
	for _, one := range s.splits {
		if slices.ContainsFunc(model, func(m side) bool { return m.split == one }) {
			continue
		}
		if c := s.candidate(model, start, one); c.fit != nil {
			list = append(list, c)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { // the simpler one first where rounding decides
		return cmp.Less(math.Round(list[j].gain*1e5), math.Round(list[i].gain*1e5))
	})
	return list
}

// candidate adds a split to a model that has been fitted.
func (s *search) candidate(model []side, start *fit, one *split) (best candidate) {
	for harmful := range 2 {
		added := side{one, harmful}
		f := s.newFit(append(sets(model), added.has()), start.theta)
		if c := (candidate{added, f, f.likely - added.surcharge()}); best.fit == nil || c.gain > best.gain+1e-9 {
			best = c
		}
	}
	return best
}

// run adds the property that explains most as long as it is no chance, then exchanges
// properties for better ones and takes away those that explain nothing any more.
func (s *search) run() {
	s.fit = s.newFit(nil, nil)
	for range 12 {
		added := false
		for i, c := range s.candidates(s.model) {
			if i == 10 || c.fit.likely-s.fit.likely < 1 {
				break
			}
			if s.p(s.model, s.fit, c) <= s.level[complicated(c.split)] {
				s.model, s.fit = append(s.model, c.side), c.fit
				added = true
				break
			}
		}
		if !added {
			return
		}
		s.exchange()
		if !s.prune() {
			return
		}
	}
}

// exchange replaces properties of the model by others as long as this explains more.
func (s *search) exchange() {
	for range 10 {
		better := false
		for i := range s.model {
			rest := slices.Delete(slices.Clone(s.model), i, i+1)
			list := s.candidates(rest)
			if len(list) == 0 || list[0].split == s.model[i].split {
				continue
			}
			now := s.candidate(rest, s.newFit(sets(rest), nil), s.model[i].split)
			if list[0].gain > now.gain+1e-3 {
				s.model, s.fit = append(rest, list[0].side), list[0].fit
				better = true
				break
			}
		}
		if !better && !s.exchangeTwo() {
			return
		}
	}
}

const (
	manyPairs = 24  // bounds the pairs that exchangeTwo tries
	another   = 3.0 // what two properties have to explain more than one
)

// exchangeTwo replaces one or two properties of the model by two of the simplest ones,
// as two filters may first look like one that wants both properties, or any of them. It
// tells whether it did.
func (s *search) exchangeTwo() bool {
	for i := range s.model {
		for j := range i + 1 {
			rest := slices.Delete(slices.Clone(s.model), i, i+1)
			now := s.fit.likely - s.model[i].surcharge()
			if i == j {
				now += another
			} else {
				rest = slices.Delete(rest, j, j+1)
				now -= s.model[j].surcharge()
			}
			list := slices.DeleteFunc(s.candidates(rest), func(c candidate) bool { return c.rank() > finer })
			list = list[:min(len(list), manyPairs)]
			for a := range list {
				first := append(slices.Clone(rest), list[a].side)
				for b := range a {
					c := s.candidate(first, list[a].fit, list[b].split)
					if c.gain-list[a].surcharge() > now+1e-3 {
						s.model, s.fit = append(first, c.side), c.fit
						return true
					}
				}
			}
		}
	}
	return false
}

// prune takes away the properties that are no more than chance, given the others. It
// tells whether the last one that was added is still there in some form: false where the
// search would go in circles.
func (s *search) prune() bool {
	before := len(s.model)
	for i := 0; i < len(s.model); {
		rest, f, c := s.without(i)
		if s.p(rest, f, c) <= s.level[complicated(c.split)] {
			i++
			continue
		}
		s.model, s.fit = rest, f
		i = 0
	}
	return len(s.model) == before
}

// without returns the model without property i, and this property as a candidate.
func (s *search) without(i int) (rest []side, f *fit, c candidate) {
	rest = slices.Delete(slices.Clone(s.model), i, i+1)
	f = s.newFit(sets(rest), nil)
	return rest, f, s.candidate(rest, f, s.model[i].split)
}

// p is the probability that a candidate explains as much by chance, given a model. Where
// variants have the same of the model's properties, and not of the candidate's, their
// order in each block was drawn by lot, and the test needs no model at all: it holds
// whatever the path does to blocks. Elsewhere, as for two properties together when both
// are in the model, the likelihoods are compared.
func (s *search) p(model []side, f *fit, c candidate) float64 {
	cells := cellsOf(sets(model), len(s.n))
	if varies(c.set, cells, s.n) {
		p, _ := stat.Stratified(s.strata(c.set, cells))
		return p
	}
	return stat.NormalP(math.Sqrt(2 * max(0, c.fit.likely-f.likely)))
}

// varies tells whether variants of the same cell, of which something was seen, are
// partly in the set.
func varies(set []bool, cells []int, n []float64) bool {
	seen := map[int]bool{}
	for v, c := range cells {
		if in, ok := seen[c]; n[v] > 0 && ok && in != set[v] {
			return true
		} else if n[v] > 0 {
			seen[c] = set[v]
		}
	}
	return false
}

// rivals are the splits that explain about as much as property i of the model does, if
// they take its place, and how far the nearest of them is, as a share of doubt.
func (s *search) rivals(i int) (list []candidate, nearest float64) {
	nearest = 1
	rest, _, now := s.without(i)
	cells := cellsOf(sets(s.model), len(s.n))
	for _, c := range s.candidates(rest) {
		if c.split == now.split || slices.ContainsFunc(s.model, func(m side) bool { return m.split == c.split }) {
			continue
		}
		if slices.Equal(cellsOf(sets(append(slices.Clone(rest), c.side)), len(s.n)), cells) {
			continue // the same model in other words
		}
		if ahead := now.gain - c.gain; ahead < doubt {
			list = append(list, c)
			nearest = min(nearest, max(0, ahead)/doubt)
		}
	}
	return list, nearest
}
