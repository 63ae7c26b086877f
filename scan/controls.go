package scan

import (
	"time"

	"sonde/probe"
)

// This file is about controls: questions that were answered, asked once more. Where hardly
// anybody answers, silence does not tell whether packets still arrive at a higher rate;
// that who answered before answers again does. They decide nothing about a question.

const (
	mostControls   = 12  // in a stretch of sending at one rate
	controlShare   = 8   // one packet in so many is a control, at most
	fewAsked       = 100 // of less it is not known how many answer
	sparseShare    = 10  // where one question in so many is answered, answers suffice
	mostLost       = 0.8 // of the share that is usually answered: where fewer controls are, the rate is too high
	knownMost      = 64  // questions that were answered are remembered, to be asked once more
	controlsRecall = 256
	// longEpoch is how long a rate is held, at least, before controls are believed: a line
	// with a queue shows that it carries less only when that is full, or answers are late.
	longEpoch     = 20 * time.Millisecond
	queueing      = 2 * time.Millisecond // later than before, and by half as much again, an answer has waited in a queue
	worthControls = 512                  // a plan of less is over sooner than controls say anything
)

// controls are the machine's.
type controls struct {
	known []control // were answered, and by which of their tries at most; a ring
	turn  int       // whose it is, in known
	sent  []control // the latest; a ring
	next  int       // in sent
}

// control is one question that was answered.
type control struct {
	number uint64
	at     time.Duration // when it left
	rtt    time.Duration // that its question had before
	try    uint8
	epoch  uint8
	told   bool // its answer came
}

// takesControls tells whether answered questions may be asked once more: not where it was
// said how many packets there are to be, nor where that would be the same packet again.
func (m *machine) takesControls() bool {
	p := m.plan
	return p.Len() >= worthControls && !m.timing.fixed() && m.timing.Rate == 0 && !p.Sockets && p.SourcePort == 0 && !p.KeepFlow &&
		!p.Source.IsValid() && p.Settle != SettleNever && p.Pace == 0 && p.TTLs == 0 && m.window.walks == nil
}

// know remembers a question that was answered.
func (m *machine) know(res *Result, c probe.Class) {
	if !m.takesControls() || c == probe.ClassLink || c == probe.ClassUDP || res.Reply.Try == 0 || int(res.Tries) >= m.mostTries() {
		return
	}
	k := &m.queues.controls
	one := control{number: res.Number, try: res.Tries, rtt: res.RTT}
	if len(k.known) < knownMost {
		k.known = append(k.known, one)
		return
	}
	k.known[int(res.Number%knownMost)] = one
}

// control asks somebody once more, if there is anybody.
func (m *machine) control(now time.Duration, epoch uint8, asks []attempt) ([]attempt, bool) {
	k := &m.queues.controls
	for range k.known {
		k.turn = (k.turn + 1) % len(k.known)
		one := &k.known[k.turn]
		if int(one.try) >= m.mostTries() || m.timedOut(now, one.number) {
			continue
		}
		one.try++
		c := control{number: one.number, at: now, try: one.try, epoch: epoch, rtt: one.rtt}
		if m.near != nil {
			c.rtt = min(c.rtt, m.near[m.plan.Group(one.number)].least)
		}
		if len(k.sent) < controlsRecall {
			k.sent = append(k.sent, c)
		} else {
			k.sent[k.next] = c
		}
		k.next = (k.next + 1) % controlsRecall
		m.times.sent = now
		q := m.plan.At(one.number)
		q.Try = one.try
		return append(asks, attempt{number: one.number, probe: q}), true
	}
	return asks, false
}

// askControls appends the controls that are to leave now.
func (m *machine) askControls(now time.Duration, most int, asks []attempt) []attempt {
	if left := m.plan.Len() - m.window.next + uint64(m.queues.retry.len()); left < worthControls {
		return asks
	}
	if asked := m.window.next; m.pass > 0 || asked < fewAsked || uint64(m.losses.onTime())*sparseShare > asked {
		return asks // enough answers come by themselves
	}
	n, epoch := m.pacer.controls(now)
	for ; n > 0 && len(asks) < most; n-- {
		var ok bool
		if asks, ok = m.control(now, epoch, asks); !ok {
			break
		}
		m.pacer.controlled(now, epoch, 1)
	}
	return asks
}

