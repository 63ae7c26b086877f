package scan

import (
	"time"

	"sonde/probe"
)

// secondLooks are of hosts of a sweep that may just have been too slow: telephones,
// printers and laptops switch their network off to save power, and answer the first
// packet late or never. Where the tries of the first ask followed each other quickly,
// because others answered quickly, it is asked once more a while later, beside the
// walk through the other asks, and that answer is waited for as long: a host that is
// ready by then answers whatever the ask, so one is enough. The try has a number of
// its own, the last.
type secondLooks struct {
	due     queue    // questions that stayed silent, by their last try
	awaited queue    // asked once more, by when
	again   []uint64 // were to be, but could not leave yet
	asked   bitmap   // by question: once more
	from    uint64   // questions before had this in an earlier run
}

// lookTry is the try of the second look.
const lookTry = MostTries

// takesLooks tells whether this machine's plan is one that takes second looks.
func (m *machine) takesLooks() bool {
	return m.groups.settled != nil && m.timing.Look > 0 && !m.timing.fixed()
}

// mostTries is how often a question is asked at most, but for the second look.
func (m *machine) mostTries() int {
	if m.takesLooks() {
		return lookTry - 1
	}
	return MostTries
}

// lookLater takes question i, which has left its slot, to be looked at once more if it
// stayed silent.
func (m *machine) lookLater(i uint64) {
	if !m.takesLooks() || m.pass > 0 || i >= m.plan.inner || i < m.looks.from || m.decided(i) || m.kernelRepeats(i) {
		return
	}
	// An earlier run knew how quickly others answer, this one may not yet.
	if m.interval(&m.rtt[probe.ClassTCP]) >= m.timing.Look && !m.tried(i) {
		return
	}
	at := m.filling.at
	if s := m.slot(i); s.number == uint32(i) && s.try > 0 { // what is in a slot stays there
		at -= time.Duration(micros(at)-s.sent[s.try&3]) * time.Microsecond
	}
	m.looks.due.push(event{number: i, at: at})
}

// dueLook takes the next question that is to be asked once more.
func (m *machine) dueLook(now time.Duration) (uint64, bool) {
	z := &m.looks
	for len(z.again) > 0 {
		i := z.again[0]
		z.again = z.again[1:]
		if !m.decided(i) && !m.tooLate(now, i) {
			return i, true
		}
	}
	for m.found(); z.due.len() > 0 && now >= z.due.front().at+m.timing.Look; m.found() {
		i := z.due.front().number
		z.due.pop()
		if !m.tooLate(now, i) {
			return i, true
		}
	}
	return 0, false
}

// found drops from the front who was found in the meantime.
func (m *machine) found() {
	for d := &m.looks.due; d.len() > 0 && m.decided(d.front().number); {
		d.pop()
	}
}

// look asks question i once more.
func (m *machine) look(now time.Duration, i uint64, asks []attempt) []attempt {
	m.times.sent = now
	m.looks.asked.set(i)
	m.looks.awaited.push(event{number: i, at: now})
	q := m.plan.At(i)
	q.Try = lookTry
	return append(asks, attempt{number: i, probe: q})
}

// unlook takes back what could not leave for now.
func (m *machine) unlook(i uint64) {
	m.looks.asked.unset(i)
	m.looks.again = append(m.looks.again, i)
}

// endLooks ends second looks whose time is over, of those taken before left.
func (m *machine) endLooks(now, left time.Duration) {
	m.found()
	z := &m.looks
	for z.awaited.len() > 0 {
		e := z.awaited.front()
		if !m.decided(e.number) && (e.at >= left || now < e.at+m.lookWait() || !m.heard(now, recently(now, e.at))) {
			return
		}
		if m.plan.Sockets {
			q := m.plan.At(e.number)
			q.Try = lookTry
			m.ended = append(m.ended, attempt{number: e.number, probe: q})
		}
		z.awaited.pop()
	}
}

// awakeWait is how long the answer to a second look is waited for, at least: who is awake
// by then answers at once, or when a base station next hands out what it keeps (a few
// beacons of 102 ms, IEEE 802.11-2020 §11.2.3).
const awakeWait = 250 * time.Millisecond

// lookWait is how long after it a second look is waited for.
func (m *machine) lookWait() time.Duration {
	return m.hostTime(max(m.wait(&m.rtt[probe.ClassTCP]), min(m.timing.Look, awakeWait)) + m.times.delay)
}

// pending tells whether second looks are not over.
func (z *secondLooks) pending() bool { return z.due.len()+z.awaited.len()+len(z.again) > 0 }

// looked tells whether try of question i is its second look, or, where an answer
// does not tell its try, the latest that was.
func (m *machine) looked(i uint64, try uint8) bool {
	return i < m.plan.inner && m.takesLooks() && m.looks.asked.has(i) && (try == lookTry || try == 0 && m.live(i) == nil)
}

// roundTripOfLook is how long the answer to a second look took, negative if that is
// not known any more. There are few, so it may search.
func (m *machine) roundTripOfLook(i uint64, at time.Duration) time.Duration {
	w := &m.looks.awaited
	for k := w.len() - 1; k >= 0; k-- {
		if e := w.at(k); e.number == i {
			return max(0, at-e.at)
		}
	}
	return -1
}

// looksDone is how many of the first questions have had their second look, or need
// none.
func (m *machine) looksDone() uint64 {
	z := &m.looks
	n := min(m.window.base, m.plan.inner)
	if m.pass > 0 {
		n = m.plan.inner
	}
	for _, q := range []*queue{&z.due, &z.awaited} {
		if q.len() > 0 {
			n = min(n, q.front().number)
		}
	}
	for _, i := range z.again {
		n = min(n, i)
	}
	return max(n, z.from)
}
