package watched

import (
	"net/netip"
	"slices"
	"time"

	"sonde/scan/report"
)

// Kind is what an Event is of.
type Kind uint8

const (
	Changed Kind = iota // the way did
	Gone                // the target stopped answering
	Back                // it answers again
)

// Event is something that happened on the way to a target.
type Event struct {
	Kind   Kind
	At     time.Duration // when the round that showed it began, since the run did
	Number uint32        // that round
	Known  bool          // with Changed: the way was seen before
	Missed uint32        // rounds in which the target did not answer
	Steps  []Step        // with Changed: the first hops that differ
	More   int           // and how many more do
	Was    int           // with Changed: how many hops the way had before
	Now    int           // and has since
	// Balanced are the first TTLs that several were found to answer for by turns.
	Balanced []uint8
}

// Step is a hop of a way that is not who it was; zero: nobody.
type Step struct {
	TTL      uint8
	Was, Now netip.Addr
}

// rerouted is the event of a record. That a hop stays silent is no difference.
func rerouted(r *report.Reroute) Event {
	e := Event{Kind: Changed, At: r.At, Number: r.Number, Known: r.Known, Was: len(r.Was), Now: len(r.Now)}
	e.Balanced = slices.Clone(r.Balanced[:min(len(r.Balanced), maxSteps)])
	for i := range min(max(len(r.Was), len(r.Now)), 255) {
		s := Step{TTL: uint8(i + 1)}
		if i < len(r.Was) {
			s.Was = r.Was[i]
		}
		if i < len(r.Now) {
			s.Now = r.Now[i]
		}
		switch {
		case s.Was == s.Now:
		case len(e.Steps) < maxSteps:
			e.Steps = append(e.Steps, s)
		default:
			e.More++
		}
	}
	return e
}

// Events are the last ones of a target.
type Events struct {
	ring []Event
	n    uint64
}

// Count is how many there were, those that are not kept among them.
func (e *Events) Count() uint64 { return e.n }

// All returns those that are kept, the latest first.
func (e *Events) All() []Event {
	list := make([]Event, 0, len(e.ring))
	for i := range uint64(len(e.ring)) {
		list = append(list, e.ring[(e.n-1-i)%maxEvents])
	}
	return list
}

func (e *Events) add(v Event) {
	if len(e.ring) < maxEvents {
		e.ring = append(e.ring, v)
	} else {
		e.ring[e.n%maxEvents] = v
	}
	e.n++
}

func (e *Events) clone() Events { return Events{slices.Clone(e.ring), e.n} }
