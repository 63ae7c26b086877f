package scan

import (
	"math/bits"
	"time"

	"sonde/probe"
)

// machine decides what to ask next and what answers mean for the plan. It is
// the core of a run: time is an argument, and there is no I/O, clock or
// goroutine in it.
//
// A question lives in a slot from its first try of a pass until it is decided
// or silent; a pass is one walk through the plan. Slots form a window over the
// plan: question i of a pass has slot i mod len(slots), so the number finds the
// slot without a map. Silent questions are asked again in further passes as
// long as the measured loss demands it.
type machine struct {
	plan   *Plan
	timing Timing
	pacer  *pacer
	rtt    [probe.Classes]roundTrips
	losses losses

	slots      []slot
	base, next uint64 // of the pass: everything before base has left its slot; next is the next to start
	pass       int
	tries      int             // every silent question had at least so many in the passes that are over
	used       int             // and none had more: the next try is numbered behind
	perPass    int             // tries per question in this pass
	fewer      bool            // some were spared a try in this pass
	settled    bitmap          // by question: decided and handed out
	groups     bitmap          // by group, in plans that settle by group
	began      []time.Duration // by group: first question, +1; only with a host timeout
	again      []uint64        // could not leave yet, and go first
	retry, end queue           // tries in the order of sending
	doubt      queue           // tentative answers in the order of coming
	held       pool            // tentative results
	spare      verdictOnTries
	silence    uint64 // next question to hand out as silent when all is over
	over       bool

	out                     []Result // decided, not yet handed out
	ended                   []ask    // left their slots, with their latest try; kept only for kernel sockets
	duplicates, unsolicited uint64
}

// slot is a question in flight.
type slot struct {
	number uint32 // low bits of the question's number
	state  slotState
	try    uint8     // latest, counted over all passes
	here   uint8     // tries in this pass
	epoch  uint8     // of the pacer, for the first try of the first pass
	held   int32     // in the pool; -1: nothing tentative
	sent   [4]uint32 // microseconds when try t left, at t mod 4
}

type slotState uint8

const (
	slotFree slotState = iota
	slotWaiting
	slotTentative // an ICMP error came; the port may still speak for itself
)

// ask is one packet to be sent.
type ask struct {
	number uint64
	probe  probe.Probe
}

const mostSlots = 1 << 20

func newMachine(plan *Plan, timing Timing, p *pacer) *machine {
	m := &machine{plan: plan, timing: timing, pacer: p, perPass: timing.firstTries()}
	if plan.Settle == SettleNever {
		m.perPass, m.timing.MaxRetries = 1, 0
	}
	size := uint64(1) << bits.Len64(min(plan.Len(), mostSlots)-1)
	m.slots = make([]slot, size)
	m.settled = newBitmap(plan.Len())
	if plan.Settle == SettleGroup {
		m.groups = newBitmap(plan.Groups())
	}
	if plan.HostTimeout > 0 {
		m.began = make([]time.Duration, plan.Groups())
	}
	return m
}

func (m *machine) slot(i uint64) *slot { return &m.slots[i&uint64(len(m.slots)-1)] }

// live returns the slot of question i if the question is in it.
func (m *machine) live(i uint64) *slot {
	if s := m.slot(i); s.state != slotFree && s.number == uint32(i) {
		return s
	}
	return nil
}

// decided tells whether question i needs no more asking.
func (m *machine) decided(i uint64) bool {
	return m.settled.has(i) || m.groups != nil && m.groups.has(m.plan.Group(i))
}

// fill appends to asks what is to be sent now, at most most packets: further
// tries first, then new questions. It also ends what has had its time, and
// passes.
func (m *machine) fill(now time.Duration, most int, asks []ask) []ask {
	for {
		m.expire(now)
		asks = m.collect(now, most, asks)
		if m.over || m.next < m.plan.Len() || m.base < m.next {
			return asks
		}
		m.turn()
	}
}

