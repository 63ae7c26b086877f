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
	senses
	rtt    [probe.Classes]roundTrips
	near   []roundTrips // by host, in plans with many questions to few: see trips
	losses losses

	window  window
	pass    int
	tries   tries
	resumed resumed
	filling filling
	times   times
	looks   secondLooks
	decisions
	groups   groups
	queues   queues
	held     pool // tentative results
	unproven unproven
	enough   enough
	counts   counts
	over     bool

	out   []Result  // decided, not yet handed out
	notes []note    // replies for the plan's Watcher, not yet told
	ended []attempt // left their slots, with their latest try; kept only for kernel sockets
}

// decisions are of questions.
type decisions struct {
	settled  bitmap // decided and handed out
	answered bitmap // the same, if an answer decided it; nil where that makes no difference to a Watcher
}

// groups says what is known of the plan's groups.
type groups struct {
	settled bitmap // in plans that settle by group
	began   []mark // the first question; only with a host timeout
	// over is how many groups of a plan that asks ByHosts are handed out as a whole;
	// passed is when the next one had its tries.
	over   uint64
	passed mark
}

// tries counts how often questions were asked, in the passes that are over and in this
// one.
type tries struct {
	before   int                   // silent questions had so many in the passes that are over: see typical
	used     int                   // and none had more: the next try is numbered behind, unless slots remember it
	perPass  int                   // of each question in this pass, more or less: see satisfied
	most     int                   // of any question in this pass
	silentBy [MostTries + 1]uint32 // questions that stayed silent in this pass, by tries
}

// resumed says what is known of an earlier run.
type resumed struct {
	keeps bool // the plan's Watcher knows of one, or keeps what this one does
	pass  int  // in which it was
}

// filling is the latest call of fill.
type filling struct {
	at        time.Duration
	congested bool // by what the pacer knows
	firsts    int  // first tries of the first pass that it sent
}

// times are when things happened last, and how long they take.
type times struct {
	started mark          // when the first question left
	sent    time.Duration // when a packet left last
	heard   mark          // everything until then was heard
	hold    time.Duration // something unheard keeps silence from counting, until then
	hop     time.Duration // a next hop that is being asked does, until then
	delay   time.Duration // from taking attempts to their leaving, at most, of late
	rounds  rounds        // only in plans that ask in rounds
}

// queues are the questions that something is due for.
type queues struct {
	again      []uint64 // could not leave yet, and go first
	retry, end queue    // tries in the order of sending
	doubt      queue    // tentative answers in the order of coming
	controls   controls // what is asked once more although it was answered
}

// enough keeps verdicts on numbers of tries: see spareable and demanded.
type enough struct {
	spare verdictOnTries
	short [MostTries]verdictOnTries // by tries
}

