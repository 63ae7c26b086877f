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
	// unheard tells whether something has come in that answer has not been given
	// yet: until it was, silence is none. Nil: never.
	unheard func() bool
	rtt     [probe.Classes]roundTrips
	near    []roundTrips // by host, in plans with many questions to few: see trips
	losses  losses

	slots      []slot
	base, next uint64 // of the pass: everything before base has left its slot; next is the next to start
	pass       int
	from       int                   // the pass that an earlier run was in
	tries      int                   // silent questions had so many in the passes that are over: see typical
	used       int                   // and none had more: the next try is numbered behind, unless slots remember it
	perPass    int                   // tries per question in this pass, more or less: see satisfied
	silentBy   [MostTries + 1]uint32 // questions that stayed silent in this pass, by tries
	congested  bool                  // by what the pacer knows
	most       int                   // most tries of any question in this pass
	hold       time.Duration         // something unheard keeps silence from counting, until then
	heardAt    time.Duration         // everything until then was heard, +1
	delay      time.Duration         // from taking asks to their leaving, at most, of late
	firsts     int                   // first tries of the first pass in the fill under way
	sentAt     time.Duration         // when a packet left last
	clock      time.Duration         // when fill was called last
	sleep      sleepers
	settled    bitmap          // by question: decided and handed out
	groups     bitmap          // by group, in plans that settle by group
	zero       time.Duration   // when the first question left, +1
	began      []time.Duration // by group: first question, +1; only with a host timeout
	again      []uint64        // could not leave yet, and go first
	retry, end queue           // tries in the order of sending
	doubt      queue           // tentative answers in the order of coming
	held       pool            // tentative results
	spare      verdictOnTries
	short      [MostTries]verdictOnTries // by tries
	silence    uint64                    // next question to hand out as silent when all is over
	over       bool

	out        []Result // decided, not yet handed out
	ended      []ask    // left their slots, with their latest try; kept only for kernel sockets
	duplicates uint64
	omitted    uint64 // silent questions that were not handed out
	silences   uint64 // and those that were
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

// fewHosts is of how many hosts, at most, each one's round trips are measured.
const fewHosts = 1 << 10

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
		m.sleep.asked = newBitmap(plan.inner)
	}
	if plan.Settle == SettleEach && len(plan.Kinds) == 1 && plan.Groups() <= fewHosts {
		m.near = make([]roundTrips, plan.Groups())
		for h := range m.near {
			m.near[h].forgets = true
		}
	}
	if plan.HostTimeout > 0 {
		m.began = make([]time.Duration, plan.Groups())
	}
	if plan.Keeper != nil {
		m.goOn(plan.Keeper.Last())
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
	return m.settled.has(i) || m.groups != nil && m.groups.has(m.plan.Group(i)) || m.plan.Skip != nil && m.plan.Skip(i)
}

// fill appends to asks what is to be sent now, at most most packets: further
// tries first, then new questions. It also ends what has had its time, and
// passes. What was asked at left or later may not have left yet, so its time has
// not begun.
func (m *machine) fill(now, left time.Duration, most int, asks []ask) []ask {
	epoch := m.pacer.epoch()
	m.clock, m.firsts, m.congested = now, 0, m.pacer.congested(now)
	for !m.over {
		m.expire(now, left)
		asks = m.collect(now, left, most, epoch, asks)
		if m.next < m.plan.Len() || m.base < m.next || m.sleep.pending() {
			break
		}
		if m.turn(); m.over {
			break
		}
	}
	if m.firsts > 0 {
		m.pacer.asked(epoch, m.firsts, m.plan.Order == Shuffled)
	}
	return asks
}

// collect is the part of fill that sends.
func (m *machine) collect(now, left time.Duration, most int, epoch uint8, asks []ask) []ask {
	if m.plan.Pace > 0 {
		if now < m.paced() {
			return asks
		}
		most = min(most, len(asks)+1)
	}
	// Further tries go before what found no room: that may be waiting for them,
	// as kernel sockets stay open until their question ends.
	for len(asks) < most {
		i, ok := m.dueRetry(now, left)
		if !ok {
			break
		}
		asks = m.send(now, i, epoch, asks)
	}
	for len(asks) < most && len(m.again) > 0 {
		i := m.again[0]
		m.again = m.again[1:]
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
	return asks
}

// unsend takes back an ask that could not leave for now; it goes before new
// questions next time.
func (m *machine) unsend(a ask) {
	if m.looked(a.number, a.probe.Try) {
		m.unlook(a.number)
		return
	}
	if s := m.live(a.number); s != nil && s.try == a.probe.Try && s.state == slotWaiting {
		if s.try == 1 && m.pass == 0 {
			m.pacer.unasked(s.epoch)
		}
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
		if m.zero == 0 {
			m.zero = now + 1
		}
		if now < m.due(i) {
			return 0, false
		}
		m.next++
		if m.decided(i) || m.tried(i) || m.pass > 0 && (m.kernelRepeats(i) || m.triedBefore(i) >= m.tries+m.perPass) {
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
	return m.used
}

// triesOf is how many tries question i, which has left its slot, had so far, or at
// most had, where that is not known.
func (m *machine) triesOf(i uint64) int {
	if s := m.slot(i); m.remembers() && s.number == uint32(i) {
		return int(s.try)
	}
	return m.used + m.most
}

// remembers tells whether slots keep the tries of the questions that left them:
// where there is one for each, and the kernel repeats none.
func (m *machine) remembers() bool {
	return m.plan.Len() <= uint64(len(m.slots)) && !(m.plan.Sockets && m.plan.SourcePort != 0)
}

// send counts one more try of question i.
func (m *machine) send(now time.Duration, i uint64, epoch uint8, asks []ask) []ask {
	s := m.slot(i)
	s.try++
	s.here++
	s.sent[s.try&3] = micros(now)
	m.sentAt = now
	if s.try == 1 && m.pass == 0 {
		s.epoch = epoch
		m.firsts++
	}
	q := m.plan.At(i)
	q.Try = s.try
	e := event{number: i, at: now, try: s.try}
	m.most = max(m.most, int(s.here))
	if m.kernelRepeats(i) || int(s.here) >= m.perPass && m.timing.fixed() {
		m.end.push(e)
	} else {
		m.retry.push(e)
	}
	return append(asks, ask{i, q})
}
