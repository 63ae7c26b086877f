package sweep

import (
	"context"
	"net/netip"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// collector turns the results of a host's questions into the state of the host. It
// remembers only hosts of which something was heard that does not decide.
type collector struct {
	plan      *scan.Plan
	emit      func(*Host)
	undecided map[netip.Addr]*evidence
	// resetOnly are hosts of which nothing but a reset was heard.
	resetOnly []resetHost
}

type resetHost struct {
	host  Host
	reset Reset
}

// evidence is what was heard of a host that has not answered itself.
type evidence struct {
	host        Host
	heard       int // results so far
	unreachable int // host-unreachables from the way there
}

func newCollector(p *scan.Plan, emit func(*Host)) *collector {
	return &collector{plan: p, emit: emit, undecided: map[netip.Addr]*evidence{}}
}

// hear takes one result.
func (c *collector) hear(r *scan.Result) {
	if h, ok := up(c.plan, r); ok {
		delete(c.undecided, h.Addr)
		// With one port for everything (-g) answers to SYNs of few hops could not be
		// told apart.
		if _, ours := probe.Packets(h.Asked); ours && c.plan.SourcePort == 0 && r.Reply.Layer == wire.LayerTCP && r.Reply.TCP.Flags&wire.RST != 0 {
			Placed{}.Judge(&h) // until it is known
			c.resetOnly = append(c.resetOnly, resetHost{h, Reset{h.Addr, h.Asked, r.Probe.Port, r.Reply.IP.TTL, r.RTT}})
			return
		}
		c.emit(&h)
		return
	}
	e := c.undecided[r.Probe.Target]
	if e == nil {
		e = &evidence{host: Host{Addr: r.Probe.Target, State: probe.Unknown, RTT: -1}}
		c.undecided[r.Probe.Target] = e
	}
	e.heard++
	e.weigh(c.plan, r)
	if e.heard == len(c.plan.Asks) {
		delete(c.undecided, r.Probe.Target)
		c.emit(&e.host)
	}
}

// up tells whether r shows that the host is there: anything that it sent
// itself does, an ICMP error included.
func up(p *scan.Plan, r *scan.Result) (Host, bool) {
	heard := r.Reply.Event == probe.Answer || r.Reply.Event == probe.ICMPError && r.Reply.Who == probe.Target
	if !heard {
		return Host{}, false
	}
	return Host{Addr: r.Probe.Target, State: probe.Up, Reason: r.Verdict.Reason, Reply: r.Reply,
		Asked: p.Kinds[r.Probe.Kind], RTT: r.RTT, Tries: r.Tries}, true
}

// weigh adds one result to what is known. A host is down only on evidence:
// unanswered ARP or ND, or its last router saying twice that it cannot reach
// it. Everything else, errors included, leaves it unknown (RFC 1122 §3.2.2.1:
// such errors are hints, not proof).
func (c *evidence) weigh(p *scan.Plan, r *scan.Result) {
	h := &c.host
	if h.State == probe.Down {
		return
	}
	unproven := h.Reply.Unproven + min(r.Reply.Unproven, ^h.Reply.Unproven)
	defer func() { h.Reply.Unproven = unproven }()
	switch {
	case r.Verdict.Reason == probe.ReasonNoNeighbour:
		h.State = probe.Down
	case r.Reply.Event == probe.ICMPError && (r.Verdict.Reason == probe.HostUnreach || r.Verdict.Reason == probe.AddrUnreach):
		if c.unreachable++; c.unreachable >= 2 {
			h.State = probe.Down
		}
	case r.Reply.Event == probe.Silence && c.heard > 1:
		return // says less than what was heard before
	}
	if r.Reply.Event != probe.Silence || c.heard == 1 || h.State == probe.Down {
		h.Reason, h.Reply, h.RTT, h.Asked, h.Tries = r.Verdict.Reason, r.Reply, r.RTT, p.Kinds[r.Probe.Kind], r.Tries
	}
}

// place asks who sent the resets of resetOnly: they are up if it was they.
func (c *collector) place(ctx context.Context, e *scan.Engine, base scan.Plan) (scan.Stats, error) {
	resets := make([]Reset, len(c.resetOnly))
	for i := range c.resetOnly {
		resets[i] = c.resetOnly[i].reset
	}
	placed, stats, err := Place(ctx, e, base, resets)
	for i := range c.resetOnly {
		h := &c.resetOnly[i].host
		placed[h.Addr.WithZone("")].Judge(h)
	}
	return stats, err
}

// rest reports the hosts of resetOnly, and hosts whose other questions stayed silent.
func (c *collector) rest() {
	for i := range c.resetOnly {
		c.emit(&c.resetOnly[i].host)
	}
	for _, e := range c.undecided {
		c.emit(&e.host)
	}
}
