package scan

import (
	"math"
	"math/bits"
	"time"

	"sonde/probe"
)

// This file is the part of the machine that decides how often to walk through
// the plan, and what is left when that is over.

// timedOut tells whether the host of question i has had its time, which begins
// with its first question.
func (m *machine) timedOut(now time.Duration, i uint64) bool {
	if m.groups.began == nil {
		return false
	}
	b := &m.groups.began[m.plan.Group(i)]
	if !b.is() {
		*b = markOf(now)
	}
	return now-b.at() >= m.plan.HostTimeout
}

// tooLate decides question i, which is in no slot, if its host has had its time.
func (m *machine) tooLate(now time.Duration, i uint64) bool {
	if !m.timedOut(now, i) {
		return false
	}
	m.settle(i, nil, Result{Number: i, Probe: m.plan.At(i), Tries: uint8(m.tries.before), RTT: -1, Reply: probe.Reply{Event: probe.Deadline}})
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
	if v := &m.enough.spare; v.tries != tries || found > v.found+v.found/8 {
		*v = verdictOnTries{found, tries, m.losses.withOneLost().enough(tries, tries)}
	}
	return m.enough.spare.enough
}

// satisfied tells whether a question that has been silent for a while after so
// many tries in this pass is not asked again in it: fewer than planned where
// nothing seems to get lost, more where the loss demands it by what is known so
// far. A pass that ends costs everybody a wait, a further try half of one.
func (m *machine) satisfied(s *slot) bool {
	tries, room := m.tries.before+int(s.here), m.mostTries()-m.tries.used-int(s.here)
	if m.remembers() {
		tries, room = int(s.try), m.mostTries()-int(s.try)
	}
	if tries < m.tries.before+m.tries.perPass {
		return tries >= 2 && m.pass == 0 && m.spareable(tries)
	}
	return room <= 0 || m.filling.congested || !m.demanded(tries)
}

// demanded tells whether the loss, by what is known of it, demands more tries of
// silent questions than so many.
func (m *machine) demanded(tries int) bool {
	found := m.losses.onTime()
	if found < fewAnswers || tries >= m.mostTries() {
		return false
	}
	if v := &m.enough.short[tries]; v.tries != tries || found > v.found+v.found/4 {
		*v = verdictOnTries{found, tries, m.losses.enough(tries, tries)}
	}
	return !m.enough.short[tries].enough
}

// typical is how many tries each silent question would have had to have so far for
// as much to be missed as they had different numbers of tries.
func (m *machine) typical() int {
	by, most := m.tries.silentBy, m.tries.before+max(m.tries.most, m.tries.perPass)
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
		if s := &m.window.slots[i]; s.number == uint32(i) && s.try > 0 && !m.decided(i) {
			by[min(s.try, MostTries)]++
		}
	}
	return by
}

// turn ends a pass and begins another one if the loss demands it.
func (m *machine) turn() {
	m.tries.before = max(m.tries.before+1, m.typical()) // each pass counts, so that there are not too many
	m.tries.used += max(m.tries.most, m.tries.perPass)
	m.tries.silentBy, m.tries.most = [MostTries + 1]uint32{}, 0
	m.pass++
	if m.timing.fixed() || m.tries.before >= m.mostTries() || !m.losses.any() || m.losses.enough(m.tries.before, m.tries.before) || m.settled.full(m.plan.Len()) {
		m.over = true
		return
	}
	more := 1
	for m.tries.before+more < m.mostTries() && !m.losses.enough(m.tries.before+more, m.tries.before) {
		more++
	}
	// Half of what seems necessary at a time: later tries also say more about
	// the loss.
	m.tries.perPass = (more + 1) / 2
	m.window.base, m.window.next = 0, 0
}

// abandon empties all slots: nobody wants to know any more.
func (m *machine) abandon() {
	for i := m.window.base; i < m.window.next; i++ {
		if m.live(i) != nil {
			m.free(i)
		}
	}
}

// remaining hands out the silent questions, in portions; it returns false when
// none are left. cut says that the run was cut short: then questions that had
// not all of their tries are undecided. Those never asked are left out, and not
// walked through.
func (m *machine) remaining(cut bool, most int) bool {
	end := m.plan.Len()
	if m.pass == 0 {
		end = m.window.next
	}
	return m.remainingBefore(end, cut, most)
}

// remainingBefore is remaining for the questions before end.
func (m *machine) remainingBefore(end uint64, cut bool, most int) bool {
	for ; m.counts.handedOut < end && len(m.out) < most; m.counts.handedOut++ {
		i := m.counts.handedOut
		if skip := m.passOver(i, end); skip > 0 {
			m.counts.handedOut += skip - 1
			continue
		}
		if m.decided(i) {
			continue
		}
		s := m.live(i)
		switch {
		case s != nil && s.state == slotTentative:
			m.settle(i, s, m.held.take(s.held))
		case s != nil && cut && m.pass == 0:
			m.settle(i, s, Result{Number: i, Probe: m.plan.At(i), Tries: s.try, RTT: -1, Reply: probe.Reply{Event: probe.Deadline}})
		case m.window.walks != nil && cut && m.pass == 0 && m.window.walks.trouble == 0 && !m.plan.OmitSilence:
			m.settle(i, nil, Result{Number: i, Probe: m.plan.At(i), Tries: uint8(m.window.walks.tries(i)), RTT: -1, Reply: probe.Reply{Event: probe.Deadline}})
		case m.plan.OmitSilence && !m.rumoured(i):
			m.counts.omitted++
		default:
			tries := m.tries.before
			if m.pass == 0 {
				tries = m.tries.perPass
			}
			if m.looked(i, lookTry) {
				tries++
			}
			m.settle(i, nil, m.silent(i, uint8(tries)))
		}
	}
	return m.counts.handedOut < end
}

// unreached counts, where a run was cut short, the questions that were not come to: in a
// sweep hosts, which are asked once first.
func (m *machine) unreached() uint64 {
	end := m.plan.Len()
	if m.plan.Settle == SettleGroup {
		end = m.plan.inner
	}
	if m.pass > 0 || m.window.next >= end || m.plan.Settle == SettleNever {
		return 0
	}
	n := end - m.window.next
	if m.plan.Watcher != nil {
		n -= min(n, m.plan.Watcher.Skipped(m.window.next, end))
	}
	return n
}

// passOver is how many questions from i on, all before end, have nothing to be handed
// out, as far as one look tells: 64 or 0. Silence that is only counted is counted.
func (m *machine) passOver(i, end uint64) uint64 {
	if i%64 != 0 || i+64 > end {
		return 0
	}
	w := m.settled.word(i / 64)
	if w == math.MaxUint64 {
		return 64
	}
	if m.plan.OmitSilence && len(m.unproven.heard) == 0 && m.groups.settled == nil && m.plan.Watcher == nil && i+64 <= m.window.base {
		m.counts.omitted += uint64(64 - bits.OnesCount64(w))
		return 64
	}
	return 0
}
