package scan

import "sonde/probe"

// Standing is how far a run has come, and what it has learnt about loss: that
// decides how often silence is asked. Round trips are measured anew.
type Standing struct {
	Pass        int    // 0 is the first
	Base        uint64 // of the pass: every question before has been answered, or has had its tries
	PerPass     int    // tries per question in the pass; 0: nothing was asked yet
	Tries, Used int    // least and most of the passes before
	Looked      uint64 // of the first ask of a sweep: every question before has had its second look
	Over        bool   // no pass is left
	Losses      []uint32
}

// stand fills in where m stands.
func (m *machine) stand(s *Standing) {
	*s = Standing{Pass: m.pass, Base: m.window.base, PerPass: m.tries.perPass, Tries: m.tries.before, Used: m.tries.used,
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
	m.resumed.pass, m.pass, m.looks.from = s.Pass, s.Pass, s.Looked
	if !m.timing.fixed() {
		m.tries.used = min(max(s.Used, 0), MostTries)
		m.tries.before = min(max(s.Tries, 0), m.tries.used)
		m.tries.perPass = min(max(s.PerPass, 1), MostTries)
	}
	for c := range m.losses {
		s.Losses = m.losses[c].take(s.Losses)
	}
	if s.Over {
		m.over = true
		m.window.base, m.window.next = m.plan.Len(), m.plan.Len()
	}
}

// tried tells whether question i had its tries of this pass in an earlier run.
func (m *machine) tried(i uint64) bool {
	return m.resumed.keeps && m.pass == m.resumed.pass && m.plan.Watcher.Tried(i)
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