// scatter exchanges the controls, which are the first n of asks, for some of asks at random:
// of packets that leave together a full queue takes the first.
func scatter(asks []attempt, n int) {
	for i := range n {
		to := i + int(mix(asks[i].number<<8|uint64(asks[i].probe.Try))%uint64(len(asks)-i))
		asks[i], asks[to] = asks[to], asks[i]
	}
}

// sentControl is the control that a try of question i was; nil if it was none.
func (m *machine) sentControl(i uint64, try uint8) *control {
	if try == 0 {
		return nil
	}
	for c := range m.queues.controls.sent {
		if s := &m.queues.controls.sent[c]; s.number == i && s.try == try {
			return s
		}
	}
	return nil
}

// controlAnswered takes the answer to a control.
func (m *machine) controlAnswered(c *control, r *probe.Reply) {
	switch {
	case r.Event != probe.Answer:
	case c.told:
		m.counts.duplicates++
	default:
		c.told = true
		if rtt := r.At - c.at; rtt < LateAfter+m.rtt[m.class(c.number)].smooth {
			m.pacer.controlAnswered(c.epoch, rtt, rtt > c.rtt+max(c.rtt/2, queueing))
		}
	}
}

// controls returns how many controls are to leave now, and the epoch that they belong to.
func (p *pacer) controls(now time.Duration) (n int, id uint8) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := &p.epochs[p.current%uint8(len(p.epochs))]
	if p.settled || p.rate >= p.ceiling() || e.controls >= mostControls {
		return 0, 0
	}
	length := p.controlTime()
	last := &p.epochs[(p.current-1)%uint8(len(p.epochs))]
	if last.own() >= enoughAnswers && last.own()/last.asked*p.rate*length.Seconds() >= enoughAnswers {
		return 0, 0 // enough answers come by themselves
	}
	due := 1 + int(mostControls*(now-e.began)/length)
	return max(0, min(due, mostControls)-int(e.controls)), p.current
}

// proven tells whether the controls of e, at whose rate packets leave now, show that the
// path carries it. If they show that it does not, the rate becomes again what it was before.
func (p *pacer) proven(e *epoch, now time.Duration) bool {
	if now < max(e.began+longEpoch, e.latest+2*p.rtt+shortestEpoch) {
		return false
	}
	usual := 1.0
	if p.trusted.first > 0 {
		usual = p.trusted.kept()
	}
	if e.told < mostLost*usual*e.controls || e.delayed > e.told/2 {
		if e.rate > p.t.Quiet { // else silence would be no objection either
			p.slow(now, max(e.rate/2, p.t.Quiet))
		}
		return false
	}
	return true
}

// controlTime is how long it takes to send all controls of an epoch.
func (p *pacer) controlTime() time.Duration {
	return max(p.rtt, longEpoch, time.Duration(mostControls*controlShare/p.rate*float64(time.Second)))
}

// controlled counts a control that leaves in epoch id, or was to.
func (p *pacer) controlled(now time.Duration, id uint8, by float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := &p.epochs[id%uint8(len(p.epochs))]; e.id == id && !e.judged {
		e.controls += by
		e.latest = now
	}
}

// controlAnswered counts the answer to a control of epoch id.
func (p *pacer) controlAnswered(id uint8, rtt time.Duration, delayed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Others are too few to make much of what was supposed before any was known.
	p.trips = min(p.trips+1, 8)
	p.rtt += (max(rtt, 0) - p.rtt) / time.Duration(p.trips)
	if e := &p.epochs[id%uint8(len(p.epochs))]; e.id == id && !e.judged {
		e.told++
		if delayed {
			e.delayed++
		}
	}
}

// own is how many answers of the epoch came by the first try of a question.
func (e *epoch) own() float64 {
	if e.judged {
		return e.plain
	}
	return e.first
}
