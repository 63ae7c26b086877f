package job

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"

	"sonde/fingerprint"
	"sonde/probe"
	"sonde/scan"
	"sonde/scan/checkpoint"
	"sonde/scan/ports"
	"sonde/scan/report"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// portScan asks the same ports of several hosts.
type portScan struct {
	*job
	kind    probe.Kind
	ports   []uint16
	twin    *portScan         // that asks ports of another protocol beside; nil: nobody does
	meet    *meeting          // where both tell of their hosts; nil: likewise
	parts   []sweep.Part      // that are swept first
	spared  bool              // targets named by themselves are not swept
	fp      *fpScan           // nil: ports are only scanned
	passive *passive          // nil: nothing is made of what answers tell of systems
	service map[uint16]string // services of few ports; nil: not looked up yet
	all     scan.Targets      // what this run may ask
	byHost  bool              // shards are of hosts, not of questions
	told    report.Port       // the record of a port, lent to outputs
	wrong   unverified        // ports that answered --badsum, by host

	unopened atomic.Int64 // open ports to which no handshake of --confirm could be opened
}

// ports composes the question what the ports of the targets are (tcp, udp), and
// what is behind those that are open (fp).
func (j *job) ports() (*composition, error) {
	s, q := j.spec, j.asked
	p := &portScan{job: j, kind: q.kind, ports: q.ports, spared: q.pings == nil}
	if p.kind == nil {
		if p.kind = probe.SYN; !j.network.Raw() {
			p.kind, _ = probe.BySocket(p.kind)
		}
	}
	unseen := s.Show.Packets || s.Show.Pcap != ""
	if s.Ask.Confirm && q.proto == "tcp" && unseen {
		j.note("the handshakes of --confirm are the kernel's: neither --packet-trace nor --pcap has them")
	}
	if err := p.identify(unseen); err != nil {
		return nil, err
	}
	p.passive = newPassive(j, p.kind)
	var err error
	if p.parts, err = p.pingParts(); err != nil {
		return nil, err
	}
	j.guarded()
	if s.times() > 0 {
		j.explain(p.kind)
	}
	c := &composition{parts: p.parts, ways: p.kind.Name(), yes: probe.Open, body: p.run}
	if j.kept != nil {
		c.facts = j.facts(c)
	}
	// What is found up differs from run to run, and the way to a host is traced once.
	p.byHost = len(p.parts) > 0 || s.Command == "fp"
	p.all = j.reachable(j.targets.All)
	if p.byHost {
		j.shareParts(p.parts)
		p.all = j.share(j.targets.All)
		j.scan.Addresses = p.all.Len()
	}
	plan := p.questions(p.all)
	j.scan.Ports = uint32(len(q.ports) + len(q.udp))
	j.scan.Asked = &report.Asked{Kind: p.kind.Name(), Proto: q.proto, Ports: report.PortRanges(q.ports)}
	if p.all.Len() > 0 {
		if err := plan.Compile(); err != nil {
			return nil, Usage("%w", err)
		}
		j.scan.Probes = plan.Len()
	}
	c.plans = []scan.Plan{plan}
	if len(q.udp) > 0 {
		p.beside(probe.UDP, q.udp)
		c.plans = append(c.plans, p.twin.questions(p.all))
		j.scan.Probes += p.all.Len() * uint64(len(q.udp))
	}
	return c, nil
}

// pingParts says what is swept before ports are asked: ranges, and what is
// named by itself only if -P asks for it.
func (p *portScan) pingParts() ([]sweep.Part, error) {
	if p.spec.Ask.noPing() {
		return nil, nil
	}
	named := p.targets.NamedSet
	if p.spared {
		named = nil
	}
	return p.allParts(named, p.targets.Swept, p.asked.pings)
}

// run scans, and waits for what open ports say.
func (p *portScan) run(ctx context.Context) error {
	err := p.scanPorts(ctx)
	for h, ports := range p.meet.rest() {
		p.tell(ctx, &h, ports)
	}
	if p.fp != nil {
		err = errors.Join(err, p.fp.wait())
	}
	return err
}

