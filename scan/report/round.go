package report

import (
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
)

// Round is what one round of a watched trace (trace --watch) found of one hop.
type Round struct {
	Addr    netip.Addr    // the target
	Number  uint32        // which round, from 1; each target counts its own
	At      time.Duration // when the round began, since the run did
	TTL     uint8         // which hop, from 1
	Last    uint8         // the TTL of the last hop of the way in this round
	From    netip.Addr    // who answered; zero: nobody
	RTT     time.Duration // with From; 0: it was not measured
	Reached bool          // the target itself answered here
	Reason  probe.Reason  // what was answered, or why nothing was
	Errno   uint16        // with probe.ReasonLocalError: why this machine could not ask
	PTR     string        // with -R: the reverse name of From; "": none, or it is not known yet
	AsTo    netip.Addr    // the target in whose rounds it was asked, where the ways have the hop in common; zero: in this one
}

// Reroute is a change of the way to a target that a watched trace saw.
type Reroute struct {
	Addr   netip.Addr    // the target
	Number uint32        // the round that saw it first
	At     time.Duration // when that round began, since the run did
	Was    []netip.Addr  // who answered, by TTL from 1, before it; zero: nobody
	Now    []netip.Addr  // and since then
	Known  bool          // the way was seen before: it flips
	// Balanced are TTLs at which several answer by turns, as where packets of one flow are
	// spread: whoever of them it is, is told of no more.
	Balanced []uint8
}

func (*Round) record()   {}
func (*Reroute) record() {}

func (r *Reroute) clone() *Reroute {
	c := *r
	c.Was, c.Now, c.Balanced = slices.Clone(r.Was), slices.Clone(r.Now), slices.Clone(r.Balanced)
	return &c
}
