package scan

import "sonde/probe"

// Keeper keeps how far a plan has come, so that another run can go on from there.
// A question that an earlier run has decided is Plan.Skip's.
type Keeper interface {
	// Last is where an earlier run stood; zero: there was none.
	Last() Standing
	// Tried tells whether an earlier run has asked question i, in the pass of Last,
	// in vain. It is called with a lock held.
	Tried(i uint64) bool
	// Heard is told each result before it is handed out. r is borrowed.
	Heard(r *Result)
	// Stands is told where the run stands, when all results up to there have been
	// handed out. s is borrowed.
	Stands(s *Standing)
}

// Standing is how far a run has come, and what it has learnt about loss: that
// decides how often silence is asked. Round trips are measured anew.
type Standing struct {
	Pass        int    // 0 is the first
	Base        uint64 // of the pass: every question before has been answered, or has had its tries
	PerPass     int    // tries per question in the pass; 0: nothing was asked yet
	Tries, Used int    // least and most of the passes before
	Looked      uint64 // of the first ask of a sweep: every question before has had its second look, see sleepers
	Over        bool   // no pass is left
	Losses      []uint32
}

// stand fills in where m stands.
func (m *machine) stand(s *Standing) {
	*s = Standing{Pass: m.pass, Base: m.base, PerPass: m.perPass, Tries: m.tries, Used: m.used,
		Looked: m.looksDone(), Over: m.over, Losses: s.Losses[:0]}
	for c := range m.losses {
		s.Losses = m.losses[c].append(s.Losses)
	}
}

// goOn takes up where an earlier run stood.
func (m *machine) goOn(s Standing) {
	if s.PerPass == 0 {
		return
	}
	m.from, m.pass, m.sleep.from = s.Pass, s.Pass, s.Looked
	if !m.timing.fixed() {
		m.used = min(max(s.Used, 0), MostTries)
		m.tries = min(max(s.Tries, 0), m.used)
		m.perPass = min(max(s.PerPass, 1), MostTries)
	}
	for c := range m.losses {
		s.Losses = m.losses[c].take(s.Losses)
	}
	if s.Over {
		m.over = true
		m.base, m.next = m.plan.Len(), m.plan.Len()
	}
}

// tried tells whether question i had its tries of this pass in an earlier run.
func (m *machine) tried(i uint64) bool {
	return m.plan.Keeper != nil && m.pass == m.from && m.plan.Keeper.Tried(i)
}

// append writes t behind list.
func (t *tally) append(list []uint32) []uint32 {
	list = append(list, t.counts[:]...)
	list = append(list, t.late, t.found)
	for _, h := range t.hosts {
		list = append(list, h.answers, h.tries)
	}
	return list
}

// tallySize is how many numbers a tally is.
const tallySize = MostTries + 1 + 2 + 2*hostBuckets

// StandingLosses is how many numbers Standing.Losses has.
const StandingLosses = int(probe.Classes) * tallySize

// take reads t from the front of list, which may be too short, and returns the
// rest.
func (t *tally) take(list []uint32) []uint32 {
	if len(list) < tallySize {
		return nil
	}
	n := copy(t.counts[:], list)
	t.late, t.found = min(list[n], list[n+1]), list[n+1]
	n += 2
	for i := range t.hosts {
		t.hosts[i] = hostTally{list[n], list[n+1]}
		n += 2
	}
	return list[n:]
}
