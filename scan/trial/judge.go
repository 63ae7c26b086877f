package trial

import (
	"cmp"
	"math"
	"slices"

	"sonde/scan/stat"
)

// Options are how sure a verdict has to be.
type Options struct {
	// Alpha is the probability of naming anything where nothing makes a difference, and of
	// naming anything more where something does, over all properties and kinds of answers;
	// 0 means 0.01, so that a trial that is repeated twenty times does not cry wolf.
	Alpha float64
	// Confidence is that of intervals, and of the bound; 0 means 0.95.
	Confidence float64
	// Limit is the largest bound at which nothing being named means Nothing, not TooFew;
	// 0 means 0.10.
	Limit float64
}

// defaults fills in what is 0.
func (o Options) defaults(limit float64) Options {
	return Options{cmp.Or(o.Alpha, 0.01), cmp.Or(o.Confidence, 0.95), cmp.Or(o.Limit, limit)}
}

// Judge says which properties of the variants of d make a difference, by what became
// of their packets. Observations may come in any order, and some may be missing. One of
// a variant that d does not have is a mistake of the caller, and panics.
func Judge(d *Design, obs []Observation) *Verdict { return JudgeWith(d, obs, Options{}) }

// JudgeWith is Judge with options.
func JudgeWith(d *Design, obs []Observation, o Options) *Verdict {
	o = o.defaults(0.10)
	v := &Verdict{Rates: rates(d, obs)}
	answered := func(o *Observation) bool { return o.Kind != "" }
	if !slices.ContainsFunc(obs, func(o Observation) bool { return o.Kind != "" }) {
		v.Result, v.Bound = Silent, 1
		if len(obs) == 0 {
			v.Result = TooFew
		}
		return v
	}
	j := judgement{verdict: v, splits: d.splits(), options: o}
	outcomes := []*kept{count(d.Variants(), obs, "", func(*Observation) bool { return true }, answered)}
	for _, kind := range lesserKinds(obs) {
		outcomes = append(outcomes, count(d.Variants(), obs, kind, answered, func(o *Observation) bool { return o.Kind != kind }))
	}
	for i, k := range outcomes {
		j.look(k, share(i, len(outcomes)))
	}
	slices.SortFunc(v.Effects, func(a, b Effect) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Diff), math.Abs(a.Diff)), cmp.Compare(words(a.Terms), words(b.Terms)))
	})
	blocks := len(outcomes[0].blocks)
	unsent := slices.ContainsFunc(v.Rates, func(r Rate) bool { return r.Sent == 0 })
	if unsent && len(v.Rest) == 0 {
		v.Bound = 1 // of nothing is anything known
	}
	switch {
	case len(v.Effects) > 0:
		v.Result = Named
	case v.Bound <= o.Limit && !unsent:
		v.Result = Nothing
	}
	if v.Result == TooFew && v.Bound > o.Limit && len(v.Rest) > 0 {
		j.more = j.factor(blocks)
	}
	v.More = int(math.Ceil(float64(blocks) * (j.more - 1)))
	return v
}

// share is the part of alpha for an outcome: half for the answer rate, if there are
// kinds of answers, too.
func share(i, of int) float64 {
	if of == 1 {
		return 1
	}
	if i == 0 {
		return 0.5
	}
	return 0.5 / float64(of-1)
}

// ownAnswers are the kinds of answer that say yes.
var ownAnswers = []string{"syn-ack", "udp-response", "echo-reply", "timestamp-reply", "mask-reply"}

// lesserKinds are the kinds of answers whose shares are looked at: all but the one that
// packets have that fare well, which is a yes, or where there is none the most frequent.
func lesserKinds(obs []Observation) (list []string) {
	n := map[string]int{}
	for _, o := range obs {
		if o.Kind != "" {
			n[o.Kind]++
		}
	}
	for kind := range n {
		list = append(list, kind)
	}
	slices.SortFunc(list, func(a, b string) int {
		yes := btoi(slices.Contains(ownAnswers, b)) - btoi(slices.Contains(ownAnswers, a))
		return cmp.Or(yes, cmp.Compare(n[b], n[a]), cmp.Compare(a, b))
	})
	return list[1:]
}

// judgement is a verdict under way.
type judgement struct {
	verdict *Verdict
	splits  []*split
	options Options
	more    float64 // how many times as many blocks are needed: of rivals
	widest  []width
}

// look judges one outcome.
func (j *judgement) look(k *kept, share float64) {
	alpha := j.options.Alpha * share
	s := &search{kept: k, splits: j.splits, level: levels(j.splits, alpha)}
	s.run()
	j.more = max(j.more, 1)
	for i := range s.model {
		j.verdict.Effects = append(j.verdict.Effects, j.effect(s, i, alpha))
	}
	j.rest(s, (1-j.options.Confidence)*share)
}

// effect describes property i of the model.
func (j *judgement) effect(s *search, i int, alpha float64) Effect {
	rest, f, c := s.without(i)
	e := c.fit.difference(len(rest), stat.NormalQuantile((1+j.options.Confidence)/2))
	e.P = min(1, s.p(rest, f, c)/s.level[complicated(c.split)]*alpha)
	names, turned := c.names()
	if turned {
		e = e.turned()
	}
	e.Terms = names[0].terms
	for _, p := range names[1:] {
		if p.rank < whole || names[0].rank == whole {
			e.Alike = append(e.Alike, p.terms)
		}
	}
	rivals, nearest := s.rivals(i)
	for _, r := range rivals {
		names, _ := r.names()
		e.Rivals = append(e.Rivals, names[0].terms)
	}
	j.more = max(j.more, min(1/max(nearest, 0.1), 10))
	return e.of(s.kind)
}

// turned is the effect of not having the property.
func (e Effect) turned() Effect {
	e.With, e.Without = e.Without, e.With
	e.Diff, e.Low, e.High = -e.Diff, -e.High, -e.Low
	return e
}

// of makes of an effect on packets that are not of a kind one on those that are.
func (e Effect) of(kind string) Effect {
	e.Kind = kind
	if kind != "" {
		e.With, e.Without = 1-e.With, 1-e.Without
		e.Diff, e.Low, e.High = -e.Diff, -e.High, -e.Low
	}
	return e
}
