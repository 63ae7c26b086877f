package scan

import (
	"time"

	"sonde/probe"
)

// This file is the part of the machine that knows how long to wait, and what is
// due when.

// micros is a time as the slots keep it; it wraps every 71 minutes, far beyond
// any wait.
func micros(t time.Duration) uint32 { return uint32(t / time.Microsecond) }

// interval is how long after a try the next one leaves.
func (m *machine) interval(e *roundTrips) time.Duration {
	w := m.wait(e) / 2
	if m.plan.SourcePort != 0 {
		// The same packet again: a half-open target swallows it within 500 ms.
		w = max(w, retransmission)
	}
	return w
}

const retransmission = 620 * time.Millisecond // with some room, so that no clock sees less than 600

// wait is how long to wait for one reply. In a patient plan it only grows.
func (m *machine) wait(e *roundTrips) time.Duration {
	w := e.wait(&m.timing)
	if m.plan.Patient && m.timing.Timeout == 0 {
		w = max(w, m.timing.FirstWait)
	}
	return w
}

// hostTime bounds a wait: a host is not waited for beyond its time.
func (m *machine) hostTime(w time.Duration) time.Duration {
	if m.plan.HostTimeout > 0 {
		w = min(w, m.plan.HostTimeout)
	}
	return w
}

// class returns the class of question i. In a sweep all are of one: a host is
// as far away whatever it is asked, and one thing, whatever it answers.
func (m *machine) class(i uint64) probe.Class {
	if m.groups != nil {
		return probe.ClassTCP
	}
	if len(m.plan.Kinds) == 1 {
		return m.plan.Kinds[0].Class()
	}
	return m.plan.Kinds[m.plan.At(i).Kind].Class()
}

// trips returns the round trips that question i is waited for by: those of its host
// where enough of them are known, else those of all.
func (m *machine) trips(i uint64) *roundTrips {
	if m.near != nil {
		if e := &m.near[m.plan.Group(i)]; e.n >= fewRoundTrips {
			return e
		}
	}
	return &m.rtt[m.class(i)]
}

// dueRetry takes the next question whose further try is due.
func (m *machine) dueRetry(now, left time.Duration) (uint64, bool) {
	for m.retry.len() > 0 {
		e := m.retry.front()
		s := m.live(e.number)
		if !s.is(e) || s.state != slotWaiting {
			m.retry.pop()
			continue
		}
		if e.at >= left || now < e.at+m.hostTime(m.interval(m.trips(e.number))) || !m.heard(now) {
			return 0, false
		}
		m.retry.pop()
		if m.groups != nil && m.decided(e.number) {
			m.free(e.number)
			continue
		}
		if m.timedOut(now, e.number) {
			m.giveUp(e.number, probe.Deadline)
			continue
		}
		if m.satisfied(s) {
			m.end.push(e)
			continue
		}
		return e.number, true
	}
	return 0, false
}

// is tells whether e is the event of the slot's latest try. It may be called
// on nil.
func (s *slot) is(e event) bool {
	return s != nil && s.try == e.try && s.sent[e.try&3] == micros(e.at)
}

// mostDoubts is how many tentative answers wait for something better: each takes
// half a kilobyte. Where there are more, the first have waited long enough.
const mostDoubts = 1 << 16

// expire ends the questions whose last wait is over, of those asked before left.
func (m *machine) expire(now, left time.Duration) {
	m.wakingUp(now, left)
	for m.doubt.len() > 0 {
		e := m.doubt.front()
		s := m.live(e.number)
		if s != nil && s.state == slotTentative && s.try == e.try {
			r := m.held.at(s.held)
			if m.doubt.len() <= mostDoubts && now < e.at+m.trips(e.number).linger(r.RTT, &m.timing) {
				break
			}
			if !m.heard(now) {
				return
			}
			m.finish(now, e.number, s)
		}
		m.doubt.pop()
	}
	for m.end.len() > 0 {
		e := m.end.front()
		s := m.live(e.number)
		if s.is(e) && s.state == slotWaiting {
			if e.at >= left || now < e.at+m.hostTime(m.lastWait(e.number)) {
				return
			}
			if !m.heard(now) {
				return
			}
			m.finish(now, e.number, s)
		}
		m.end.pop()
	}
}

// heard tells whether everything that has come in until now is known. If not,
// nothing is taken for silence for a moment: on a busy machine an answer may lie
// here for longer than it took.
func (m *machine) heard(now time.Duration) bool {
	switch {
	case m.unheard == nil || m.heardAt == now+1:
		return true
	case now < m.hold:
		return false
	case m.unheard():
		m.hold = now + holdTime
		return false
	}
	m.heardAt = now + 1
	return true
}

