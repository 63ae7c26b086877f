package main

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"

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
	s.StringVarP(&p.list, "ports", "p", "", "`PORTS`: 80, 1-1024, -, ssh, http* (default: "+usual+")")
	s.IntVar(&p.top, "top", 0, "the `N` ports most often open")
	s.StringVar(&p.exclude, "exclude-ports", "", "`PORTS` to leave out")
}

// question is what tcp and udp differ in.
type question struct {
	command string
	proto   target.Proto
	kind    probe.Kind // nil: a SYN where permitted, else connect
	usual   int        // ports asked by default
	deepen  bool       // open ports are asked what they are, too (fp)
}

// protoName is the protocol that is asked.
func (q *question) protoName() string {
	if q.proto == target.UDP {
		return "udp"
	}
	return "tcp"
}

// ports asks ports of hosts.
func (a *app) ports(ctx context.Context, f *flags, p *portFlags, q question, args []string) error {
	if err := f.check(false); err != nil {
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
	_, packets := q.kind.(probe.PacketKind)
	_, sockets := q.kind.(probe.SocketKind)
	_, stray := q.kind.(probe.StrayKind)
	switch {
	case sockets && !packets:
		if f.via == "raw" {
			return usage("-s%s lets the kernel ask: it excludes --via raw", f.kind[0])
		}
		if f.given("tcp-options") {
			return usage("-s%s lets the kernel make the packets: it excludes --tcp-options", f.kind[0])
		}
		f.via = "connect"
		if err := f.checkVia(); err != nil {
			return err
		}
	case packets && !sockets:
		if f.via == "connect" {
			return usage("-s%s needs packets of our own: it excludes --via connect", f.kind[0])
		}
		f.via = "raw"
	}
	if stray && f.given("tcp-options") {
		return usage("--tcp-options: only SYNs carry them, and -s%s sends none", f.kind[0])
	}
	if f.via == "connect" {
		if err := checkPings(pings); err != nil {
			return err
		}
	}
	t, err := a.targets(ctx, f, args)
	if err != nil {
		return err
	}
	j, err := a.newJob(f, q.command, t, request{proto: q.protoName(), stray: stray, sweeps: !f.noPing() && (t.Swept.Len() > 0 || pings != nil)})
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
	if q.deepen {
		if j.meta.Source.IsValid() {
			j.close()
			return usage("-S %v is not ours: no conversation comes about from there", j.meta.Source)
		}
		s.deep = newDepth(j)
		if f.trace || f.pcap != "" {
			j.note("the conversations with open ports are the kernel's: neither --packet-trace nor --pcap has them")
		}
		tos, _ := f.tosByte()
		j.meta.Services, j.meta.Trace = true, &output.Trace{Proto: "tcp", MaxTTL: routeHops, TOS: tos}
	}
	parts, err := s.pingParts(pings)
	if err != nil {
		j.close()
		return err
	}
	j.meta.Ports, j.meta.Probes = uint32(len(list)), uint64(len(list))*t.All.Len()
	if f.dryRun {
		return j.dryRun(func() ([]scan.Plan, error) { return []scan.Plan{s.questions(t.All)}, nil })
	}
	return j.run(ctx, func(ctx context.Context) error {
		err := s.run(ctx, t, parts, pings == nil)
		if s.deep != nil {
			err = errors.Join(err, s.deep.wait())
		}
		return err
	})
}

// portScan asks the same ports of several hosts.
type portScan struct {
	*job
	kind  probe.Kind
	ports []uint16
	hosts map[netip.Addr]*scanned
	deep  *depth // nil: ports are only scanned
}

// scanned is what is known of a host whose ports are asked.
type scanned struct {
	left   int           // ports still to come
	record output.Record // of the host
}

// pingParts says what is swept before ports are asked: ranges, and what is
// named by itself only if -P asks for it.
func (s *portScan) pingParts(pings []sweep.Ping) ([]sweep.Part, error) {
	if s.flags.noPing() {
		return nil, nil
	}
	named := s.targets.NamedSet
	if pings == nil {
		named = nil
	}
	return s.allParts(named, s.targets.Swept, pings)
}

// run sweeps first where that is asked for, and scans what is up. spared says
// that targets named by themselves are not swept.
func (s *portScan) run(ctx context.Context, t *target.Result, parts []sweep.Part, spared bool) error {
	defer s.undecided(ctx)
	asked := t.All
	if len(parts) > 0 {
		up := builder{}
		if spared {
			for _, h := range t.Named {
				up.add(h.Addr)
			}
		}
		err := s.findHosts(ctx, parts, func(h *sweep.Host) { s.found(ctx, h, &up) })
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
	return s.plan(ctx, &plan, func(r *scan.Result) { s.result(ctx, r) })
}

// undecided reports, of a run that was cut short, the hosts that still have
// ports to come.
func (s *portScan) undecided(ctx context.Context) {
	for _, a := range slices.SortedFunc(maps.Keys(s.hosts), netip.Addr.Compare) {
		s.record(ctx, &s.hosts[a].record)
	}
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
		Tries: res.Tries, Asked: s.kind.Asks(), Proto: s.kind.Proto(), Port: res.Probe.Port,
		Service: fingerprint.ServiceName(s.kind.Proto(), res.Probe.Port)}
	s.fill(&r, &res.Reply)
	if res.RTT >= 0 {
		r.RTT, r.HasRTT = res.RTT, true
	}
	s.record(ctx, &r)
	if s.deep != nil && r.State == probe.Open {
		s.deep.open(ctx, res) // what it is decides, not that it is open
	} else {
		s.score.add(r.State, r.Reason, probe.Open)
	}

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
		h.record.Routed = s.deep != nil && s.deep.routed(r.Addr)
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