// collect is the part of fill that sends.
func (m *machine) collect(now time.Duration, most int, asks []ask) []ask {
	for len(asks) < most && len(m.again) > 0 {
		i := m.again[0]
		m.again = m.again[1:]
		if s := m.live(i); s != nil && s.state == slotWaiting {
			asks = m.send(now, i, asks)
		}
	}
	for len(asks) < most {
		i, ok := m.dueRetry(now)
		if !ok {
			break
		}
		asks = m.send(now, i, asks)
	}
	for len(asks) < most {
		i, ok := m.start(now)
		if !ok {
			break
		}
		asks = m.send(now, i, asks)
	}
	return asks
}

// unsend takes back an ask that could not leave for now; it goes first next
// time.
func (m *machine) unsend(a ask) {
	if s := m.live(a.number); s != nil && s.try == a.probe.Try && s.state == slotWaiting {
		s.try--
		s.here--
		m.again = append(m.again, a.number)
	}
}

// start opens the slot of the next question of the pass.
func (m *machine) start(now time.Duration) (uint64, bool) {
	for m.next < m.plan.Len() {
		i := m.next
		if i-m.base >= uint64(len(m.slots)) {
			return 0, false // the window is full
		}
		m.next++
		if m.decided(i) {
			m.advance()
			continue
		}
		if m.timedOut(now, i) {
			m.settle(i, nil, Result{Number: i, Probe: m.plan.At(i), Tries: uint8(m.tries), RTT: -1, Reply: probe.Reply{Event: probe.Deadline}})
			m.advance()
			continue
		}
		*m.slot(i) = slot{number: uint32(i), state: slotWaiting, try: uint8(m.used), held: -1}
		return i, true
	}
	return 0, false
}

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
	return now-*b >= m.plan.HostTimeout
}

// send counts one more try of question i.
func (m *machine) send(now time.Duration, i uint64, asks []ask) []ask {
	s := m.slot(i)
	s.try++
	s.here++
	s.sent[s.try&3] = micros(now)
	if s.try == 1 && m.pass == 0 {
		s.epoch = m.pacer.asked(1)
	}
	q := m.plan.At(i)
	q.Try = s.try
	e := event{number: i, at: now, try: s.try}
	if int(s.here) < m.perPass {
		m.retry.push(e)
	} else {
		m.end.push(e)
	}
	return append(asks, ask{i, q})
}

// micros is a time as the slots keep it; it wraps every 71 minutes, far beyond
// any wait.
func micros(t time.Duration) uint32 { return uint32(t / time.Microsecond) }

// interval is how long after a try the next one leaves.
func (m *machine) interval(c probe.Class) time.Duration {
	w := m.wait(c) / 2
	if m.plan.SourcePort != 0 {
		// The same packet again: a half-open target swallows it within 500 ms.
		w = max(w, retransmission)
	}
	return w
}

const retransmission = 600 * time.Millisecond

// wait is how long to wait for one reply. How fast one UDP service answers says
// nothing about another one, so there the wait only grows.
func (m *machine) wait(c probe.Class) time.Duration {
	w := m.rtt[c].wait(&m.timing)
	if c == probe.ClassUDP && m.timing.Timeout == 0 {
		w = max(w, m.timing.FirstWait)
	}
	return w
}

// class returns the class of question i.
func (m *machine) class(i uint64) probe.Class {
	if len(m.plan.Kinds) == 1 {
		return m.plan.Kinds[0].Class()
	}
	return m.plan.Kinds[m.plan.At(i).Kind].Class()
}

