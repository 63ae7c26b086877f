package report

import (
	"net/netip"
	"time"

	"sonde/probe"
)

// Repeat is what became of a question that was asked Sent times. Of a Hop it has Sent,
// Answered and times only, and without -c the first three of these.
type Repeat struct {
	Sent, Answered uint32        // Answered: within the wait, by ICMP errors, too
	Min, Avg, Max  time.Duration // round-trip times, where Answered > 0; of a Hop 0 where none was measured

	Deviation, P50, P90, P99 time.Duration // the standard deviation, and percentiles (nearest rank)

	Unsent     uint32    // repetitions that this machine could not send; not in Sent
	Late       uint32    // repetitions that were answered after the wait; not in Answered
	Duplicates uint32    // further answers to a repetition
	Reordered  uint32    // answers that a later repetition's answer had overtaken (RFC 4737)
	Answers    []Answers // the answers by what they say, where there are any; of a Hop none
}

// Answers are those answers to a question that say the same.
type Answers struct {
	State  probe.State
	Reason probe.Reason
	From   netip.Addr // who answered, without zone, where that is not the target; else zero
	Weak   bool       // they prove nothing
	N      uint32
}

// Timed tells whether round-trip times are known.
func (n *Repeat) Timed() bool { return n.Answered > 0 && n.Max > 0 }

// Lost is the share of repetitions that nobody answered in time; -1 where none was sent.
func (n *Repeat) Lost() float64 {
	if n.Sent == 0 {
		return -1
	}
	return Loss(1 - float64(n.Answered)/float64(n.Sent))
}

// Once is what became of one repetition of a question, for who follows it while it
// runs. It is no Record: the question's own tells of all of them.
type Once struct {
	Addr   netip.Addr
	Proto  string // of the port; "": it is asked whether the host is there
	Port   uint16
	Number uint32 // which repetition, from 1
	Verdict
}

// Elsewhere tells whether somebody other than the host answered.
func (o *Once) Elsewhere() bool { return elsewhere(o.From, o.Addr) }
