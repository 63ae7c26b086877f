package main

import (
	"context"
	"fmt"
	"net/netip"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/checkpoint"
	"sonde/scan/ports"
	"sonde/scan/sweep"
)

// This file is the part of --resume that knows what is decided, and when.

// keptPart is what is kept of one plan.
type keptPart struct {
	*checkpoint.Part
	plan *scan.Plan
}

// verdict is a port that is decided, and how it counts.
type verdict struct {
	number uint64
	counts checkpoint.Counts
}

// part keeps a plan.
func (r *resumption) part(number int, plan *scan.Plan, hosts bool) (*keptPart, error) {
	if err := plan.Compile(); err != nil {
		return nil, usage("%w", err)
	}
	p, err := r.Part(number, plan, hosts)
	if err != nil {
		return nil, local(fmt.Errorf("--resume %s: %w", r.path, err))
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
		p, err := j.kept.part(i, sweep.Plan(j.base(), parts[i]), true)
		if err != nil {
			return err
		}
		j.kept.sweeps = append(j.kept.sweeps, p)
		parts[i].Keeper, parts[i].Skip = p, p.Skip
	}
	return nil
}

// portsPart is the number of the part of ports: a sweep has fewer parts.
const portsPart = 1000

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
		r.waiting[p.Probe.Target] = append(r.waiting[p.Probe.Target], verdict{i, counts})
	default:
		r.ports.Decide(i, counts)
	}
}

// shown notes that the record of a host whose ports were asked is with the outputs.
func (r *resumption) shown(ctx context.Context, addr netip.Addr) {
	if r == nil {
		return
	}
	r.mu.Lock()
	list := r.waiting[addr]
	delete(r.waiting, addr)
	r.mu.Unlock()
	if r.hostwise && ctx.Err() != nil {
		return // shown at the very end, if at all
	}
	for _, v := range list {
		r.ports.Decide(v.number, v.counts)
	}
}
