package job

import (
	"context"
	"iter"
	"net/netip"
	"sync"

	"sonde/fingerprint"
	"sonde/probe"
	"sonde/probe/payload"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/sweep"
	"sonde/scan/target"

	"golang.org/x/sync/semaphore"
)

// This file is for ports of both protocols in one run, and for what open ports say of
// themselves: fp, --services, and --udp of both commands.

// bothRules refuse what is of one protocol, beside --udp of tcp.
func (s *Spec) bothRules() []rule {
	if s.Command != "tcp" || !s.Ask.UDP {
		return nil
	}
	other := s.first("count", "wait-for", "resume", "confirm", "expect-file")
	return []rule{
		{other != "", "--udp and " + dashes(other) + " exclude each other: type sonde tcp and sonde udp, a run each"},
		{s.Way.Via == "xdp", "--via xdp asks by one kind of packet: it excludes --udp"},
	}
}

// readBoth reads which TCP and UDP ports are asked in one run. Without a word about them these are the
// usual TCP ports, and with --udp all UDP ports that there is a question for.
func (q *question) readBoth(command string, a *Ask) error {
	protocols := target.TCP
	if a.UDP {
		protocols |= target.UDP
	}
	var p target.Ports
	var err error
	switch {
	case a.Top != nil && *a.Top < 1:
		return Usage("--top: at least 1")
	case a.Ports != "" && a.Top != nil:
		return Usage("-p and --top exclude each other")
	case a.Ports != "":
		if p, err = target.ParsePorts(a.Ports, protocols, fingerprint.PortsOf); err != nil {
			return Usage("-p %s: %w", a.Ports, err)
		}
	default:
		n := value(a.Top, usual(command))
		if p, err = target.Top(n, protocols, fingerprint.TopPorts); err != nil {
			return Usage("--top %d: %w", n, err)
		}
		if a.UDP && a.Top == nil {
			p.UDP = nil
			for l := range payload.All() {
				p.UDP = append(p.UDP, l.Ports...)
			}
		}
	}
	if a.ExcludePorts != "" {
		ex, err := target.ParsePorts(a.ExcludePorts, protocols, fingerprint.PortsOf)
		if err != nil {
			return Usage("--exclude-ports %s: %w", a.ExcludePorts, err)
		}
		if len(ex.UDP) > 0 && len(p.UDP) == 0 || len(ex.TCP) > 0 && len(p.TCP) == 0 {
			return Usage("--exclude-ports %s: ports of the other protocol are not asked anyway", a.ExcludePorts)
		}
		p = p.Without(ex)
	}
	switch {
	case len(p.TCP)+len(p.UDP) == 0:
		return Usage("no port is left to ask")
	case a.UDP && len(p.UDP) == 0:
		return Usage("--udp: no UDP port is left to ask")
	case len(p.TCP) == 0 && command == "tcp":
		return Usage("no TCP port is left to ask: type sonde udp")
	case len(p.TCP) == 0:
		q.kind, q.proto, q.ports = probe.UDP, "udp", p.UDP
	default:
		q.ports, q.udp = p.TCP, p.UDP
	}
	return nil
}

// serviceRules refuse --services where no port is found open, or its services not asked.
func (q *question) serviceRules(s *Spec) []rule {
	if !s.Ask.Services {
		return []rule{{s.Ask.Fingerprints != "" && s.Command != "fp", "--fingerprints names what --services asks"}}
	}
	var t probe.Traits
	if q.kind != nil {
		t = q.kind.Traits()
	}
	rules := []rule{
		{q.kind != nil && !t.Handshake && !t.Datagram && !probe.HalfOpen(q.kind) && !bySocket(q.kind), "--services asks open ports, which " + q.scan + " finds none of"},
		{s.Show.DryRun, "--services: --dry-run finds no open ports"},
	}
	for _, flag := range []string{"count", "wait-for", "resume"} {
		rules = append(rules, rule{s.first(flag) != "", "--services and " + dashes(flag) + " exclude each other: what a port says is asked once, and not kept"})
	}
	for _, f := range s.crafted() {
		rules = append(rules, rule{!Has("fp", f.Name), "--services and " + option(f) + " exclude each other: conversations are the kernel's, with packets of its own"})
	}
	return rules
}

// dashes is a flag as a command line has it.
func dashes(flag string) string {
	if flag == "count" {
		return "-c"
	}
	return "--" + flag
}

// identify prepares what is asked of open ports, if anything is. unseen: packets are shown.
func (p *portScan) identify(unseen bool) error {
	s, j := p.spec, p.job
	if s.Command != "fp" && !s.Ask.Services {
		return nil
	}
	p.fp = newFPScan(j)
	if err := p.fp.readPatterns(); err != nil {
		return err
	}
	if unseen {
		j.note("the conversations with open ports are the kernel's: neither --packet-trace nor --pcap has them")
	}
	j.scan.Services = true
	if s.Command != "fp" {
		return nil
	}
	p.fp.routes = semaphore.NewWeighted(routesAtOnce)
	j.scan.Trace = &report.Trace{Proto: p.kind.Proto(), MaxTTL: routeHops, TOS: p.asked.tos()}
	if p.kind.Proto() != "tcp" { // which system it is TCP ports tell
		return nil
	}
	var err error
	p.fp.os, err = newSystems(p.fp)
	return err
}

// beside has ports of another protocol asked in the same run.
func (p *portScan) beside(kind probe.Kind, list []uint16) {
	p.meet = &meeting{hosts: map[netip.Addr]half{}}
	p.twin = &portScan{job: p.job, kind: kind, ports: list, meet: p.meet, fp: p.fp, passive: p.passive, all: p.all, byHost: p.byHost}
	p.scan.AlsoAsked = &report.Asked{Kind: kind.Name(), Proto: kind.Proto(), Ports: report.PortRanges(list)}
}

// runTwin begins with what is asked beside, and returns what waits for its end.
func (p *portScan) runTwin(ctx context.Context, asked scan.Targets, up []sweep.Host) (wait func() error) {
	if p.twin == nil {
		return func() error { return nil }
	}
	var wg sync.WaitGroup
	var err error
	all := p.twin.composed(ctx)
	all.Up = append(all.Up, up...)
	wg.Go(func() {
		var stats scan.Stats
		stats, err = all.Run(ctx, asked)
		p.addStats(stats)
	})
	return func() error {
		wg.Wait()
		return err
	}
}

// meeting holds back what is known of a host until its ports of both protocols are in, for
// there is one record of it.
type meeting struct {
	mu    sync.Mutex
	hosts map[netip.Addr]half
}

// half is a host of which the ports of one protocol are in.
type half struct {
	host  sweep.Host
	ports int
}

// join takes one half. ok: it was the second, and both are the host and its ports.
func (m *meeting) join(h *sweep.Host, ports int) (both sweep.Host, all int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first, ok := m.hosts[h.Addr]
	if !ok {
		m.hosts[h.Addr] = half{*h, ports}
		return both, 0, false
	}
	delete(m.hosts, h.Addr)
	both = first.host
	if h.State == probe.Up && both.State != probe.Up {
		both = *h
	}
	return both, first.ports + ports, true
}

// rest yields those of whom one half never came, when the run is over.
func (m *meeting) rest() iter.Seq2[sweep.Host, int] {
	return func(yield func(sweep.Host, int) bool) {
		if m == nil {
			return
		}
		for _, h := range m.hosts {
			if !yield(h.host, h.ports) {
				return
			}
		}
	}
}