// scanPorts sweeps first where that is asked for, and scans what is up.
func (p *portScan) scanPorts(ctx context.Context) error {
	all := p.composed(ctx)
	asked := p.all
	if len(p.parts) > 0 {
		up, err := p.findUp(ctx, all)
		if err != nil || ctx.Err() != nil {
			for i := range all.Up {
				p.tell(ctx, &all.Up[i], len(p.ports))
			}
			unasked := scan.NoStats()
			unasked.Unasked = uint64(len(all.Up)) * uint64(len(p.ports)+len(p.asked.udp))
			p.addStats(unasked)
			return err
		}
		asked = up
	}
	if asked.Len() == 0 {
		return nil
	}
	if p.ordered() {
		p.turns = newTurns(asked)
	}
	if p.spec.times() > 0 {
		return p.askRepeatedly(ctx, asked, all.Up)
	}
	if p.kept != nil {
		plan := p.questions(asked)
		part, err := p.kept.part(PortsPart, &plan, false)
		if err != nil || part.Left() == 0 {
			return err
		}
		p.kept.ports, all.Watcher = part, part
	}
	besides := p.runTwin(ctx, asked, all.Up)
	stats, err := all.Run(ctx, asked)
	err = errors.Join(err, besides())
	p.addStats(stats)
	p.unconfirmed(p.unopened.Swap(0))
	return err
}

// composed is the scan of all ports.
func (p *portScan) composed(ctx context.Context) *ports.Scan {
	all := &ports.Scan{Engine: p.engine, Base: p.portBase(), Kind: p.kind, Ports: p.ports, Curious: p.curious(), Bulk: p.network.Bulk, Patience: p.spec.Ask.Confirm,
		Port:    func(r *ports.Port) { p.port(ctx, r) },
		Host:    func(h *sweep.Host, ports int) { p.host(ctx, h, ports) },
		Finding: func(f *ports.Finding) { p.finding(ctx, f) }}
	if p.spec.Ask.Confirm {
		all.Confirm = p.handshake(&p.unopened)
	}
	silence := p.kind.Classify(probe.Probe{}, &probe.Reply{Event: probe.Silence}).State
	listed := !p.spec.Show.Open || silence == probe.OpenFiltered
	// What is only counted is not kept.
	all.Omit = p.kept == nil && !listed && !p.spec.Show.Verbose && p.expected == nil && p.targets.NamedSet.Len() == 0 && !p.scan.Source.IsValid() && p.targets.All.Len() >= manyHosts
	all.Omitted = func(hosts, ports uint64) { p.omitted(hosts, ports, silence) }
	all.Up = p.kept.up()
	return all
}

