package stack

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// The score: each leaf of the tree (a generation of a family, or a family without any) is
// as probable as its prior times the probability of what was seen,
//
//	log P(s|F) = log prior(s) + Σ_g keep_g Σ_{f∈g} log[(1−ε_f)·w_s(f) + ε_f·b_f]
//
// where ε is the chance that the way or a setting spoilt a feature, keep takes into account
// that the features of a group go together, and b is the background: how probable the value
// is of a stack of which nothing is known. What a row does not mention is neutral.
//
// A stack in no row is one of two things. A stranger has the background everywhere, so a
// value that many stacks have speaks for none of them. A cousin of a family, which was
// written after it or from it, has what that has in most features, and the background in
// the others: without cousins a stack that is like Linux in twenty things and unlike it in
// five would be Linux.

const (
	// unknownPrior is how frequent stacks in no row are, as a share of all.
	unknownPrior = 0.25
	// cousins is the share of these that are cousins of some family, and alikeness that of
	// the features which a cousin has from it.
	cousins   = 0.5
	alikeness = 0.75
	// common is how much of the background is what stacks in the database have; the rest
	// is any value that is possible.
	common = 0.5
	// DeepEnough is how probable a node of the tree is that is named.
	DeepEnough = 0.8
	// sureEnough is how probable a family is that is named at all.
	sureEnough = 0.5
	// mostSure bounds what is said: beyond it lies what nobody has measured. Of rows that
	// nobody has verified the bound is lower.
	mostSure, mostUnverified = 0.99, 0.8
	mostReasons              = 6
	// leastEvidence is what must speak for a family that is named, as the logarithm of a
	// likelihood ratio: without it nothing is said but how frequent the family is.
	leastEvidence = 1.5
	// fewRows is of how many rows the background is made, at least: of fewer the others
	// would be any.
	fewRows = 8
)

// Verdict is what features come to.
type Verdict struct {
	Match   *Match  // nil: unknown
	Unknown float64 // probability of a stack that is in no row
	// Others are families that are not excluded, the most probable first, without Match.
	Others []Other
	// For and Against are the reasons that count most for the best family, against what
	// comes next, and against it.
	For, Against []Reason
	Seen         int // features that some row has something to say of
}

// Match is the deepest node of the tree that is sure enough.
type Match struct {
	Key        string // of the family
	Name       string // "Linux 4.20 or newer"
	Family     string
	Generation string // "": it cannot be told
	CPE        string
	Device     string
	Confidence float64 // probability of Family, and of Generation where there is one
	InFamily   float64 // probability of Family
	Unverified bool    // nobody here has seen one: the row is general knowledge
	Hints      []Hint
}

// Hint is something beside the tree that is probable.
type Hint struct {
	Name       string
	Confidence float64
}

// Other is a family that it may be, too.
type Other struct {
	Name       string
	Confidence float64
}

// Reason is a feature and its value. Weight is the logarithm of how much it speaks for the
// best family rather than the next; negative: against.
type Reason struct {
	Feature, What, Value string
	Weight               float64
}

// leaf is a node without nodes below it.
type leaf struct {
	row   *row
	gen   *branch // nil: the family
	prior float64
	p     float64 // probability
}

// Judge says which stack answers so.
func (d *Database) Judge(seen Features) *Verdict {
	s := d.scoring(seen)
	leaves := d.leaves()
	total := 0.0
	for i := range leaves {
		total += leaves[i].prior
	}
	unknown := unknownPrior * (1 - cousins) // the stranger, to whom all are compared
	sum := unknown
	for i := range leaves {
		l := &leaves[i]
		share := l.prior / total
		l.p = share * (1 - unknownPrior) * math.Exp(s.ratio(l, 1))
		cousin := share * unknownPrior * cousins * math.Exp(s.ratio(l, alikeness))
		unknown += cousin
		sum += l.p + cousin
	}
	for i := range leaves {
		leaves[i].p /= sum
	}
	s.generations(leaves)
	v := &Verdict{Unknown: unknown / sum, Seen: s.seen}
	d.decide(v, leaves, s)
	return v
}

// leaves are all leaves, each with its share of its family's prior.
func (d *Database) leaves() (list []leaf) {
	for _, r := range d.rows {
		if len(r.Gen) == 0 {
			list = append(list, leaf{row: r, prior: r.Prior})
			continue
		}
		sum := 0.0
		for _, key := range r.gens {
			sum += r.Gen[key].Prior
		}
		for _, key := range r.gens {
			b := r.Gen[key]
			list = append(list, leaf{row: r, gen: b, prior: r.Prior * b.Prior / sum})
		}
	}
	return list
}

