package scan

import (
	"time"

	"sonde/probe"
)

// This file is the part of the machine that takes what came back, and decides.

// silent is the result of question i when nothing came.
func (m *machine) silent(i uint64, tries uint8) Result {
	event := probe.Silence
	if m.plan.Source.IsValid() {
		event = probe.Unseen
	}
	if m.kernelRepeats(i) {
		tries = 1
	}
	if m.window.walks != nil && m.window.walks.trouble != 0 {
		return Result{Number: i, Probe: m.plan.At(i), Tries: uint8(m.window.walks.tries(i)), RTT: -1, Reply: probe.Reply{Event: probe.LocalError, Who: probe.Ourselves, Errno: uint16(m.window.walks.trouble)}}
	}
	if m.rumoured(i) {
		return m.unheeded(i, tries, event)
	}
	m.counts.silences++
	return Result{Number: i, Probe: m.plan.At(i), Tries: tries, RTT: -1, Reply: probe.Reply{Event: event}}
}

// giveUp decides question i by an event that no packet brought.
func (m *machine) giveUp(i uint64, event probe.Event) {
	s := m.live(i)
	if s == nil {
		return
	}
	if s.state == slotTentative {
		m.settle(i, s, m.held.take(s.held))
		return
	}
	m.settle(i, s, Result{Number: i, Probe: m.plan.At(i), Tries: s.try, RTT: -1, Reply: probe.Reply{Event: event}})
}

// fail says that a try could not be sent from this machine. If an earlier one
// left, its answer may still come.
func (m *machine) fail(now time.Duration, i uint64, what probe.Event, errno uint16) {
	s := m.live(i)
	if s != nil && s.state == slotTentative && m.held.at(s.held).Reply.Who == probe.Ourselves {
		m.held.at(s.held).Tries = s.try - 1 // the kernel's own word of the same was quicker than its refusal
	}
	if s == nil || s.state != slotWaiting {
		return
	}
	res := Result{Number: i, Probe: m.plan.At(i), Tries: s.try - 1, RTT: -1,
		Reply: probe.Reply{Event: what, Who: probe.Ourselves, Errno: errno}}
	if s.here == 1 {
		m.settle(i, s, res)
		return
	}
	s.state, s.held = slotTentative, m.held.put(res)
	m.queues.doubt.push(event{number: i, at: now, try: s.try})
}

// answer takes a reply that was proved to answer q. It tells whether it was
// accepted.
func (m *machine) answer(now time.Duration, q probe.Probe, r *probe.Reply) bool {
	q = m.repetition(q, r)
	i, ok := m.plan.Index(q)
	if ok && len(m.queues.controls.sent) > 0 && m.settled.has(i) {
		if c := m.sentControl(i, r.Try); c != nil {
			m.controlAnswered(c, r)
			return true
		}
	}
	if !ok || !m.asked(i, r.Try) {
		m.missed()
		return false
	}
	if r.Slim && m.unproven.heard[i].floods(uint8(m.triesOf(i))) && !m.settled.has(i) { // 16 bits are soon guessed
		m.unsure(q, r)
		return false
	}
	if m.settled.has(i) {
		m.again(i, q, r)
		return true
	}
	if m.decided(i) {
		return true // its host was known already by another answer
	}
	s := m.live(i)
	res := Result{Number: i, Probe: m.plan.At(i), Reply: *r, RTT: -1, Tries: uint8(m.triesOf(i))}
	if s != nil {
		res.Tries = s.try
		m.time(s, &res)
	} else if m.window.walks != nil {
		m.timeWalk(&res)
	}
	look := m.looked(i, r.Try)
	if look {
		res.Tries, res.RTT = res.Tries+1, m.roundTripOfLook(i, r.At)
	}
	if m.passed != nil && res.RTT >= 0 && r.Who != probe.Ourselves {
		m.passed(res.Probe, r.At-res.RTT)
	}
	kind := m.plan.Kinds[q.Kind]
	res.Verdict = kind.Classify(q, r)
	c := m.class(i)
	if r.Event == probe.Answer {
		m.learn(s, c, look, &res)
	}
	switch {
	case res.Verdict.Final || m.groups.settled != nil && r.Who == probe.Target:
		m.settle(i, s, res)
	case m.window.walks != nil:
		m.doubt(now, i, q, r, &res)
	case s == nil: // too late to be doubted
		m.settle(i, nil, res)
	case s.state == slotWaiting:
		s.state, s.held = slotTentative, m.held.put(res)
		m.queues.doubt.push(event{number: i, at: now, try: s.try})
	case r.Who == probe.Target && m.held.at(s.held).Reply.Who != probe.Target:
		*m.held.at(s.held) = res // the target knows better than the way there
	default:
		m.again(i, q, r)
	}
	return true
}

// again takes one more answer to a question. It is news where it contradicts one, or where
// all are counted.
func (m *machine) again(i uint64, q probe.Probe, r *probe.Reply) {
	if r.Who == probe.Ourselves { // what the kernel says of it beside is no answer at all
		return
	}
	if !m.plan.Kinds[q.Kind].Traits().Group {
		m.counts.duplicates++
	}
	if m.plan.Watcher != nil && (m.plan.Settle == SettleNever || r.Event == probe.Answer && m.answered.has(i)) {
		m.note(noteLater, q, r)
	}
}

