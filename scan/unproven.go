package scan

import (
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// This file is the part of the machine that remembers what came back without proof.
// It decides nothing as long as something better may come: the questions go on as if
// nothing had been heard. When the last wait ends, a weak answer is the state, marked
// as such, unless somebody seems to be guessing; else it is said that replies came.

// unproven is what came back without proof, by question.
type unproven struct {
	heard map[uint64]hearsay
	held  pool // weak answers
	// guesses are packets to ports of ours, or quoting them, that were not in flight.
	guesses int
	// resets are to leave, each before its question is asked again.
	resets []attempt
}

// hearsay is what came back to one question.
type hearsay struct {
	replies uint16 // as far as it can count
	weak    bool   // there is a weak answer
	reset   bool   // an older connection in its place was reset
	held    int32  // the weak answer's place in the pool; -1: there was no room, and
	// these are all that is kept of it, which is by TCP.
	flags, ttl, try uint8
	rtt             int32 // microseconds; negative: not known
}

const (
	// mostHearsay is how many questions it is remembered of: answers without proof can
	// be sent by anybody.
	mostHearsay = 1 << 18
	// mostWeak is how many weak answers are held with all that they say, half a
	// kilobyte each.
	mostWeak = 1 << 12
	// mostGuesses is how many packets may have missed what was in flight, and how many
	// replies one try may have brought, before somebody is thought to be guessing.
	mostGuesses = 8
)

// unsure takes a reply to q that proves nothing. r.Weak says that it stands for an
// answer as long as nothing better comes. It tells whether it was accepted as such: then
// it is among what was received, and is shown, whatever comes later.
func (m *machine) unsure(q probe.Probe, r *probe.Reply) (accepted bool) {
	u := &m.unproven
	q = m.repetition(q, r)
	i, ok := m.plan.Index(q)
	if !ok || !m.asked(i, r.Try) {
		m.missed()
		return false
	}
	if m.decided(i) {
		return false
	}
	h, known := u.heard[i]
	if !known && len(u.heard) >= mostHearsay {
		return false
	}
	if u.heard == nil {
		u.heard = map[uint64]hearsay{}
	}
	if h.replies++; h.replies == 0 {
		h.replies--
	}
	if r.Weak {
		m.hold(i, &h, r)
		m.takeBack(i, &h, q, r)
	}
	u.heard[i] = h
	return h.weak && r.Weak && !m.guessed(h, uint8(m.triesOf(i)))
}

// missed notes a packet to a port of ours that was not in flight. A port that stays the
// same is in flight for others, too.
func (m *machine) missed() {
	if m.plan.SourcePort == 0 && !m.plan.KeepFlow {
		m.unproven.guesses++
	}
}

// hold keeps a weak answer: the target's own rather than that of the way there.
func (m *machine) hold(i uint64, h *hearsay, r *probe.Reply) {
	u := &m.unproven
	if h.weak && (h.held < 0 || r.Quote.Len > 0 || u.held.at(h.held).Reply.Event == probe.Answer) {
		return
	}
	res := Result{Number: i, Probe: m.plan.At(i), Reply: *r, RTT: -1}
	if res.Reply.Event = probe.Answer; r.Quote.Len > 0 {
		res.Reply.Event = probe.ICMPError
	}
	if s := m.live(i); s != nil {
		m.time(s, &res)
	}
	switch {
	case h.weak:
		*u.held.at(h.held) = res
	case len(u.held.results)-len(u.held.empty) < mostWeak:
		h.weak, h.held = true, u.held.put(res)
	case r.Layer == wire.LayerTCP:
		h.weak, h.held, h.flags, h.ttl, h.try, h.rtt = true, -1, r.TCP.Flags, r.IP.TTL, res.Reply.Try, -1
		if res.RTT >= 0 {
			h.rtt = int32(res.RTT / time.Microsecond)
		}
	}
}

// answer is the weak answer to q.
func (u *unproven) answer(h hearsay, q probe.Probe) (probe.Reply, time.Duration) {
	if h.held >= 0 {
		r := u.held.at(h.held)
		return r.Reply, r.RTT
	}
	from := q.Target.WithZone("")
	return probe.Reply{Event: probe.Answer, Who: probe.Target, From: from, Weak: true, Try: h.try, Layer: wire.LayerTCP,
		IP: wire.IP{Src: from, Proto: wire.ProtoTCP, TTL: h.ttl}, TCP: wire.TCP{Flags: h.flags}}, time.Duration(h.rtt) * time.Microsecond
}

// takeBack resets an older connection that stands in the place of question i: it was
// heard by a bare ACK (RFC 9293 §3.5.1, §3.10.7.4). The question is then asked again,
// unless each is asked by one packet.
func (m *machine) takeBack(i uint64, h *hearsay, q probe.Probe, r *probe.Reply) {
	s := m.live(i)
	if m.plan.Settle == SettleNever || h.reset || r.Layer != wire.LayerTCP || r.TCP.Flags&(wire.SYN|wire.ACK|wire.RST) != wire.ACK || s == nil || s.state != slotWaiting || int(s.try) >= MostTries {
		return
	}
	h.reset = true
	q.Try = s.try
	m.unproven.resets = append(m.unproven.resets, attempt{number: i, probe: q, reset: true, from: r.TCP.Dst, seq: r.TCP.Ack, ack: r.TCP.Seq})
	m.queues.again = append(m.queues.again, i)
}

// guessed tells whether what was heard of a question, by so many tries, may be
// somebody's guesses.
func (m *machine) guessed(h hearsay, tries uint8) bool {
	return m.unproven.guesses > mostGuesses || h.floods(tries)
}

// floods tells whether so many tries cannot have brought what was heard.
func (h hearsay) floods(tries uint8) bool { return int(h.replies) > mostGuesses*int(max(tries, 1)) }

// unheeded is the result of question i when nothing with proof came.
func (m *machine) unheeded(i uint64, tries uint8, event probe.Event) Result {
	h := m.unproven.heard[i]
	res := Result{Number: i, Probe: m.plan.At(i), Tries: tries, RTT: -1, Reply: probe.Reply{Event: event}}
	if h.weak && event == probe.Silence && !m.guessed(h, tries) {
		res.Reply, res.RTT = m.unproven.answer(h, res.Probe)
		res.Verdict = m.plan.Kinds[res.Probe.Kind].Classify(res.Probe, &res.Reply)
		res.Verdict.Final = false
	} else {
		m.counts.silences++
	}
	res.Reply.Unproven = h.replies
	return res
}

// rumoured tells whether anything was heard of question i.
func (m *machine) rumoured(i uint64) bool {
	_, ok := m.unproven.heard[i]
	return ok
}

// forget drops what was heard of question i without proof.
func (m *machine) forget(i uint64) {
	if h, ok := m.unproven.heard[i]; ok {
		if h.weak && h.held >= 0 {
			m.unproven.held.drop(h.held)
		}
		delete(m.unproven.heard, i)
	}
}