// dueRetry takes the next question whose further try is due.
func (m *machine) dueRetry(now time.Duration) (uint64, bool) {
	for m.retry.len() > 0 {
		e := m.retry.front()
		s := m.live(e.number)
		if !s.is(e) || s.state != slotWaiting {
			m.retry.pop()
			continue
		}
		if now < e.at+m.interval(m.class(e.number)) {
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
		if s.here >= 2 && m.pass == 0 && m.spareable(int(s.here)) {
			m.fewer = true
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

// verdictOnTries keeps an answer of losses.enough for as long as it holds:
// working it out takes longer than sending a packet.
type verdictOnTries struct {
	found  uint32
	tries  int
	enough bool
}

// spareable tells whether, by what is known of the loss, questions that were
// asked tries times need no further try.
func (m *machine) spareable(tries int) bool {
	if m.timing.fixed() {
		return false
	}
	found := uint32(0)
	for c := range m.losses {
		found += m.losses[c].found - m.losses[c].counts[0]
	}
	if found < fewAnswers {
		return false
	}
	if v := &m.spare; v.tries != tries || found > v.found+v.found/8 {
		*v = verdictOnTries{found, tries, m.losses.enough(tries, tries)}
	}
	return m.spare.enough
}

// expire ends the questions whose last wait is over.
func (m *machine) expire(now time.Duration) {
	for m.doubt.len() > 0 {
		e := m.doubt.front()
		s := m.live(e.number)
		if s != nil && s.state == slotTentative && s.try == e.try {
			r := m.held.at(s.held)
			if now < e.at+m.rtt[m.class(e.number)].linger(r.RTT, &m.timing) {
				break
			}
			m.finish(e.number, s)
		}
		m.doubt.pop()
	}
	for m.end.len() > 0 {
		e := m.end.front()
		s := m.live(e.number)
		if s.is(e) && s.state == slotWaiting {
			if now < e.at+m.lastWait(e.number) {
				return
			}
			m.finish(e.number, s)
		}
		m.end.pop()
	}
}

// finish ends the stay of question i in its slot.
func (m *machine) finish(i uint64, s *slot) {
	switch {
	case m.groups != nil && m.decided(i):
		m.free(i)
	case s.state == slotTentative:
		m.settle(i, s, m.held.take(s.held))
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
	return m.wait(m.class(i))
}

// silent is the result of question i when nothing came.
func (m *machine) silent(i uint64, tries uint8) Result {
	event := probe.Silence
	if m.plan.Source.IsValid() {
		event = probe.Unseen
	}
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

// fail says that a try could not be sent from this machine.
func (m *machine) fail(i uint64, event probe.Event, errno uint16) {
	if s := m.live(i); s != nil && s.state == slotWaiting {
		m.settle(i, s, Result{Number: i, Probe: m.plan.At(i), Tries: s.try - 1, RTT: -1, Reply: probe.Reply{Event: event, Errno: errno}})
	}
}

// answer takes a reply that was proved to answer q. It tells whether it was
// accepted.
func (m *machine) answer(now time.Duration, q probe.Probe, r *probe.Reply) bool {
	i, ok := m.plan.Index(q)
	if !ok || m.pass == 0 && i >= m.next || int(r.Try) > m.used+m.perPass {
		m.unsolicited++
		return false
	}
	if m.settled.has(i) {
		m.duplicates++
		return true
	}
	if m.decided(i) {
		return true // its host was known already by another answer
	}
	s := m.live(i)
	res := Result{Number: i, Probe: m.plan.At(i), Reply: *r, RTT: -1, Tries: uint8(m.tries)}
	if s != nil {
		res.Tries = s.try
		m.time(s, &res)
	}
	kind := m.plan.Kinds[q.Kind]
	res.Verdict = kind.Classify(q, r)
	c := kind.Class()
	if r.Event == probe.Answer {
		m.learn(s, c, &res)
	}
	switch {
	case res.Verdict.Final || m.groups != nil && r.Who == probe.Target:
		m.settle(i, s, res)
	case s == nil: // too late to be doubted
		m.settle(i, nil, res)
	case s.state == slotWaiting:
		s.state, s.held = slotTentative, m.held.put(res)
		m.doubt.push(event{number: i, at: now, try: s.try})
	case r.Who == probe.Target: // the target knows better than the way there
		*m.held.at(s.held) = res
	default:
		m.duplicates++
	}
	return true
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
	if r.Try == 0 && s.try == 1 {
		r.Try = 1
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

// lateAfter is when an answer is no longer its try's: targets repeat their
// SYN-ACKs after a second (RFC 6298 §2.1), and such a repeat hides a loss.
const lateAfter = 900 * time.Millisecond

// learn feeds an answer to the estimates.
func (m *machine) learn(s *slot, c probe.Class, res *Result) {
	e := &m.rtt[c]
	onTime := res.RTT >= 0 && (e.n == 0 || res.RTT < lateAfter+e.smooth)
	if m.groups != nil {
		c = probe.ClassTCP // a host is one thing, whatever it answered to
	}
	if onTime {
		e.add(res.RTT)
	}
	try := int(res.Reply.Try)
	if try > m.used {
		try += m.tries - m.used
	}
	m.losses.answered(c, try, onTime)
	if s != nil && m.pass == 0 && res.Reply.Try > 0 {
		m.pacer.answered(s.epoch, onTime && res.Reply.Try == 1, res.RTT)
	}
}

// settle hands out a result and closes its question, and its group.
func (m *machine) settle(i uint64, s *slot, r Result) {
	if r.Verdict == (probe.Verdict{}) {
		r.Verdict = m.plan.Kinds[r.Probe.Kind].Classify(r.Probe, &r.Reply)
	}
	m.settled.set(i)
	if m.groups != nil && (r.Verdict.Final || r.Reply.Who == probe.Target && r.Reply.Event == probe.ICMPError) {
		m.groups.set(m.plan.Group(i))
	}
	m.out = append(m.out, r)
	if s != nil {
		m.free(i)
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
		m.ended = append(m.ended, ask{i, q})
	}
	s.state = slotFree
	m.advance()
}

// advance moves the window over what has left its slot.
func (m *machine) advance() {
	for m.base < m.next && m.live(m.base) == nil {
		m.base++
	}
}

// turn ends a pass and begins another one if the loss demands it.
func (m *machine) turn() {
	m.used += m.perPass
	m.tries += m.perPass
	if m.fewer {
		m.tries, m.fewer = 2, false
	}
	m.pass++
	if m.timing.fixed() || m.tries >= MostTries || !m.losses.any() || m.losses.enough(m.tries, m.tries) || m.settled.full(m.plan.Len()) {
		m.over = true
		return
	}
	more := 1
	for m.tries+more < MostTries && !m.losses.enough(m.tries+more, m.tries) {
		more++
	}
	// Half of what seems necessary at a time: later tries also say more about
	// the loss.
	m.perPass = (more + 1) / 2
	m.base, m.next = 0, 0
}

// wake returns when the machine next wants to be called if nothing comes in,
// and false if only an answer can change anything or all is over. free is when
// the pacer lets the next packet go.
func (m *machine) wake(free time.Duration) (at time.Duration, ok bool) {
	sooner := func(t time.Duration) {
		if !ok || t < at {
			at, ok = t, true
		}
	}
	if m.wanting() {
		sooner(free)
	}
	if m.retry.len() > 0 {
		e := m.retry.front()
		sooner(max(free, e.at+m.interval(m.class(e.number))))
	}
	if m.end.len() > 0 {
		e := m.end.front()
		sooner(e.at + m.lastWait(e.number))
	}
	if m.doubt.len() > 0 {
		e := m.doubt.front()
		d := time.Duration(0)
		if s := m.live(e.number); s != nil && s.state == slotTentative {
			d = m.rtt[m.class(e.number)].linger(m.held.at(s.held).RTT, &m.timing)
		}
		sooner(e.at + d)
	}
	return at, ok
}

// wanting tells whether there is something to send as soon as the pacer allows.
func (m *machine) wanting() bool {
	return len(m.again) > 0 || m.next < m.plan.Len() && m.next-m.base < uint64(len(m.slots))
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
		case !asked || m.plan.OmitSilence:
		default:
			tries := m.tries
			if m.pass == 0 {
				tries = m.perPass
			}
			m.settle(i, nil, m.silent(i, uint8(tries)))
		}
	}
	return m.silence < m.plan.Len()
}
