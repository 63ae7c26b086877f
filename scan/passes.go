package scan

import (
	"math"
	"time"

	"sonde/probe"
)

// This file is the part of the machine that decides how often to walk through
// the plan, and what is left when that is over.

// timedOut tells whether the host of question i has had its time, which begins
// with its first question.
func (m *machine) timedOut(now time.Duration, i uint64) bool {
	if m.began == nil {
		return false
	}
	b := &m.began[m.plan.Group(i)]
	if *b == 0 {
		*b = now + 1
	}
	return now-(*b-1) >= m.plan.HostTimeout
}

// tooLate decides question i, which is in no slot, if its host has had its time.
func (m *machine) tooLate(now time.Duration, i uint64) bool {
	if !m.timedOut(now, i) {
		return false
	}
	m.settle(i, nil, Result{Number: i, Probe: m.plan.At(i), Tries: uint8(m.tries), RTT: -1, Reply: probe.Reply{Event: probe.Deadline}})
	return true
}

// verdictOnTries keeps an answer of losses.enough for as long as it holds:
// working it out takes longer than sending a packet.
type verdictOnTries struct {
	found  uint32
	tries  int
	enough bool
}

// spareable tells whether, by what is known of the loss, questions that were
// asked tries times need no further try. It is asked early, when a few answers
// without loss mean little, so it supposes that one more was lost.
func (m *machine) spareable(tries int) bool {
	if m.timing.fixed() {
		return false
	}
	found := m.losses.onTime()
	if found < fewAnswers {
		return false
	}
	if v := &m.spare; v.tries != tries || found > v.found+v.found/8 {
		*v = verdictOnTries{found, tries, m.losses.withOneLost().enough(tries, tries)}
	}
	return m.spare.enough
}

// satisfied tells whether a question that has been silent for a while after so
// many tries in this pass is not asked again in it: fewer than planned where
// nothing seems to get lost, more where the loss demands it by what is known so
// far. A pass that ends costs everybody a wait, a further try half of one.
func (m *machine) satisfied(s *slot) bool {
	tries, room := m.tries+int(s.here), m.mostTries()-m.used-int(s.here)
	if m.remembers() {
		tries, room = int(s.try), m.mostTries()-int(s.try)
	}
	if tries < m.tries+m.perPass {
		return tries >= 2 && m.pass == 0 && m.spareable(tries)
	}
	return room <= 0 || m.congested || !m.demanded(tries)
}

// demanded tells whether the loss, by what is known of it, demands more tries of
// silent questions than so many.
func (m *machine) demanded(tries int) bool {
	found := m.losses.onTime()
	if found < fewAnswers || tries >= m.mostTries() {
		return false
	}
	if v := &m.short[tries]; v.tries != tries || found > v.found+v.found/4 {
		*v = verdictOnTries{found, tries, m.losses.enough(tries, tries)}
	}
	return !m.short[tries].enough
}

// typical is how many tries each silent question would have had to have so far for
// as much to be missed as they had different numbers of tries.
func (m *machine) typical() int {
	by, most := m.silentBy, m.tries+max(m.most, m.perPass)
	if m.remembers() {
		by, most = m.silentEver(), MostTries
	}
	loss, _ := m.losses.estimate(min(most, MostTries))
	silent, missed, least := 0.0, 0.0, most
	for tries, n := range by {
		if n > 0 {
			silent += float64(n)
			missed += float64(n) * math.Pow(loss, float64(tries))
			least = min(least, tries)
		}
	}
	if loss <= 0 || silent == 0 {
		return least
	}
	return max(least, int(math.Log(missed/silent)/math.Log(loss)+1e-9))
}

// silentEver counts the questions that are not decided by their tries, in a plan
// whose slots remember these.
func (m *machine) silentEver() (by [MostTries + 1]uint32) {
	for i := range m.plan.Len() {
		if s := &m.slots[i]; s.number == uint32(i) && s.try > 0 && !m.decided(i) {
			by[min(s.try, MostTries)]++
		}
	}
	return by
}

// turn ends a pass and begins another one if the loss demands it.
func (m *machine) turn() {
	m.tries = max(m.tries+1, m.typical()) // each pass counts, so that there are not too many
	m.used += max(m.most, m.perPass)
	m.silentBy, m.most = [MostTries + 1]uint32{}, 0
	m.pass++
	if m.timing.fixed() || m.tries >= m.mostTries() || !m.losses.any() || m.losses.enough(m.tries, m.tries) || m.settled.full(m.plan.Len()) {
		m.over = true
		return
	}
	more := 1
	for m.tries+more < m.mostTries() && !m.losses.enough(m.tries+more, m.tries) {
		more++
	}
	// Half of what seems necessary at a time: later tries also say more about
	// the loss.
	m.perPass = (more + 1) / 2
	m.base, m.next = 0, 0
}

// remaining hands out the silent questions, in portions; it returns false when
// none are left. cut says that the run was cut short: then questions that had
// not all of their tries are undecided, and those never asked are left out.
func (m *machine) remaining(cut bool, most int) bool {
	for ; m.silence < m.plan.Len() && len(m.out) < most; m.silence++ {
		i := m.silence
		if m.decided(i) {
			continue
		}
		s := m.live(i)
		asked := m.pass > 0 || i < m.next
		switch {
		case s != nil && s.state == slotTentative:
			m.settle(i, s, m.held.take(s.held))
		case s != nil && cut && m.pass == 0:
			m.settle(i, s, Result{Number: i, Probe: m.plan.At(i), Tries: s.try, RTT: -1, Reply: probe.Reply{Event: probe.Deadline}})
		case !asked:
		case m.plan.OmitSilence:
			m.omitted++
		default:
			tries := m.tries
			if m.pass == 0 {
				tries = m.perPass
			}
			if m.looked(i, lookTry) {
				tries++
			}
			m.settle(i, nil, m.silent(i, uint8(tries)))
		}
	}
	return m.silence < m.plan.Len()
}
