package job

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/checkpoint"
	"sonde/scan/ports"
	"sonde/scan/report"
	"sonde/scan/sweep"
)

// This file is the part of --resume that knows what is decided, and when.

// keptPart is what is kept of one plan.
type keptPart struct {
	*checkpoint.Part
	plan *scan.Plan
}

// decision is a port that is decided, and how it counts.
type decision struct {
	number uint64
	counts checkpoint.Counts
}

// part keeps a plan.
func (r *resumption) part(number int, plan *scan.Plan, hosts bool) (*keptPart, error) {
	if err := plan.Compile(); err != nil {
		return nil, Usage("%w", err)
	}
	p, err := r.Part(number, plan, hosts)
	if err != nil {
		return nil, Local(fmt.Errorf("--resume %s: %w", r.path, err))
	}
	return &keptPart{p, plan}, nil
}

// keepSweep keeps the plans of a sweep.
func (j *job) keepSweep(parts []sweep.Part) error {
	if j.kept == nil {
		return nil
	}
	for i := range parts {
		if parts[i].Targets.Len() == 0 {
			continue
		}
		p, err := j.kept.part(i, sweep.Plan(j.pingBase(), parts[i]), true)
		if err != nil {
			return err
		}
		j.kept.sweeps = append(j.kept.sweeps, p)
		parts[i].Watcher = p
	}
	return nil
}

// PortsPart is the number, in a checkpoint, of the part of ports: a sweep has fewer parts.
const PortsPart = 1000

// host notes a host that a sweep has decided, when its record is with the outputs.
// It may be called on nil, as the next ones.
func (r *resumption) host(ctx context.Context, h *sweep.Host, counts checkpoint.Counts) {
	if r == nil || h.Reply.Event == probe.LocalError || h.Reply.Event == probe.Deadline || ctx.Err() != nil && h.State != probe.Up {
		return // it is asked again
	}
	if h.State == probe.Up {
		r.found(h)
	}
	for _, p := range r.sweeps {
		if i, ok := p.plan.Targets.Index(h.Addr); ok {
			p.Decide(i, counts)
			return
		}
	}
}

// found notes a host that is up.
func (r *resumption) found(h *sweep.Host) {
	r.AddHost(checkpoint.Host{Addr: h.Addr, Reason: h.Reason, From: h.Reply.From, MAC: h.Reply.MAC, Tries: h.Tries, RTT: h.RTT})
}

// up lists the hosts that earlier runs found up, and what they said: not all of it.
func (r *resumption) up() []sweep.Host {
	if r == nil {
		return nil
	}
	var list []sweep.Host
	for _, h := range r.Hosts() {
		list = append(list, sweep.Host{Addr: h.Addr, State: probe.Up, Reason: h.Reason, Tries: h.Tries, RTT: h.RTT,
			Reply: probe.Reply{Event: probe.Answer, Who: probe.Target, From: h.From, MAC: h.MAC}})
	}
	return list
}

// port notes a port whose record is with the outputs. The last one of a host counts
// only when the host's own record is there, too; where hosts are shown as a whole,
// so does every other one.
func (r *resumption) port(ctx context.Context, p *ports.Port, counts checkpoint.Counts) {
	if r == nil {
		return
	}
	reply := &p.Reply
	switch reply.Event {
	case probe.LocalError, probe.Deadline:
		return // it is asked again
	case probe.Silence:
		if ctx.Err() != nil {
			return // loss may demand more tries
		}
	case probe.Answer, probe.ICMPError:
		reset := reply.Layer == wire.LayerTCP && reply.TCP.Flags&wire.RST != 0 // may come from somebody else
		if reply.Who == probe.Target && !reset {
			r.found(&sweep.Host{Addr: p.Probe.Target, Reason: p.Verdict.Reason, Reply: *reply, Tries: p.Tries, RTT: p.RTT})
		}
	}
	i, ok := r.ports.plan.Index(probe.Probe{Target: p.Probe.Target, Port: p.Probe.Port})
	switch {
	case !ok:
	case r.hostwise || p.Last:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.waiting[p.Probe.Target] = append(r.waiting[p.Probe.Target], decision{i, counts})
	default:
		r.ports.Decide(i, counts)
	}
}

// together begins what no frame may come between, a record that is handed over and
// what is decided by it, and returns what ends it.
func (r *resumption) together() (end func()) {
	if r == nil {
		return func() {}
	}
	r.gate.RLock()
	return r.gate.RUnlock
}

// withHost tells whether the record of a port is handed over with its host's: both
// are decided at once then, so that a run that is killed between them does not leave
// a record of a port that must be asked again.
func (r *resumption) withHost(p *ports.Port) bool { return r != nil && p.Last && !r.hostwise }

// hold keeps such a record.
func (r *resumption) hold(port *report.Port) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[port.Addr] = port
}

// heldBack takes the records that were kept and whose hosts were not handed over.
func (r *resumption) heldBack() (list []*report.Port) {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	list = slices.Collect(maps.Values(r.held))
	clear(r.held)
	return list
}

// shown notes that the record of a host whose ports were asked is with the outputs,
// and hands over what was kept for it.
func (r *resumption) shown(ctx context.Context, addr netip.Addr, put func(report.Record)) {
	if r == nil {
		return
	}
	r.mu.Lock()
	list, port := r.waiting[addr], r.held[addr]
	delete(r.waiting, addr)
	delete(r.held, addr)
	r.mu.Unlock()
	if port != nil {
		put(port)
	}
	if r.hostwise && ctx.Err() != nil {
		return // shown at the very end, if at all
	}
	for _, v := range list {
		r.ports.Decide(v.number, v.counts)
	}
}
