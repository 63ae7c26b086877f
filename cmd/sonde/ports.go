package main

import (
	"context"
	"net/netip"

	"github.com/spf13/cobra"

	"sonde/fingerprint"
	"sonde/output"
	"sonde/probe"
	"sonde/scan"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// portFlags say which ports to ask.
type portFlags struct {
	list    string
	top     int
	exclude string
}

func (p *portFlags) add(cmd *cobra.Command, usual string) {
	s := cmd.Flags()
	s.StringVarP(&p.list, "ports", "p", "", "ports: 80, 1-1024, -, ssh, http* (default: "+usual+")")
	s.IntVar(&p.top, "top", 0, "the `N` ports most often open")
	s.StringVar(&p.exclude, "exclude-ports", "", "ports to leave out")
}

// question is what tcp and udp differ in.
type question struct {
	command string
	proto   target.Proto
	kind    probe.Kind // nil: a SYN where permitted, else connect
	usual   int        // ports asked by default
}

// ports asks ports of hosts.
func (a *app) ports(ctx context.Context, f *flags, p *portFlags, q question, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	if p.top < 0 || f.given("top") && p.top == 0 {
		return usage("--top: at least 1")
	}
	list, err := ports(q.proto, p.list, p.top, p.exclude, q.usual)
	if err != nil {
		return err
	}
	pings, err := f.pings()
	if err != nil {
		return err
	}
	if q.kind == probe.Connect {
		if f.via == "raw" {
			return usage("-sT lets the kernel ask: it excludes --via raw")
		}
		if f.given("tcp-options") {
			return usage("-sT lets the kernel make the packets: it excludes --tcp-options")
		}
		f.via = "connect"
	}
	t, err := a.targets(ctx, f, args)
	if err != nil {
		return err
	}
	explicit := q.kind == probe.SYN
	if explicit && f.via == "connect" {
		return usage("-sS needs packets of our own: it excludes --via connect")
	}
	if explicit {
		f.via = "raw"
	}
	j, err := a.newJob(f, q.command, t, request{proto: q.command, sweeps: !f.noPing() && (t.Swept.Len() > 0 || pings != nil)})
	if err != nil {
		return err
	}
	if q.kind == nil {
		q.kind = probe.SYN
		if !j.network.raw() {
			q.kind = probe.Connect
		}
	}
	s := &portScan{job: j, kind: q.kind, ports: list, hosts: map[netip.Addr]*scanned{}}
	j.meta.Ports, j.meta.Probes = uint32(len(list)), uint64(len(list))*t.All.Len()
	if f.dryRun {
		return j.dryRun(func() ([]scan.Plan, error) { return []scan.Plan{s.questions(t.All)}, nil })
	}
	return j.run(ctx, func(ctx context.Context) error { return s.run(ctx, t, pings) })
}

// portScan asks the same ports of several hosts.
type portScan struct {
	*job
	kind  probe.Kind
	ports []uint16
	hosts map[netip.Addr]*scanned
}

// scanned is what is known of a host whose ports are asked.
type scanned struct {
	left   int           // ports still to come
	record output.Record // of the host
}

// run sweeps first where that is asked for, and scans what is up.
func (s *portScan) run(ctx context.Context, t *target.Result, pings []sweep.Ping) error {
	asked := t.All
	if named, ranged := t.NamedSet, t.Swept; !s.flags.noPing() && (ranged.Len() > 0 || pings != nil) {
		if pings == nil {
			named = nil // a target named by itself is not pinged unless asked for
		}
		up := builder{}
		if pings == nil {
			for _, h := range t.Named {
				up.add(h.Addr)
			}
		}
		err := s.findHosts(ctx, named, ranged, pings, func(h *sweep.Host) { s.found(ctx, h, &up) })
		if err != nil || ctx.Err() != nil {
			return err
		}
		if asked, err = up.set(); err != nil {
			return local(err)
		}
	}
	if asked.Len() == 0 {
		return nil
	}
	plan := s.questions(asked)
	err := s.plan(ctx, &plan, func(r *scan.Result) { s.result(ctx, r) })
	for _, h := range s.hosts { // of a run that was cut short
		s.record(ctx, &h.record)
	}
	return err
}

// questions asks all ports of all hosts.
func (s *portScan) questions(hosts *target.Set) scan.Plan {
	p := s.base()
	p.Targets, p.Kinds = hosts, []probe.Kind{s.kind}
	for _, port := range s.ports {
		p.Asks = append(p.Asks, scan.Ask{Port: port})
	}
	return p
}

// found takes the host of a sweep: it is scanned if it is up.
func (s *portScan) found(ctx context.Context, h *sweep.Host, up *builder) {
	r := s.hostRecord(h)
	if h.State != probe.Up {
		if s.targets.NamedSet.Contains(h.Addr) || s.flags.verbose {
			s.record(ctx, &r)
		}
		if s.targets.NamedSet.Contains(h.Addr) {
			s.score.add(h.State, h.Reason, probe.Open)
		}
		return
	}
	up.add(h.Addr)
	r.Ports = uint32(len(s.ports))
	s.hosts[h.Addr] = &scanned{left: len(s.ports), record: r}
}

// result reports one port, and its host when all its ports are in.
func (s *portScan) result(ctx context.Context, res *scan.Result) {
	r := output.Record{Type: output.Port, Addr: res.Probe.Target, State: res.Verdict.State, Reason: res.Verdict.Reason,
		Tries: res.Tries, Asked: asked(s.kind), Proto: s.kind.Proto(), Port: res.Probe.Port,
		Service: fingerprint.ServiceName(s.kind.Proto(), res.Probe.Port)}
	s.fill(&r, &res.Reply)
	if res.RTT >= 0 {
		r.RTT, r.HasRTT = res.RTT, true
	}
	s.record(ctx, &r)
	s.score.add(r.State, r.Reason, probe.Open)

	h := s.hosts[r.Addr]
	if h == nil {
		h = &scanned{left: len(s.ports), record: output.Record{Type: output.Host, Addr: r.Addr, State: probe.NotTested, Named: s.targets.NamedSet.Contains(r.Addr), Ports: uint32(len(s.ports))}}
		s.hosts[r.Addr] = h
	}
	h.hear(&r, res)
	if h.left--; h.left == 0 {
		if h.record.Names == nil {
			s.fill(&h.record, &probe.Reply{From: h.record.From})
		}
		s.record(ctx, &h.record)
		delete(s.hosts, r.Addr)
	}
}

// hear lets the state of a host follow from its ports: whatever it sent itself
// shows that it is up, and only ARP or ND that it is down.
func (h *scanned) hear(r *output.Record, res *scan.Result) {
	heard := res.Reply.Event == probe.Answer || res.Reply.Event == probe.ICMPError && res.Reply.Who == probe.Target
	switch {
	case h.record.State == probe.Up:
	case heard:
		h.record.State, h.record.Reason = probe.Up, r.Reason
		h.record.From, h.record.TTL, h.record.HasTTL = r.From, r.TTL, r.HasTTL
		h.record.RTT, h.record.HasRTT = r.RTT, r.HasRTT
	case res.Reply.Event == probe.NoNeighbour:
		h.record.State, h.record.Reason = probe.Down, r.Reason
	}
}
