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

// mark is a time, or never, which is its zero value.
type mark struct {
	next time.Duration // the nanosecond behind the time
}

func markOf(t time.Duration) mark { return mark{t + 1} }

// is tells whether the time is not never.
func (k mark) is() bool { return k.next != 0 }

// at is the time, where that is not never.
func (k mark) at() time.Duration { return k.next - 1 }

// interval is how long after a try the next one leaves.
func (m *machine) interval(e *roundTrips) time.Duration {
	w := m.wait(e) / 2
	if m.plan.SourcePort != 0 {
		// The same packet again: a half-open target swallows it within 500 ms.
		w = max(w, Retransmission)
	}
	return w
}

// Retransmission is how long after a packet the same packet leaves again, at least: a
// half-open target swallows what comes within 500 ms.
const Retransmission = 620 * time.Millisecond // with some room, so that no clock sees less than 600

// wait is how long to wait for one reply. In a patient plan it only grows, but where the
// user said how long it is at most; of hops that bounds it, and no more, since they are as
// many different routers.
func (m *machine) wait(e *roundTrips) time.Duration {
	if m.plan.Order == InRounds {
		return m.patience()
	}
	w := e.wait(&m.timing)
	if most := m.timing.Timeout; m.plan.Patient && (most == 0 || m.plan.TTLs > 0) {
		first := m.timing.FirstWait
		if most > 0 {
			first = min(first, most)
		}
		w = max(w, first)
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
	if m.groups.settled != nil {
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
	for m.queues.retry.len() > 0 {
		e := m.queues.retry.front()
		s := m.live(e.number)
		if !s.is(e) || s.state != slotWaiting {
			m.queues.retry.pop()
			continue
		}
		if e.at >= left || now < e.at+m.hostTime(m.interval(m.trips(e.number))) || !m.heard(now, recently(now, e.at)) {
			return 0, false
		}
		m.queues.retry.pop()
		if m.groups.settled != nil && m.decided(e.number) {
			m.free(e.number)
			continue
		}
		if m.timedOut(now, e.number) {
			m.giveUp(e.number, probe.Deadline)
			continue
		}
		if m.satisfied(s) {
			m.queues.end.push(e)
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
	m.endLooks(now, left)
	for m.queues.doubt.len() > 0 {
		e := m.queues.doubt.front()
		s := m.live(e.number)
		if s != nil && s.state == slotTentative && s.try == e.try {
			r := m.held.at(s.held)
			if m.queues.doubt.len() <= mostDoubts && now < e.at+m.trips(e.number).linger(r.RTT, &m.timing) {
				break
			}
			if !m.heard(now, now) {
				return
			}
			m.finish(now, e.number, s)
		}
		m.queues.doubt.pop()
	}
	for m.queues.end.len() > 0 {
		e := m.queues.end.front()
		s := m.live(e.number)
		if s.is(e) && s.state == slotWaiting {
			if e.at >= left || now < max(m.times.hop, e.at+m.hostTime(m.lastWait(e.number))) {
				return
			}
			if !m.heard(now, recently(now, e.at)) {
				return
			}
			if m.passes != nil && !m.passes(e.number, e.at) {
				m.times.hop = now + askedTime
				return
			}
			m.finish(now, e.number, s)
		}
		m.queues.end.pop()
	}
}

// heard tells whether everything that has come in until now is known. If not,
// nothing is taken for silence for a moment: on a busy machine an answer may lie
// here for longer than it took. What has become of ways is known if it was looked at since.
func (m *machine) heard(now, since time.Duration) bool {
	switch {
	case m.unheard == nil || m.times.heard == markOf(now):
		return true
	case now < m.times.hold:
		return false
	case m.unheard(since):
		m.times.hold = now + holdTime
		return false
	}
	m.times.heard = markOf(now)
	return true
}

// recently is since when a look at the ways is late enough for a packet that left at asked:
// an answer would have come before.
func recently(now, asked time.Duration) time.Duration { return now - (now-asked)/4 }

const holdTime = 500 * time.Microsecond

// askedTime is how often it is looked what became of asking a next hop. Where it answers
// the run is told at once.
const askedTime = 5 * time.Millisecond

// finish ends the stay of question i in its slot.
func (m *machine) finish(now time.Duration, i uint64, s *slot) {
	tries := m.tries.before + int(s.here)
	if m.kernelRepeats(i) {
		tries = m.tries.before + m.tries.perPass
	}
	switch {
	case m.groups.settled != nil && m.decided(i):
		m.free(i)
		return
	case m.askAnew(now, i, s):
		return
	case s.state == slotWaiting:
		if trouble := m.troubled(now, i, s); trouble != 0 {
			m.settle(i, s, Result{Number: i, Probe: m.plan.At(i), Tries: s.try, RTT: -1,
				Reply: probe.Reply{Event: probe.LocalError, Who: probe.Ourselves, Errno: uint16(trouble)}})
			return
		}
		m.tries.silentBy[min(tries, MostTries)]++
	}
	switch {
	case s.state == slotTentative:
		m.settle(i, s, m.held.take(s.held))
	case m.timedOut(now, i):
		m.giveUp(i, probe.Deadline)
	case m.timing.fixed() && !m.plan.OmitSilence && m.groups.settled == nil:
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
	if m.tries.perPass > 1 && m.kernelRepeats(i) {
		w += max(time.Duration(m.tries.perPass-1)*m.interval(e), kernelRepeat)
	}
	return w + m.times.delay
}

// delayed notes how long asks took to leave. Their time begins when they are
// taken, and on a busy machine a goroutine may stand still for longer than a round
// trip.
func (m *machine) delayed(d time.Duration) { m.times.delay = max(d, m.times.delay-m.times.delay/64) }

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
		if len(m.queues.again) == 0 {
			at = max(at, m.due(m.window.next))
		}
		sooner(at)
	}
	if m.queues.retry.len() > 0 {
		e := m.queues.retry.front()
		sooner(max(free, m.times.hold, e.at+m.hostTime(m.interval(m.trips(e.number)))))
	}
	if m.queues.end.len() > 0 {
		e := m.queues.end.front()
		end := e.at + m.hostTime(m.lastWait(e.number))
		if m.plan.Len() >= manyQuestions && free > end && free-end <= givenQuantum { // one waking up for both
			end = free
		}
		sooner(max(m.times.hold, m.times.hop, end))
	}
	if len(m.looks.again) > 0 {
		sooner(free)
	}
	if m.looks.due.len() > 0 {
		sooner(max(free, m.looks.due.front().at+m.timing.Look))
	}
	if m.looks.awaited.len() > 0 {
		sooner(max(m.times.hold, m.looks.awaited.front().at+m.lookWait()))
	}
	if m.queues.doubt.len() > 0 {
		e := m.queues.doubt.front()
		d := time.Duration(0)
		if s := m.live(e.number); s != nil && s.state == slotTentative {
			d = m.trips(e.number).linger(m.held.at(s.held).RTT, &m.timing)
		}
		sooner(max(m.times.hold, e.at+d))
	}
	return at, ok
}

// due is when the block of question i may begin.
func (m *machine) due(i uint64) time.Duration {
	if m.plan.Order == InRounds {
		return m.dueInRound(i)
	}
	if m.plan.Interval == 0 || !m.times.started.is() || m.pass > 0 {
		return 0
	}
	return m.times.started.at() + time.Duration(i/m.plan.inner)*m.plan.Interval
}

// paced is when the plan's own pace lets the next packet go.
func (m *machine) paced() time.Duration {
	if m.plan.Pace == 0 || !m.times.started.is() {
		return 0
	}
	return m.times.sent + m.plan.Pace
}

// wanting tells whether there is something to send as soon as the pacer allows.
func (m *machine) wanting() bool {
	return len(m.queues.again) > 0 || m.window.next < m.plan.Len() && (!m.full() || m.narrow())
}