const holdTime = 500 * time.Microsecond

// finish ends the stay of question i in its slot.
func (m *machine) finish(now time.Duration, i uint64, s *slot) {
	tries := m.tries + int(s.here)
	if m.kernelRepeats(i) {
		tries = m.tries + m.perPass
	}
	switch {
	case m.groups != nil && m.decided(i):
		m.free(i)
		return
	case s.state == slotWaiting:
		m.silentBy[min(tries, MostTries)]++
	}
	switch {
	case s.state == slotTentative:
		m.settle(i, s, m.held.take(s.held))
	case m.timedOut(now, i):
		m.giveUp(i, probe.Deadline)
	case m.timing.fixed() && !m.plan.OmitSilence && m.groups == nil:
		// No further pass will follow, so silence is known now.
		m.settle(i, s, m.silent(i, s.try))
	default:
		m.free(i)
	}
}

// lastWait is how long after its last try a question ends.
func (m *machine) lastWait(i uint64) time.Duration {
	if m.plan.Source.IsValid() && m.timing.Timeout == 0 {
		return 0 // answers go elsewhere
	}
	e := m.trips(i)
	w := m.wait(e)
	if m.perPass > 1 && m.kernelRepeats(i) {
		w += max(time.Duration(m.perPass-1)*m.interval(e), kernelRepeat)
	}
	return w + m.delay
}

// delayed notes how long asks took to leave. Their time begins when they are
// taken, and on a busy machine a goroutine may stand still for longer than a round
// trip.
func (m *machine) delayed(d time.Duration) { m.delay = max(d, m.delay-m.delay/64) }

// kernelRepeats tells whether further tries of question i are left to the
// kernel. With a fixed source port (-g) a second connection cannot be opened
// beside the first one; but the kernel repeats its SYN as long as the socket is
// open, and that is a true retransmission.
func (m *machine) kernelRepeats(i uint64) bool {
	if !m.plan.Sockets || m.plan.SourcePort == 0 {
		return false
	}
	k, ok := m.plan.Kinds[m.plan.At(i).Kind].(probe.SocketKind)
	return ok && k.Socket() == probe.SocketConnect
}

// kernelRepeat is when the kernel first repeats a SYN (RFC 6298 §2.1).
const kernelRepeat = time.Second

// wake returns when the machine next wants to be called if nothing comes in,
// and false if only an answer can change anything or all is over. free is when
// the pacer lets the next packet go.
func (m *machine) wake(free time.Duration) (at time.Duration, ok bool) {
	free = max(free, m.paced())
	sooner := func(t time.Duration) {
		if !ok || t < at {
			at, ok = t, true
		}
	}
	if m.wanting() {
		at := free
		if len(m.again) == 0 {
			at = max(at, m.due(m.next))
		}
		sooner(at)
	}
	if m.retry.len() > 0 {
		e := m.retry.front()
		sooner(max(free, m.hold, e.at+m.hostTime(m.interval(m.trips(e.number)))))
	}
	if m.end.len() > 0 {
		e := m.end.front()
		sooner(max(m.hold, e.at+m.hostTime(m.lastWait(e.number))))
	}
	if len(m.sleep.again) > 0 {
		sooner(free)
	}
	if m.sleep.due.len() > 0 {
		sooner(max(free, m.sleep.due.front().at+m.timing.Look))
	}
	if m.sleep.waking.len() > 0 {
		sooner(max(m.hold, m.sleep.waking.front().at+m.wakeTime()))
	}
	if m.doubt.len() > 0 {
		e := m.doubt.front()
		d := time.Duration(0)
		if s := m.live(e.number); s != nil && s.state == slotTentative {
			d = m.trips(e.number).linger(m.held.at(s.held).RTT, &m.timing)
		}
		sooner(max(m.hold, e.at+d))
	}
	return at, ok
}

// due is when the pass of question i may begin.
func (m *machine) due(i uint64) time.Duration {
	if m.plan.Interval == 0 || m.zero == 0 || m.pass > 0 {
		return 0
	}
	return m.zero - 1 + time.Duration(i/m.plan.inner)*m.plan.Interval
}

// paced is when the plan's own pace lets the next packet go.
func (m *machine) paced() time.Duration {
	if m.plan.Pace == 0 || m.zero == 0 {
		return 0
	}
	return m.sentAt + m.plan.Pace
}

// wanting tells whether there is something to send as soon as the pacer allows.
func (m *machine) wanting() bool {
	return len(m.again) > 0 || m.next < m.plan.Len() && m.next-m.base < uint64(len(m.slots))
}
