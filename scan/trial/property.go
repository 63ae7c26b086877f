package trial

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// simplicity orders explanations: of those that fit as well, the simplest is named.
type simplicity int

const (
	plain    simplicity = iota // an element is there or not; one value of a factor
	finer                      // one value of an element; a threshold of a quantity
	ordered                    // which of two elements comes first; any value of a factor but one
	together                   // two properties at once
	whole                      // a whole list; how many elements it has
)

// property is something that some variants have and others have not.
type property struct {
	terms  []Term
	rank   simplicity
	set    []bool     // by variant
	about  string     // the element of a list
	within simplicity // orders those of a rank: of two together, the sum of theirs
}

// split is one way in which properties part the variants. The data cannot tell those
// of a side from each other.
type split struct {
	set   []bool        // the variants on side 1
	sides [2][]property // of the variants outside of set, and of those in it; the simplest first
}

// rank is that of the simplest property on either side.
func (s *split) rank() simplicity {
	rank := whole
	for _, side := range s.sides {
		if len(side) > 0 {
			rank = min(rank, side[0].rank)
		}
	}
	return rank
}

// splits returns all ways to part the variants that a property makes, in an order that
// does not depend on that of factors' values.
func (d *Design) splits() []*split {
	var all []property
	single := make([][]property, len(d.Factors)) // those that may act together
	for i := range d.Factors {
		f := &d.Factors[i]
		if f.list() {
			single[i] = d.ofElements(i)
		} else {
			single[i] = d.ofValues(i)
			all = append(all, d.ofOthers(i)...)
		}
		all = append(all, single[i]...)
		if f.list() {
			all = append(all, d.ofLists(i)...)
			all = append(all, pairs(presences(single[i]), presences(single[i]))...)
		}
		for j := range i {
			all = append(all, pairs(single[j], single[i])...)
		}
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, b := &all[i], &all[j]
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.within, b.within), cmp.Compare(words(a.terms), words(b.terms))) < 0
	})
	byKey := map[string]*split{}
	var list []*split
	for _, p := range all {
		key, side, ok := p.key()
		if !ok {
			continue
		}
		s := byKey[key]
		if s == nil {
			s = &split{set: p.set}
			if side == 0 {
				s.set = opposite(p.set)
			}
			byKey[key] = s
			list = append(list, s)
		}
		if !slices.ContainsFunc(s.sides[side], func(q property) bool { return words(q.terms) == words(p.terms) }) {
			s.sides[side] = append(s.sides[side], p)
		}
	}
	return list
}

// key is the same for a property and its opposite; side tells which of them it is. All
// variants or none are no property.
func (p *property) key() (key string, side int, ok bool) {
	set := p.set
	if set[0] {
		side, set = 1, opposite(set)
	}
	var b strings.Builder
	for _, in := range set {
		b.WriteByte("01"[btoi(in)])
	}
	return b.String(), side, strings.Contains(b.String(), "1")
}

// with returns the set of the variants of which has holds, given the level of a factor.
func (d *Design) with(factor int, has func(level int) bool) []bool {
	set := make([]bool, d.Variants())
	for v := range set {
		set[v] = has(d.Levels(v)[factor])
	}
	return set
}

// quantities are the fields and elements of which more or less may matter; all others
// are numbers only by name.
var quantities = []string{"size", "ttl", "window", "data-length", "fragment", "mss", "wscale", numberOf + "tcp-options"}

// ofValues are the properties of a factor that is no list: each value, and thresholds.
func (d *Design) ofValues(factor int) (list []property) {
	f := &d.Factors[factor]
	numbers := make([]int64, len(f.Values))
	all := true
	for l, v := range f.Values {
		in := d.with(factor, func(level int) bool { return f.Values[level].Text == v.Text })
		list = append(list, property{terms: []Term{{f.Name, f.Name + "=" + v.name()}}, rank: plain, set: in})
		n, err := strconv.ParseInt(v.Text, 0, 64)
		numbers[l], all = n, all && err == nil
	}
	if all {
		list = append(list, d.thresholds(factor, f.Name, numbers, nil)...)
	}
	return list
}

// ofOthers are the properties of having any value but one, of three or more.
func (d *Design) ofOthers(factor int) (list []property) {
	f := &d.Factors[factor]
	for _, v := range f.Values {
		in := d.with(factor, func(level int) bool { return f.Values[level].Text != v.Text })
		is := []Term{{f.Name, f.Name + " other than " + v.name()}}
		list = append(list, property{terms: is, rank: ordered, set: in})
	}
	if len(f.Values) < 3 {
		return nil
	}
	return list
}

// thresholds are the properties "at least" and "less than" of a number that each level
// of a factor has, or only those for which there is true; where two values are all,
// there is nothing between them.
func (d *Design) thresholds(factor int, name string, numbers []int64, there []bool) (list []property) {
	distinct := map[int64]bool{}
	for l, n := range numbers {
		if there == nil || there[l] {
			distinct[n] = true
		}
	}
	if len(distinct) < 3 || !slices.Contains(quantities, name) {
		return nil
	}
	for _, n := range slices.Sorted(maps.Keys(distinct))[1:] {
		for sign, less := range map[string]bool{"≥": false, "<": true} {
			in := d.with(factor, func(l int) bool { return (there == nil || there[l]) && (numbers[l] < n) == less })
			list = append(list, property{terms: []Term{{d.Factors[factor].Name, fmt.Sprintf("%s %s %d", name, sign, n)}}, rank: finer, within: 1, set: in})
		}
	}
	return list
}

// pairs are the properties of having one of each list at once, where this is not the
// same as having one of them.
func pairs(a, b []property) (list []property) {
	for _, p := range a {
		for _, q := range b {
			terms := []Term{p.terms[0], q.terms[0]}
			if terms[0].Factor == terms[1].Factor && (p.about == q.about || terms[0].Text > terms[1].Text) {
				continue // of one element, or the same pair the other way round
			}
			both := make([]bool, len(p.set))
			for v := range both {
				both[v] = p.set[v] && q.set[v]
			}
			if !slices.Equal(both, p.set) && !slices.Equal(both, q.set) {
				list = append(list, property{terms: terms, rank: together, set: both, within: p.rank + q.rank})
			}
		}
	}
	return list
}

// presences leaves those of a list's properties that say what is in it.
func presences(list []property) (left []property) {
	for _, p := range list {
		if p.rank < ordered && !strings.HasPrefix(p.terms[0].Text, missing) {
			left = append(left, p)
		}
	}
	return left
}

// words is the text of a property.
func words(terms []Term) string {
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = t.Text
	}
	return strings.Join(parts, " and ")
}

func opposite(set []bool) []bool {
	other := make([]bool, len(set))
	for i, in := range set {
		other[i] = !in
	}
	return other
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