// asked tells whether question i has been asked, and by so many tries: a
// source port that was not used yet is easy to guess.
func (m *machine) asked(i uint64, tries uint8) bool {
	s := m.live(i)
	switch {
	case m.looked(i, tries):
		return true
	case s != nil:
		return s.try > 0 && tries <= s.try
	case m.window.walks != nil:
		asked := m.window.walks.tries(i)
		return asked > 0 && int(tries) <= asked
	case i < m.window.next:
		return int(tries) <= m.tries.used+max(m.tries.most, m.tries.perPass)
	}
	return m.pass > 0 && int(tries) <= m.tries.used
}

// time works out which try was answered and how long that took.
func (m *machine) time(s *slot, res *Result) {
	r := &res.Reply
	if r.Try == 0 && r.Sent > 0 { // the echo tells when its try left, to a millisecond
		for t := max(1, int(s.try)-3); t <= int(s.try); t++ {
			if d := int32(s.sent[t&3] - micros(r.Sent)); d > -1500 && d < 1500 {
				r.Try = uint8(t)
			}
		}
	}
	if r.Try == 0 && (s.try == 1 || m.plan.Kinds[res.Probe.Kind].Class() == probe.ClassLink) {
		// Nothing in ARP and ND tells the try. But links are short: it is the latest
		// that had left.
		for r.Try = s.try; r.Try > 1 && s.try-r.Try < 3 && int32(micros(r.At)-s.sent[r.Try&3]) < 0; {
			r.Try--
		}
	}
	if r.Try == 0 || r.Try > s.try || s.try-r.Try > 3 {
		return
	}
	if d := int32(micros(r.At) - s.sent[r.Try&3]); d >= 0 {
		res.RTT = time.Duration(d) * time.Microsecond
	} else {
		res.RTT = 0
	}
}

// LateAfter is how much longer than usual an answer takes that is no longer its try's:
// targets repeat their SYN-ACKs after a second (RFC 6298 §2.1), as kernels do their SYNs,
// and such a repeat hides a loss.
const LateAfter = 900 * time.Millisecond

// learn feeds an answer to the estimates.
func (m *machine) learn(s *slot, c probe.Class, look bool, res *Result) {
	e := &m.rtt[c]
	onTime := res.RTT >= 0 && (e.n == 0 || res.RTT < LateAfter+e.smooth)
	if onTime {
		e.add(res.RTT)
		if m.near != nil {
			m.near[m.plan.Group(res.Number)].add(res.RTT)
		}
	}
	try := int(res.Reply.Try)
	if try > m.tries.used && !m.remembers() {
		try += m.tries.before - m.tries.used
	}
	if !look { // a host that was not ready did not lose anything
		m.losses.answered(c, res.Probe.Target, try, onTime)
	}
	if onTime {
		m.know(res, c)
	}
	if s != nil && m.pass == 0 && res.Reply.Try > 0 {
		m.pacer.answered(s.epoch, onTime && res.Reply.Try == 1, res.RTT)
	}
	if m.window.walks != nil && m.pass == 0 {
		m.window.walks.pace(m.pacer, res, onTime)
	}
}

// settle hands out a result and closes its question, and its group.
func (m *machine) settle(i uint64, s *slot, r Result) {
	m.out = append(m.out, r)
	res := &m.out[len(m.out)-1] // r itself would have to be allocated for Classify
	if res.Verdict == (probe.Verdict{}) {
		res.Verdict = m.plan.Kinds[res.Probe.Kind].Classify(res.Probe, &res.Reply)
	}
	m.settled.set(i)
	if m.window.walks != nil {
		m.window.walks.needed--
		m.window.walks.settled(i)
		m.undoubt(i)
	}
	if res.Reply.Event == probe.Answer && m.answered != nil {
		m.answered.set(i)
	}
	m.forget(i)
	if m.groups.settled != nil && (res.Verdict.Final || res.Reply.Who == probe.Target && res.Reply.Event == probe.ICMPError) {
		m.groups.settled.set(m.plan.Group(i))
		m.release(res.Probe)
	}
	if s != nil && s.state != slotFree {
		m.free(i)
	}
}

// release frees the slots of all questions to the host of q, which is settled:
// decided means done.
func (m *machine) release(q probe.Probe) {
	for _, a := range m.plan.Asks {
		q.Kind, q.Port = a.Kind, a.Port
		if i, ok := m.plan.Index(q); ok && m.live(i) != nil {
			m.free(i)
		}
	}
}

// free empties the slot of question i.
func (m *machine) free(i uint64) {
	s := m.slot(i)
	if s.state == slotTentative {
		m.held.drop(s.held)
	}
	if m.plan.Sockets {
		q := m.plan.At(i)
		q.Try = s.try
		m.ended = append(m.ended, attempt{number: i, probe: q})
	}
	s.state = slotFree
	m.advance()
}

// advance moves the window over what has left its slot.
func (m *machine) advance() {
	for m.window.base < m.window.next && m.live(m.window.base) == nil {
		m.lookLater(m.window.base)
		m.window.base++
	}
}
