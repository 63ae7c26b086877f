package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"sonde/fingerprint"
	"sonde/output"
	"sonde/probe"
	"sonde/scan"
	"sonde/scan/checkpoint"
	"sonde/scan/ports"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// portFlags say which ports to ask.
type portFlags struct {
	list    string
	top     int
	exclude string
	confirm bool
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
	list, err := portList(q.proto, p.list, p.top, p.exclude, q.usual)
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
	if p.confirm {
		if err := f.checkConfirm(q); err != nil {
			return err
		}
	}
	if err := f.checkGuard(q.kind, nil); err != nil {
		return err
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
	j, err := a.newJob(f, q.command, t, request{proto: q.protoName(), stray: stray, probes: uint64(len(list)) * t.All.Len(), sweeps: !f.noPing() && (t.Swept.Len() > 0 || pings != nil)})
	if err != nil {
		return err
	}
	if q.kind == nil {
		q.kind = probe.SYN
		if !j.network.raw() {
			q.kind = probe.Connect
		}
	}
	if p.confirm && j.meta.Source.IsValid() {
		j.close()
		return usage("--confirm: -S %v is not ours, so nothing comes back to confirm", j.meta.Source)
	}
	if p.confirm && q.proto == target.TCP && (f.trace || f.pcap != "") {
		j.note("the handshakes of --confirm are the kernel's: neither --packet-trace nor --pcap has them")
	}
	s := &portScan{job: j, kind: q.kind, ports: list, confirm: p.confirm}
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
	j.guarded()
	facts := j.facts(pings, parts, checkpoint.Fact{Name: "the way", Value: q.kind.Name()}, checkpoint.Fact{Name: "ports", Value: portRanges(list)},
		checkpoint.Fact{Name: "--confirm", Value: strconv.FormatBool(p.confirm)})
	// What is found up differs from run to run, and the way to a host is traced once.
	s.byHost = len(parts) > 0 || q.deepen
	if s.byHost {
		j.shareParts(parts)
		s.all = j.share(t.All)
		j.meta.Addresses = s.all.Len()
	} else {
		s.all = t.All
	}
	plan := s.questions(s.all)
	j.meta.Ports = uint32(len(list))
	if s.all.Len() > 0 {
		if err := plan.Compile(); err != nil {
			j.close()
			return usage("%w", err)
		}
		j.meta.Probes = plan.Len()
	}
	if f.dryRun {
		return j.dryRun(func() ([]scan.Plan, error) { return []scan.Plan{plan}, nil })
	}
	if err = j.keep(facts, probe.Open); err == nil {
		err = j.keepSweep(parts)
	}
	if err != nil {
		j.close()
		return err
	}
	idle := j.nothing()
	return j.run(ctx, func(ctx context.Context) error {
		if idle {
			return nil
		}
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
	kind    probe.Kind
	ports   []uint16
	confirm bool
	deep    *depth            // nil: ports are only scanned
	named   map[uint16]string // services of few ports; nil: not looked up yet
	all     scan.Targets      // what this run may ask
	byHost  bool              // shards are of hosts, not of questions
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
	all := ports.Scan{Engine: s.engine, Base: s.portBase(), Kind: s.kind, Ports: s.ports, Curious: s.curious(), Patience: s.confirm,
		Port:    func(p *ports.Port) { s.port(ctx, p) },
		Host:    func(h *sweep.Host, ports int) { s.host(ctx, h, ports) },
		Finding: func(f *ports.Finding) { s.finding(ctx, f) }}
	if s.confirm {
		all.Confirm = s.handshake()
	}
	silence := s.kind.Classify(probe.Probe{}, &probe.Reply{Event: probe.Silence}).State
	listed := s.meta.Lists(&output.Record{Type: output.Port, State: silence})
	// What is only counted is not kept.
	all.Omit = s.kept == nil && !listed && !s.flags.verbose && len(t.Named) == 0 && !s.meta.Source.IsValid() && t.All.Len() >= manyHosts
	all.Omitted = func(hosts, ports uint64) { s.omitted(hosts, ports, silence) }
	asked := s.all
	all.Up = s.kept.up()
	if len(parts) > 0 {
		up := builder{}
		for _, h := range all.Up {
			up.add(h.Addr)
		}
		if spared {
			for _, h := range t.Named {
				if _, ok := s.all.Index(h.Addr); ok {
					up.add(h.Addr)
				}
			}
		}
		err := error(nil)
		if s.kept == nil || !s.kept.Found() {
			err = s.findHosts(ctx, parts, func(h *sweep.Host) {
				if h.State == probe.Up {
					up.add(h.Addr)
					all.Up = append(all.Up, *h)
					s.kept.host(ctx, h, checkpoint.Counts{})
				} else {
					s.notScanned(ctx, h)
				}
			})
		}
		if err == nil && ctx.Err() == nil {
			asked, err = up.set()
		}
		if err != nil || ctx.Err() != nil {
			for i := range all.Up {
				s.host(ctx, &all.Up[i], len(s.ports))
			}
			return err
		}
	}
	if asked.Len() == 0 {
		return nil
	}
	if s.kept != nil {
		plan := s.questions(asked)
		part, err := s.kept.part(portsPart, &plan, false)
		if err != nil || part.Left() == 0 {
			return err
		}
		s.kept.ports, all.Keeper, all.Skip = part, part, part.Skip
	}
	stats, err := all.Run(ctx, asked)
	s.job.mu.Lock()
	defer s.job.mu.Unlock()
	s.stats = s.stats.Plus(stats)
	return err
}

// curious tells whether a few more questions than were asked for are welcome: not
// where the user said how many there are to be, nor where answers go elsewhere.
func (s *portScan) curious() bool {
	return (s.flags.retries < 0 || s.confirm) && !s.meta.Source.IsValid()
}

// questions asks all ports of hosts, as far as they are this run's.
func (s *portScan) questions(hosts scan.Targets) scan.Plan {
	return ports.Questions(s.portBase(), s.kind, hosts, s.ports)
}

// portBase is base with the shard, where that is of questions.
func (s *portScan) portBase() scan.Plan {
	p := s.base()
	if sh := s.flags.shard; sh.of > 0 && !s.byHost {
		p.Shard, p.Shards = sh.number-1, sh.of
	}
	return p
}

// notScanned reports a host that a sweep did not find up.
func (s *portScan) notScanned(ctx context.Context, h *sweep.Host) {
	named := s.targets.NamedSet.Contains(h.Addr)
	var counts checkpoint.Counts
	if named {
		counts = s.score.add(h.State, h.Reason, probe.Open)
	}
	if named || s.flags.verbose {
		found, r := *h, s.hostRecord(h)
		s.recordThen(ctx, &r, func() { s.kept.host(ctx, &found, counts) })
	} else {
		s.kept.host(ctx, h, counts)
	}
}

// port reports one port.
func (s *portScan) port(ctx context.Context, p *ports.Port) {
	r := output.Record{Type: output.Port, Addr: p.Probe.Target, State: p.Verdict.State, Reason: p.Verdict.Reason,
		Tries: p.Tries, Asked: s.kind.Asks(), Proto: s.kind.Proto(), Port: p.Probe.Port, Doubt: p.Doubt, Confirmed: p.Confirmed,
		Service: s.service(p.Probe.Port)}
	s.fill(&r, &p.Reply)
	if p.RTT >= 0 {
		r.RTT, r.HasRTT = p.RTT, true
	}
	s.record(ctx, &r)
	var counts checkpoint.Counts
	switch {
	case s.deep != nil && r.State == probe.Open:
		s.deep.open(ctx, &p.Result) // what it is decides, not that it is open
	case r.State == probe.Unknown && s.passedOver(r.Addr):
	default:
		counts = s.score.add(r.State, r.Reason, probe.Open)
	}
	s.kept.port(ctx, p, counts)
}

// manyHosts is from how many hosts on silence that is not listed is only counted.
const manyHosts = 1024

// omitted counts what stayed silent and is not listed.
func (s *portScan) omitted(hosts, ports uint64, silence probe.State) {
	s.job.mu.Lock()
	defer s.job.mu.Unlock()
	s.tally.Omit(hosts, ports, silence)
	s.score.addSilent(ports, silence)
}

// fewPorts is up to how many ports are named without reading the whole registry.
const fewPorts = 8

// service is the registered name of a port.
func (s *portScan) service(port uint16) string {
	if len(s.ports) > fewPorts {
		return fingerprint.ServiceName(s.kind.Proto(), port)
	}
	if s.named == nil {
		s.named = fingerprint.ServiceNames(s.kind.Proto(), s.ports)
	}
	return s.named[port]
}

// host reports a host, when all its ports are in.
func (s *portScan) host(ctx context.Context, h *sweep.Host, ports int) {
	r := s.hostRecord(h)
	r.Ports = uint32(ports)
	r.Routed = s.deep != nil && s.deep.routed(r.Addr)
	addr := h.Addr
	s.recordThen(ctx, &r, func() { s.kept.shown(ctx, addr) })
}

// finding reports what is to be known beside a host's ports.
func (s *portScan) finding(ctx context.Context, f *ports.Finding) {
	s.record(ctx, &output.Record{Type: output.Finding, Addr: f.Addr, Doubt: f.About, Proto: s.kind.Proto(), Port: f.Port, List: f.Ports,
		Count: uint64(f.Count), By: f.By, Hop: f.Hops, Far: f.Far, Every: f.Every, Cost: f.Cost, Confirmed: s.confirm})
}
