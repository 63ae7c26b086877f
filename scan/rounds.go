package scan

import (
	"time"

	"sonde/probe"
)

// This file is the part of the machine that asks in rounds: every question once, then
// every question again. What is counted so is what the network does with single
// packets, so there is one packet for each, and each is waited for just as long.

// rounds says when the questions of a plan that asks in rounds left, so that the next
// round keeps its distance.
type rounds struct {
	asked []mark // by place within the round: when the question there left last
	// left is when the last question left that used the source ports of a round, by
	// the round modulo how many rounds have ports of their own. Empty: all have.
	left []time.Duration
}

// begin makes room for rounds of size questions.
func (r *rounds) begin(size uint64) { r.asked = make([]mark, size) }

// sent notes that the question at a place of a round leaves.
func (r *rounds) sent(now time.Duration, round, place uint64) {
	r.asked[place] = markOf(now)
	if n := uint64(len(r.left)); n > 0 {
		r.left[round%n] = now
	}
}

// dueInRound is when question i may be asked: an interval after it was asked last, and
// when the source ports of its round have rested.
func (m *machine) dueInRound(i uint64) (at time.Duration) {
	r, round := &m.times.rounds, i/m.plan.inner
	if last := r.asked[i%m.plan.inner]; last.is() {
		at = last.at() + m.apart()
	}
	if n := uint64(len(r.left)); n > 0 && round >= n {
		at = max(at, r.left[round%n]+m.rest())
	}
	return at
}

// apart is how long after a repetition of a question the next one leaves, at least.
// With a fixed source port, and of the same flows, that is the same packet again: a
// half-open target would swallow it.
func (m *machine) apart() time.Duration {
	if m.plan.repeatsPackets() {
		return max(m.plan.Interval, Retransmission)
	}
	return m.plan.Interval
}

// rest is how long a source port rests before it is used again. Identifiers of an echo
// leave nothing behind at the target, and only must not be taken for each other.
func (m *machine) rest() (d time.Duration) {
	for _, k := range m.plan.Kinds {
		d = max(d, PortRest(k))
	}
	return max(d, m.patience())
}

// PortRest is how long a source port of packets of a kind rests before it is used again
// towards the same target port.
func PortRest(k probe.Kind) time.Duration {
	if c := k.Class(); c == probe.ClassTCP || c == probe.ClassUDP {
		return keepApart
	}
	return 0
}

// RoundPorts is how many rounds of questions by a kind have source ports of their own,
// in a run that has block to itself; 0 where they take none.
func RoundPorts(block probe.Ports, k probe.Kind) int {
	if !takesPort(k) {
		return 0
	}
	most := lendable(block)
	if isUDP(k) {
		most-- // for protocols that answer from a new port
	}
	return int(max(most, 1))
}

// patience is how long each repetition is waited for. What is known of round trips
// does not shorten it: an answer must not count or not by what others took.
func (m *machine) patience() time.Duration {
	w := m.timing.FirstWait
	if m.timing.Timeout > 0 {
		w = m.timing.Timeout
	}
	if m.plan.repeatsPackets() { // of two that are under way it could not be told which is answered
		w = min(w, m.apart())
	}
	return w
}

// repetition is q with the repetition that r answers, where nothing in r tells it: one
// source port for all of them, or none. It is the latest that was asked, or the one
// before, if r proves that it answers what left earlier.
func (m *machine) repetition(q probe.Probe, r *probe.Reply) probe.Probe {
	p := m.plan
	if p.Order != InRounds || p.Sockets || !p.repeatsPackets() && p.Kinds[q.Kind].Class() != probe.ClassLink {
		return q
	}
	q.Rep = 0
	place, ok := p.Index(q)
	if !ok || place >= m.window.next {
		return q
	}
	q.Rep = uint32((m.window.next - 1 - place) / p.inner)
	if last := m.times.rounds.asked[place]; r.Sent > 0 && q.Rep > 0 && last.is() && last.at()-r.Sent > m.apart()/2 {
		q.Rep--
	}
	return q
}
