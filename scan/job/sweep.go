package job

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"time"

	"sonde/fingerprint"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/checkpoint"
	"sonde/scan/report"
	"sonde/scan/sweep"
)

// sweep composes the question which targets are there.
func (j *job) sweep() (*composition, error) {
	if j.local != nil {
		return j.sweepLocal()
	}
	if j.spec.times() > 0 {
		return j.repeatSweep()
	}
	pings := j.asked.pings
	if j.scan.Source.IsValid() && pings == nil {
		pings = []sweep.Ping{{Kind: probe.Echo}} // one packet, and nothing beside it
	}
	parts, err := j.allParts(j.targets.NamedSet, j.targets.Swept, pings)
	if err == nil {
		err = j.spec.checkParts(parts)
	}
	if err != nil {
		return nil, err
	}
	j.guarded()
	c := &composition{parts: parts, yes: probe.Up}
	if j.kept != nil {
		c.facts = j.facts(c)
	}
	j.shareParts(parts)
	j.scan.Addresses = j.share(j.targets.All).Len()
	j.scan.Probes = j.scan.Addresses * uint64(max(1, len(pings)))
	for _, part := range parts {
		if part.Targets.Len() > 0 {
			c.plans = append(c.plans, *sweep.Plan(j.pingBase(), part))
		}
	}
	c.body = func(ctx context.Context) error { return j.runSweep(ctx, parts) }
	return c, nil
}

// runSweep reports every host, and who answered in the place of some.
func (j *job) runSweep(ctx context.Context, parts []sweep.Part) error {
	if j.kept != nil && j.kept.Found() {
		return nil
	}
	instead := substitutes{}
	err := j.findHosts(ctx, parts, func(h *sweep.Host) {
		r := j.hostRecord(h)
		instead.count(h)
		counts := j.scoreHost(h, r)
		found := *h
		j.unverifiedHost(ctx, h.Addr, &h.Reply)
		j.putThen(ctx, r, func() { j.kept.host(ctx, &found, counts) })
	})
	instead.report(func(r *report.Finding) { j.put(ctx, r) })
	return err
}

// scoreHost adds a host whose record is r to what the exit code is decided by, and returns
// what it added.
func (j *job) scoreHost(h *sweep.Host, r *report.Host) (counts checkpoint.Counts) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case h.State != probe.Up && j.passedOver(h.Addr):
	case h.Doubt != probe.NoDoubt: // of the host itself nothing was heard
		counts = j.outcome.add(h.State, probe.NoResponse, probe.Up)
	case r.Named || !silent(h) || j.outcome.Score.countsSilent():
		counts = j.outcome.add(r.State, r.Reason, probe.Up)
	}
	return counts
}

// silent tells whether nobody said anything of a host: that there is no neighbour is what
// our own kernel makes of silence.
func silent(h *sweep.Host) bool {
	return h.Reply.Event == probe.Silence || h.Reply.Event == probe.NoNeighbour
}

// hostless tells whether addr is of no single host.
func (j *job) hostless(addr netip.Addr) bool {
	return j.network.Hostless != nil && j.network.Hostless(addr)
}

// passedOver tells whether addr does not count: of a range, an address of no
// host, which nobody meant to ask.
func (j *job) passedOver(addr netip.Addr) bool {
	return j.hostless(addr) && !j.targets.NamedSet.Contains(addr)
}

// substitutes counts addresses in whose place resets were sent, by who sent them;
// the zero address stands for those of whom it could not be told.
type substitutes map[netip.Addr]uint64

func (s substitutes) count(h *sweep.Host) {
	if h.Doubt == probe.ResetInPlace || h.Doubt == probe.ResetUnplaced {
		s[h.By]++
	}
}

func (s substitutes) report(put func(*report.Finding)) {
	for _, by := range slices.SortedFunc(maps.Keys(s), netip.Addr.Compare) {
		r := &report.Finding{Doubt: probe.ResetInPlace, By: by, Count: s[by]}
		if !by.IsValid() {
			r.Doubt = probe.ResetUnplaced
		}
		put(r)
	}
}

// findHosts asks which targets are there.
func (j *job) findHosts(ctx context.Context, parts []sweep.Part, emit func(*sweep.Host)) error {
	stats, err := sweep.Run(ctx, j.engine, j.pingBase(), parts, emit)
	if j.kept != nil && err == nil && ctx.Err() == nil {
		j.names.wait() // the records of hosts that are looked up
		j.kept.SetFound()
	}
	j.addStats(stats)
	return err
}

// hostRecord is the record of a host that a sweep decided.
func (j *job) hostRecord(h *sweep.Host) *report.Host {
	r := &report.Host{Addr: h.Addr, Named: j.targets.NamedSet.Contains(h.Addr), By: h.By,
		Verdict: report.Verdict{State: h.State, Reason: h.Reason, Tries: h.Tries, Doubt: h.Doubt}}
	if r.State == probe.Down && j.hostless(h.Addr) {
		r.State = probe.Unknown // nobody is missing there
	}
	if h.Asked != nil {
		r.Asked = h.Asked.Asks()
	}
	j.fill(&r.Verdict, &h.Reply, h.RTT)
	if h.Reply.MAC != (wire.MAC{}) {
		r.MAC, r.Vendor = h.Reply.MAC, fingerprint.Vendor(h.Reply.MAC)
	}
	if n := j.targets.Name(h.Addr); n != "" {
		r.Forward = []string{n}
	}
	return r
}

// fill copies what a verdict shows of the reply that decided it.
func (j *job) fill(v *report.Verdict, reply *probe.Reply, rtt time.Duration) {
	v.From = reply.From
	v.Weak, v.Unproven, v.Data = reply.Weak, reply.Unproven, reply.Data
	if reply.Moved {
		v.QuotedSrc, v.QuotedDst = reply.Quote.IP.Src, reply.Quote.IP.Dst
	}
	switch reply.Event {
	case probe.Answer, probe.ICMPError:
		if j.spec.Show.Verbose {
			v.Reply = report.PacketOf(reply)
		}
		if reply.IP.Src.IsValid() {
			v.TTL, v.HasTTL = reply.IP.TTL, true
		}
	case probe.LocalError:
		v.Errno = reply.Errno
	case probe.Unseen:
		v.Source = j.scan.Source
	}
	if rtt >= 0 {
		v.RTT, v.HasRTT = report.RTT(rtt), true
	}
}
