// Package watched is what the rounds of a watched trace (trace --watch) come to so far: of
// each target its hops, with who answered, how often and how fast, the ways that packets
// took, and what happened. It is made of the records of a run, one by one, and holds no more
// after a year than after some minutes. Model is what to use.
package watched

import (
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// Bounds of what is held.
const (
	MaxTargets = 256 // as many as one run watches
	HistoryLen = 160 // rounds of a hop that are known one by one: wider than most terminals
	maxWho     = 8   // who answered for one TTL
	maxWays    = 16  // of a target
	maxEvents  = 64  // of a target
	maxSteps   = 4   // hops of one event
)

// goneAfter is how many rounds a target that had answered must stay silent in a row to be
// called gone: single ones are loss.
const goneAfter = 3

// Model is what is known of a watched trace. The zero value is ready. It is not safe for
// concurrent use.
type Model struct {
	Scan    *report.Scan // nil: it has not come yet
	End     *report.End  // nil: the run is under way
	Targets []*Target    // in the order in which they came
	Left    uint64       // records of targets beyond MaxTargets
	At      time.Duration
	index   map[netip.Addr]*Target
}

// Target is what is known of one target.
type Target struct {
	Addr    netip.Addr
	Since   time.Duration // when its first round began, since the run did
	At      time.Duration // and its last
	Number  uint32        // of its last round
	Rounds  uint64        // how many there were, the one under way among them
	Changes uint64        // how often the way changed
	Reached uint64        // in how many of them the target itself answered
	Last    uint8         // the last hop of the way in the last round; 0: there was none
	Hops    []Hop         // by TTL, from 1
	Ways    Ways
	Events  Events
	// Balanced are TTLs at which several answer by turns: they make no ways.
	Balanced [256]bool
	round    round
}

// round is the one under way.
type round struct {
	from    []netip.Addr // who answered, by TTL from 1
	seen    int          // records
	reached bool
	counted bool // it is among the ways
	missed  uint32
}

// Add takes a record; those that are not about a watched trace are none of its business.
func (m *Model) Add(r report.Record) {
	switch r := r.(type) {
	case *report.Scan:
		m.Scan = report.Clone(r).(*report.Scan) // what comes is borrowed
	case *report.End:
		m.End = report.Clone(r).(*report.End)
		m.finish()
	case *report.Round:
		if t := m.target(r.Addr); t != nil && r.TTL > 0 {
			m.At = max(m.At, r.At)
			t.add(r)
		}
	case *report.Reroute:
		if t := m.target(r.Addr); t != nil {
			m.At = max(m.At, r.At)
			if e := rerouted(r); len(e.Steps) > 0 || len(e.Balanced) > 0 {
				t.Events.add(e)
			}
			if len(r.Was) != len(r.Now) || !slices.Equal(r.Was, r.Now) {
				t.Changes++
			}
			for _, ttl := range r.Balanced {
				t.Balanced[ttl] = true
			}
		}
	}
}

// target is the one of an address; nil: there are too many.
func (m *Model) target(addr netip.Addr) *Target {
	if t := m.index[addr]; t != nil {
		return t
	}
	if len(m.Targets) == MaxTargets {
		m.Left++
		return nil
	}
	if m.index == nil {
		m.index = map[netip.Addr]*Target{}
	}
	t := &Target{Addr: addr}
	m.index[addr] = t
	m.Targets = append(m.Targets, t)
	return t
}

// finish ends the rounds under way.
func (m *Model) finish() {
	for _, t := range m.Targets {
		t.finish()
	}
}

// Reset forgets what was counted, and keeps whom it is about.
func (m *Model) Reset() {
	for _, t := range m.Targets {
		*t = Target{Addr: t.Addr, Number: t.Number, Last: t.Last, Balanced: t.Balanced}
	}
}

// Clone is a copy that later records do not change.
func (m *Model) Clone() *Model {
	c := *m
	c.Targets, c.index = nil, map[netip.Addr]*Target{}
	for _, t := range m.Targets {
		n := t.clone()
		c.Targets = append(c.Targets, n)
		c.index[n.Addr] = n
	}
	return &c
}

func (t *Target) clone() *Target {
	n := *t
	n.Hops = append([]Hop(nil), t.Hops...)
	for i := range n.Hops {
		n.Hops[i].Who = append([]Answerer(nil), n.Hops[i].Who...)
	}
	n.Ways = t.Ways.clone()
	n.Events = t.Events.clone()
	n.round.from = append([]netip.Addr(nil), t.round.from...)
	return &n
}

// add takes a hop of a round. Rounds come in their order; what comes of an earlier one is
// counted at its hop, and belongs to no way any more.
func (t *Target) add(r *report.Round) {
	if r.Number > t.Number || t.Rounds == 0 {
		t.finish()
		if t.Rounds == 0 {
			t.Since = r.At
		}
		t.Rounds++
		t.Number, t.At, t.Last = r.Number, r.At, r.Last
		t.round = round{from: t.round.from[:0], missed: t.round.missed}
	}
	for len(t.Hops) < int(r.TTL) {
		t.Hops = append(t.Hops, Hop{TTL: uint8(len(t.Hops) + 1)})
	}
	t.Hops[r.TTL-1].add(r)
	if r.Number != t.Number {
		return
	}
	t.Last = max(r.Last, r.TTL)
	for len(t.round.from) < int(r.TTL) {
		t.round.from = append(t.round.from, netip.Addr{})
	}
	if !t.Balanced[r.TTL] || r.Reached {
		t.round.from[r.TTL-1] = r.From
	}
	if r.Reached && !t.round.reached {
		t.round.reached = true
		t.Reached++
	}
	if t.round.seen++; t.round.seen >= int(t.Last) {
		t.finish()
	}
}

// finish counts the round under way among the ways, and notes whether the target has gone
// or is back. A round that was not asked because of this machine says nothing about either.
func (t *Target) finish() {
	if t.round.seen == 0 || t.round.counted {
		return
	}
	t.round.counted = true
	t.Ways.count(t.round.from, t.round.reached, t.At)
	switch {
	case t.round.reached:
		if t.round.missed >= goneAfter {
			t.Events.add(Event{Kind: Back, At: t.At, Number: t.Number, Missed: t.round.missed})
		}
		t.round.missed = 0
	case t.Reached > 0 && !t.unasked():
		if t.round.missed++; t.round.missed == goneAfter {
			t.Events.add(Event{Kind: Gone, At: t.At, Number: t.Number, Missed: t.round.missed})
		}
	}
}

// unasked tells whether this machine could not ask the last hop of the round under way.
func (t *Target) unasked() bool {
	n := min(int(t.Last), len(t.Hops))
	return n > 0 && t.Hops[n-1].Reason == probe.ReasonLocalError
}

// Silent is in how many rounds in a row the target has not answered, if it had before.
func (t *Target) Silent() uint32 { return t.round.missed }

// Path are the hops of the way in the last round: later ones are from before it changed.
func (t *Target) Path() []Hop { return t.Hops[:min(int(t.Last), len(t.Hops))] }