// findUp sweeps, and returns whose ports are to be asked; all.Up has those of whom
// something was heard.
func (p *portScan) findUp(ctx context.Context, all *ports.Scan) (*target.Set, error) {
	up := target.Builder{}
	for _, h := range all.Up {
		up.Add(h.Addr)
	}
	if p.spared {
		for i := range p.targets.NamedSet.Len() {
			if a := p.targets.NamedSet.At(i); contains(p.all, a) {
				up.Add(a)
			}
		}
	}
	if p.kept == nil || !p.kept.Found() {
		err := p.findHosts(ctx, p.parts, func(h *sweep.Host) {
			if h.State == probe.Up {
				up.Add(h.Addr)
				all.Up = append(all.Up, *h)
				p.kept.host(ctx, h, checkpoint.Counts{})
			} else {
				p.notScanned(ctx, h)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return up.Set()
}

func contains(set scan.Targets, a netip.Addr) bool {
	_, ok := set.Index(a)
	return ok
}

// curious tells whether a few more questions than were asked for are welcome: not
// where the user said how many there are to be, nor where answers go elsewhere.
func (p *portScan) curious() bool {
	return (p.spec.Pace.MaxRetries == nil || p.spec.Ask.Confirm) && !p.scan.Source.IsValid()
}

// questions asks all ports of hosts, as far as they are this run's.
func (p *portScan) questions(hosts scan.Targets) scan.Plan {
	if p.spec.times() > 0 {
		c := p.repeatedly(hosts, p.kind, p.ports)
		return c.Plan(p.portBase())
	}
	return ports.Questions(p.portBase(), p.kind, hosts, p.ports)
}

// portBase is base with the shard, where that is of questions.
func (p *portScan) portBase() scan.Plan {
	b := p.base()
	if sh := p.spec.Part.Shard; sh.Of > 0 && !p.byHost {
		b.Shard, b.Shards = sh.Number-1, sh.Of
	}
	return b
}

// notScanned reports a host that a sweep did not find up.
func (p *portScan) notScanned(ctx context.Context, h *sweep.Host) {
	named := p.targets.NamedSet.Contains(h.Addr)
	var counts checkpoint.Counts
	if named {
		counts = p.count(h.State, h.Reason)
	}
	if named || p.spec.Show.Verbose {
		found := *h
		p.putThen(ctx, p.hostRecord(h), func() { p.kept.host(ctx, &found, counts) })
	} else {
		p.kept.host(ctx, h, counts)
	}
}

// count adds a state to what the exit code is decided by.
func (p *portScan) count(state probe.State, reason probe.Reason) checkpoint.Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outcome.add(state, reason, probe.Open)
}

// port reports one port.
func (p *portScan) port(ctx context.Context, res *ports.Port) {
	r := &p.told
	p.fillPort(r, &res.Result)
	r.Confirmed, r.Doubt = res.Confirmed, res.Doubt
	p.unverified(&p.wrong, r.Addr, r.Port, &res.Reply)
	p.passive.port(res)
	if p.quiet(ctx, &res.Result, r) {
		return
	}
	if p.kept.withHost(res) {
		defer p.kept.hold(report.Clone(r).(*report.Port))
	} else {
		defer p.kept.together()()
		p.record(r)
	}
	var counts checkpoint.Counts
	switch {
	case p.spec.Command == "fp" && r.State == probe.Open: // what it is decides, not that it is open
	case r.State == probe.Unknown && p.passedOver(r.Addr):
	default:
		counts = p.count(r.State, r.Reason)
	}
	if p.fp != nil && r.State == probe.Open {
		p.fp.open(ctx, &res.Result, p.kind)
	}
	if p.fp != nil && p.kind.Proto() == "tcp" && r.State == probe.Closed && res.Reply.Who == probe.Target {
		p.fp.os.closed(r.Addr, r.Port)
	}
	p.kept.port(ctx, res, counts)
}

// portRecord is the record of one port's result.
func (p *portScan) portRecord(res *scan.Result) *report.Port {
	r := &report.Port{}
	p.fillPort(r, res)
	return r
}

// fillPort makes r the record of one port's result.
func (p *portScan) fillPort(r *report.Port, res *scan.Result) {
	*r = report.Port{Addr: res.Probe.Target, Proto: p.kind.Proto(), Port: res.Probe.Port, Service: p.serviceName(res.Probe.Port),
		Verdict: report.Verdict{State: res.Verdict.State, Reason: res.Verdict.Reason, Tries: res.Tries, Asked: p.asked.asks(p.kind)}}
	p.fill(&r.Verdict, &res.Reply, res.RTT)
}

// manyHosts is from how many hosts on silence that is not listed is only counted.
const manyHosts = 1024

// omitted counts what stayed silent and is not listed.
func (p *portScan) omitted(hosts, ports uint64, silence probe.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outcome.Tally.Omit(hosts, ports, silence)
	p.outcome.Score.addSilent(ports, silence)
}

// fewPorts is up to how many ports are named without reading the whole registry.
const fewPorts = 8

// serviceName is the registered name of a port.
func (p *portScan) serviceName(port uint16) string {
	if len(p.ports) > fewPorts {
		return fingerprint.ServiceName(p.kind.Proto(), port)
	}
	if p.service == nil {
		p.service = fingerprint.ServiceNames(p.kind.Proto(), p.ports)
	}
	return p.service[port]
}

// host reports a host, when all its ports are in.
func (p *portScan) host(ctx context.Context, h *sweep.Host, ports int) {
	if f := p.wrong.finding(h.Addr, p.kind.Proto()); f != nil {
		p.put(ctx, f)
	}
	if p.meet != nil {
		both, all, ok := p.meet.join(h, ports)
		if !ok {
			return
		}
		h, ports = &both, all
	}
	p.tell(ctx, h, ports)
}

// tell reports a host of which so many ports were asked.
func (p *portScan) tell(ctx context.Context, h *sweep.Host, ports int) {
	r := p.hostRecord(h)
	r.Ports = uint32(ports)
	if p.fp != nil {
		r.Routed, r.System = p.fp.routed(r.Addr), p.fp.os.over(r.Addr)
	}
	if system := p.passive.host(h.Addr); system != nil {
		r.System = true
		p.put(ctx, system)
	}
	if p.turns != nil {
		p.putInTurn(ctx, r)
		return
	}
	addr := h.Addr
	p.putThen(ctx, r, func() { p.kept.shown(ctx, addr, p.record) })
}

// finding reports what is to be known beside a host's ports.
func (p *portScan) finding(ctx context.Context, f *ports.Finding) {
	p.put(ctx, &report.Finding{Addr: f.Addr, Doubt: f.About, Proto: p.kind.Proto(), Canary: f.Port, Ports: f.Ports,
		Count: uint64(f.Count), By: f.By, Hops: f.Hops, Others: f.Far, Every: report.RTT(f.Every), Cost: f.Cost.Round(tenth), Most: f.Most.Round(tenth), Confirmed: p.spec.Ask.Confirm})
}

// tenth of a second is what a Finding has of a cost.
const tenth = 100 * millisecond
