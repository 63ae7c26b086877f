package trial

import (
	"context"
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// Config is what is sent in trials: each variant, which is a craft of the plan, once in
// each block, in an order of the block's own.
type Config struct {
	Targets  scan.Targets
	Kind     probe.Kind
	Port     uint16 // 0 for kinds that have none
	Blocks   uint32
	Interval time.Duration // between the beginnings of two blocks, over which the packets of one are spread
}

// Told is what became of one packet to a target.
type Told struct {
	Target netip.Addr
	Sent   bool // else it did not leave, and nothing was observed
	// Why it did not leave: probe.ReasonLocalError with the error number, or
	// probe.ReasonNoNeighbour.
	Why   probe.Reason
	Errno uint16
	Observation
}

// Plan is the plan of c; base has what all plans of the run have in common, and a craft
// for each variant.
func (c *Config) Plan(base scan.Plan) scan.Plan {
	p := base
	p.Targets, p.Kinds, p.Asks = c.Targets, []probe.Kind{c.Kind}, []scan.Ask{{Port: c.Port}}
	p.Variants, p.Reps, p.Interval = uint16(len(base.Craft)), c.Blocks, c.Interval
	p.Pace = c.Interval / time.Duration(uint64(p.Variants)*c.Targets.Len())
	p.Settle, p.Order = scan.SettleNever, scan.InRounds
	return p
}

// Run sends what c says, and tells of each packet as soon as it is known what became of
// it, until told returns false: then enough is known.
func Run(ctx context.Context, e *scan.Engine, base scan.Plan, c Config, told func(*Told) bool) (scan.Stats, error) {
	p := c.Plan(base)
	heard := listener{quickest: map[netip.Addr]time.Duration{}}
	stats, err := e.Run(ctx, &p, func(r *scan.Result) {
		if r.Reply.Event == probe.Deadline { // nothing became of it
			return
		}
		t := Told{Target: r.Probe.Target, Observation: Observation{Variant: int(r.Probe.Variant), Block: int(r.Probe.Rep)}}
		switch t.Kind, t.Sent = heard.kind(r); {
		case t.Kind != "":
			t.RTT = r.RTT
		case !t.Sent:
			t.Why, t.Errno = r.Verdict.Reason, r.Reply.Errno
		}
		if !told(&t) {
			e.Stop(&p)
		}
	})
	stats.Loss, stats.ExpectedMissed = -1, -1 // each variant has its own
	return stats, err
}

// listener says what became of packets.
type listener struct {
	quickest map[netip.Addr]time.Duration // answer of each target
}

// kind is the word for what became of a packet: the reason of its verdict, or "" for
// silence. sent is false where it did not leave. An answer as late as a repetition by the
// target is silence, too: the first one was lost.
func (l *listener) kind(r *scan.Result) (kind string, sent bool) {
	switch r.Reply.Event {
	case probe.LocalError, probe.Deadline, probe.NoNeighbour:
		return "", false
	case probe.Silence, probe.Unseen:
		return "", r.Tries > 0
	}
	kind = r.Verdict.Reason.String()
	if r.Reply.Weak {
		kind += " without proof"
	}
	if r.RTT < 0 {
		return kind, true
	}
	quickest, known := l.quickest[r.Probe.Target]
	if !known || r.RTT < quickest {
		l.quickest[r.Probe.Target] = r.RTT
	}
	if known && r.Verdict.Reason == probe.SynAck && r.RTT >= quickest+scan.LateAfter {
		return "", true
	}
	return kind, true
}
