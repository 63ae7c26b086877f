package trial

import "math"

// Sequence judges a trial while it is under way, at looks that come ever more seldom
// and share the probability of an error, so that stopping when it is settled is valid.
type Sequence struct {
	design  *Design
	options Options
	obs     []Observation
	blocks  int // that were added
	looks   int // that were taken
	next    int // blocks at which the next look is due
	last    *Verdict
}

const (
	firstLook = 20  // blocks
	lookRatio = 1.6 // of the blocks of two looks
)

// NewSequence begins a sequence. A limit of 0 means 0.05 here.
func NewSequence(d *Design, o Options) *Sequence {
	return &Sequence{design: d, options: o.defaults(0.05), next: firstLook}
}

// Add takes what became of one block, once it is over. At a look it returns a verdict,
// else nil; settled says that more blocks would add nothing: everything that is not
// named is bounded by the limit, or by half of the least effect that is named, and no
// rivals are left.
func (s *Sequence) Add(block []Observation) (v *Verdict, settled bool) {
	s.obs = append(s.obs, block...)
	s.blocks++
	s.last = nil
	if s.blocks < s.next {
		return nil, false
	}
	s.next = int(math.Ceil(float64(s.next) * lookRatio))
	v = s.look()
	return v, s.settled(v)
}

// Finish judges all that was added, where a trial ends without being settled.
func (s *Sequence) Finish() *Verdict {
	if s.last == nil {
		return s.look()
	}
	return s.last
}

// look judges with this look's share of the probability of an error: 1/2, 1/6, 1/12, …,
// which are never more than 1 together.
func (s *Sequence) look() *Verdict {
	s.looks++
	share := 1 / float64(s.looks*(s.looks+1))
	o := s.options
	o.Alpha *= share
	o.Confidence = 1 - (1-o.Confidence)*share
	s.last = JudgeWith(s.design, s.obs, o)
	return s.last
}

func (s *Sequence) settled(v *Verdict) bool {
	limit := s.options.Limit
	if v.Result == Named {
		last := v.Effects[len(v.Effects)-1]
		limit = max(limit, math.Abs(last.Diff)/2)
	}
	for _, e := range v.Effects {
		if len(e.Rivals) > 0 {
			return false
		}
	}
	return (v.Result == Named || v.Result == Nothing) && v.Bound <= limit
}