// counts are of answers and of silent questions.
type counts struct {
	duplicates uint64
	handedOut  uint64 // the next question to hand out as silent when all is over
	silences   uint64 // silent questions that were handed out
	omitted    uint64 // and those that were not
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

// attempt is one packet to be sent.
type attempt struct {
	number uint64
	probe  probe.Probe
	// reset: no question, but the RST from port from by which an older connection in
	// the place of one is taken back.
	reset    bool
	from     uint16
	seq, ack uint32 // of the RST
}

// fewHosts is of how many hosts, at most, each one's round trips are measured.
const fewHosts = 1 << 10

func newMachine(plan *Plan, timing Timing, p *pacer) *machine {
	m := &machine{plan: plan, timing: timing, pacer: p, tries: tries{perPass: timing.firstTries()}}
	if plan.Settle == SettleNever {
		m.tries.perPass, m.timing.MaxRetries = 1, 0
	}
	size := uint64(1) << bits.Len64(min(plan.Len(), fewSlots)-1)
	if plan.Bulk {
		size = 1 // which nobody gets
	}
	m.window.slots, m.window.whole = make([]slot, size), plan.Len() <= size && !plan.Bulk
	m.settled = newBitmap(plan.Len())
	if plan.Watcher != nil && plan.Settle != SettleNever {
		m.answered = newBitmap(plan.Len())
	}
	if plan.Settle == SettleGroup {
		m.groups.settled = newBitmap(plan.Groups())
		m.looks.asked = newBitmap(plan.inner)
	}
	if plan.Settle == SettleEach && len(plan.Kinds) == 1 && plan.Groups() <= fewHosts {
		m.near = make([]roundTrips, plan.Groups())
		for h := range m.near {
			m.near[h].forgets = true
		}
	}
	if plan.Order == InRounds {
		m.times.rounds.begin(plan.inner)
	}
	if plan.HostTimeout > 0 {
		m.groups.began = make([]mark, plan.Groups())
	}
	if plan.Watcher != nil {
		var last Standing
		last, m.resumed.keeps = plan.Watcher.Last()
		m.goOn(last)
	}
	return m
}

func (m *machine) slot(i uint64) *slot { return &m.window.slots[i&uint64(len(m.window.slots)-1)] }

// live returns the slot of question i if the question is in it.
func (m *machine) live(i uint64) *slot {
	if s := m.slot(i); s.state != slotFree && s.number == uint32(i) {
		return s
	}
	return nil
}

// decided tells whether question i needs no more asking.
func (m *machine) decided(i uint64) bool {
	return m.settled.has(i) || m.groups.settled != nil && m.groups.settled.has(m.plan.Group(i)) || m.plan.Watcher != nil && m.plan.Watcher.Skip(i)
}

// fill appends to asks what is to be sent now, at most most packets: further
// tries first, then new questions. It also ends what has had its time, and
// passes. What was asked at left or later may not have left yet, so its time has
// not begun.
func (m *machine) fill(now, left time.Duration, most int, asks []attempt) []attempt {
	epoch := m.pacer.epoch()
	m.filling.at, m.filling.firsts, m.filling.congested = now, 0, m.pacer.congested(now)
	for !m.over {
		m.expire(now, left)
		m.closeGroups(now, mostOut)
		asks = m.collect(now, left, most, epoch, asks)
		if m.window.next < m.plan.Len() || m.window.base < m.window.next || m.looks.pending() {
			break
		}
		if m.turn(); m.over {
			break
		}
	}
	if m.filling.firsts > 0 {
		m.pacer.asked(epoch, m.filling.firsts, m.plan.Order != ByBlock)
	}
	return asks
}

// collect is the part of fill that sends.
func (m *machine) collect(now, left time.Duration, most int, epoch uint8, asks []attempt) []attempt {
	if m.plan.Pace > 0 {
		if now < m.paced() {
			return asks
		}
		most = min(most, len(asks)+1)
	}
	for u := &m.unproven; len(asks) < most && len(u.resets) > 0; u.resets = u.resets[1:] {
		asks = append(asks, u.resets[0])
		m.times.sent = now
	}
	first := len(asks)
	if len(m.queues.controls.known) > 0 {
		asks = m.askControls(now, most, asks)
	}
	controls := len(asks) - first
	// Further tries go before what found no room: that may be waiting for them,
	// as kernel sockets stay open until their question ends.
	for len(asks) < most {
		i, ok := m.dueRetry(now, left)
		if !ok {
			break
		}
		asks = m.send(now, i, epoch, asks)
	}
	for len(asks) < most && len(m.queues.again) > 0 {
		i := m.queues.again[0]
		m.queues.again = m.queues.again[1:]
		if s := m.live(i); s != nil && s.state == slotWaiting {
			asks = m.send(now, i, epoch, asks)
		}
	}
	for len(asks) < most {
		i, ok := m.dueLook(now)
		if !ok {
			break
		}
		asks = m.look(now, i, asks)
	}
	for len(asks) < most {
		i, ok := m.start(now)
		if !ok {
			break
		}
		asks = m.send(now, i, epoch, asks)
	}
	scatter(asks[first:], controls)
	return asks
}

// unsend takes back an ask that could not leave for now; it goes before new
// questions next time.
func (m *machine) unsend(a attempt) {
	if a.reset {
		m.unproven.resets = append(m.unproven.resets, a)
		return
	}
	if m.looked(a.number, a.probe.Try) {
		m.unlook(a.number)
		return
	}
	if c := m.sentControl(a.number, a.probe.Try); c != nil {
		m.pacer.controlled(c.at, c.epoch, -1)
		c.try = 0 // it never was
		return
	}
	if s := m.live(a.number); s != nil && s.try == a.probe.Try && s.state == slotWaiting {
		if s.try == 1 && m.pass == 0 {
			m.pacer.unasked(s.epoch)
		}
		s.try--
		s.here--
		m.queues.again = append(m.queues.again, a.number)
	}
}

// start opens the slot of the next question of the pass.
func (m *machine) start(now time.Duration) (uint64, bool) {
	for m.window.next < m.plan.Len() {
		i := m.window.next
		if m.full() && !m.widen() {
			return 0, false
		}
		if !m.times.started.is() {
			m.times.started = markOf(now)
		}
		if now < m.due(i) {
			return 0, false
		}
		m.window.next++
		if m.decided(i) || m.tried(i) || m.pass > 0 && (m.kernelRepeats(i) || m.triedBefore(i) >= m.tries.before+m.tries.perPass) {
			m.advance()
			continue
		}
		if m.tooLate(now, i) {
			m.advance()
			continue
		}
		*m.slot(i) = slot{number: uint32(i), state: slotWaiting, try: uint8(m.triedBefore(i)), held: -1}
		return i, true
	}
	return 0, false
}

// triedBefore is how often question i was asked in the passes before, or at most
// was, where that is not known.
func (m *machine) triedBefore(i uint64) int {
	if s := m.slot(i); m.remembers() && s.number == uint32(i) && s.try > 0 {
		return int(s.try)
	}
	return m.tries.used
}

// triesOf is how many tries question i, which has left its slot, had so far, or at
// most had, where that is not known.
func (m *machine) triesOf(i uint64) int {
	if m.window.walks != nil {
		return m.window.walks.tries(i)
	}
	if s := m.slot(i); m.remembers() && s.number == uint32(i) {
		return int(s.try)
	}
	return m.tries.used + m.tries.most
}

// remembers tells whether slots keep the tries of the questions that left them:
// where there is one for each, and the kernel repeats none.
func (m *machine) remembers() bool {
	return m.window.whole && !(m.plan.Sockets && m.plan.SourcePort != 0)
}

// send counts one more try of question i.
func (m *machine) send(now time.Duration, i uint64, epoch uint8, asks []attempt) []attempt {
	s := m.slot(i)
	s.try++
	s.here++
	s.sent[s.try&3] = micros(now)
	m.times.sent = now
	if m.plan.Order == InRounds {
		m.times.rounds.sent(now, i/m.plan.inner, i%m.plan.inner)
	}
	if s.try == 1 && m.pass == 0 {
		s.epoch = epoch
		m.filling.firsts++
	}
	q := m.plan.At(i)
	q.Try = s.try
	e := event{number: i, at: now, try: s.try}
	m.tries.most = max(m.tries.most, int(s.here), int(s.try)-m.tries.used) // the latter where it is asked anew
	if m.kernelRepeats(i) || int(s.here) >= m.tries.perPass && m.timing.fixed() {
		m.queues.end.push(e)
	} else {
		m.queues.retry.push(e)
	}
	return append(asks, attempt{number: i, probe: q})
}