// generations parts the probability of each family anew among its leaves: what tells
// generations apart are few features, so each counts whole.
func (s *scoring) generations(leaves []leaf) {
	for from := 0; from < len(leaves); {
		to, family, sum := from, 0.0, 0.0
		for ; to < len(leaves) && leaves[to].row == leaves[from].row; to++ {
			l := &leaves[to]
			family += l.p
			l.p = l.prior * math.Exp(s.apart(l))
			sum += l.p
		}
		for i := range leaves[from:to] {
			leaves[from+i].p *= family / sum
		}
		from = to
	}
}

// decide makes a verdict of the probabilities of leaves.
func (d *Database) decide(v *Verdict, leaves []leaf, s *scoring) {
	families := map[*row]float64{}
	top := map[*row]*leaf{}
	for i := range leaves {
		l := &leaves[i]
		families[l.row] += l.p
		if t := top[l.row]; t == nil || l.p > t.p {
			top[l.row] = l
		}
	}
	order := slices.SortedFunc(maps.Keys(families), func(a, b *row) int {
		return cmp.Or(cmp.Compare(families[b], families[a]), cmp.Compare(a.key, b.key))
	})
	if len(order) == 0 || s.seen == 0 {
		return
	}
	first := order[0]
	var second *leaf
	if len(order) > 1 && families[order[1]] > v.Unknown {
		second = top[order[1]]
	}
	v.For, v.Against = s.reasons(top[first], second)
	for _, r := range order {
		if p := families[r]; p >= 0.05 {
			v.Others = append(v.Others, Other{r.Name, p})
		}
	}
	if families[first] < sureEnough || v.Unknown >= families[first] || s.ratio(top[first], 1) < leastEvidence {
		return
	}
	v.Others = v.Others[1:]
	v.Match = match(first, top[first], families[first])
	for _, key := range slices.Sorted(maps.Keys(first.Hint)) {
		b := first.Hint[key]
		if p := s.hint(top[first], b) * v.Match.InFamily; p >= DeepEnough && s.mentions(b) {
			v.Match.Hints = append(v.Match.Hints, Hint{b.Name, min(p, mostSure)})
		}
	}
}

// match names a family, and its generation where that is sure enough.
func match(r *row, l *leaf, p float64) *Match {
	most := mostSure
	if r.Unverified {
		most = mostUnverified
	}
	m := &Match{Key: r.key, Name: r.Name, Family: r.Name, CPE: r.CPE, Device: r.Device, Unverified: r.Unverified,
		Confidence: min(p, most), InFamily: min(p, most)}
	if l.gen != nil && l.p >= DeepEnough {
		m.Generation, m.Name, m.Confidence = l.gen.Name, r.Name+" "+l.gen.Name, min(l.p, most)
		m.CPE = cmp.Or(l.gen.CPE, r.CPE)
	}
	return m
}

// scoring is what is the same for all leaves.
type scoring struct {
	features   Features
	background map[string]float64 // of the value that was seen
	seen       int
}

func (d *Database) scoring(seen Features) *scoring {
	s := &scoring{features: seen, background: map[string]float64{}}
	for name, value := range seen {
		g, f := find(name)
		if g == nil {
			continue
		}
		sum, n := 0.0, 0.0
		for _, r := range d.rows {
			if p, ok := r.share(name, value, 1/f.values); ok {
				sum += p
				n++
			}
		}
		if n > 0 {
			s.seen++
		}
		n, sum = max(n, fewRows), sum+max(0, fewRows-n)/f.values
		s.background[name] = (1-common)/f.values + common*sum/n
	}
	return s
}

// share is how probable a value is of a family, over its generations; false if it has no
// word to say of the feature.
func (r *row) share(name, value string, any float64) (p float64, ok bool) {
	if w := r.weights[name]; w != nil {
		return w.of(value, any), true
	}
	prior := 0.0
	for _, key := range r.gens {
		b := r.Gen[key]
		prior += b.Prior
		if w := b.Features[name]; w != nil {
			p, ok = p+b.Prior*w.of(value, any), true
		} else {
			p += b.Prior * any
		}
	}
	return p / max(prior, 1e-9), ok
}

// of is how probable value is, where one that is not named has the share any of what is
// left.
func (w valueWeights) of(value string, any float64) float64 {
	if p, ok := w[value]; ok && value != rest {
		return p
	}
	return w[rest] * any
}
