// Package ports asks the same ports of several hosts, and what else has to be
// known to believe the answers. A port tells about itself only: whether somebody
// answers in the host's place shows in what all ports of the host say together,
// in ports that nobody uses, and in handshakes that are completed; and whether
// silence of a UDP port means anything depends on whether the host tells of
// closed ones. Scan.Run is what to call first.
//
// A result's way: Run's plan brings it to heard, which keeps what the host said
// (host.go); it may wait for the answer of a canary (canary.go), for a handshake
// (confirm.go) or, if it is silence, for what silence means here (silence.go),
// and is then handed out.
package ports

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/sweep"
)

// Scan is one scan of ports. Its functions are called one at a time, and without a
// lock held, so that they may take their time.
type Scan struct {
	Engine  *scan.Engine
	Base    scan.Plan // what all plans have in common
	Kind    probe.Kind
	Ports   []uint16
	Up      []sweep.Host // hosts that a sweep found before
	Curious bool         // may ask for more than was asked for, to know what answers are worth
	Confirm Confirm      // completes handshakes with open ports; nil: they are left half-open
	Watcher scan.Watcher // of the plan that asks the ports; may be nil. It skips what an earlier run has handed out
	// Patience says that the silent UDP ports of hosts that limit their ICMP are
	// asked again at that pace, however long it takes.
	Patience bool
	// Omit says that silent ports are not handed out, nor hosts that said nothing at
	// all, which nobody lists in a large scan: Omitted is told how many these are.
	Omit    bool
	Bulk    bool // the link asks the ports by itself: see scan.Bulk
	Omitted func(hosts, ports uint64)

	Port    func(*Port)                    // one for each port of each host; borrowed
	Host    func(h *sweep.Host, ports int) // one for each host, after its ports, and how many these are
	Finding func(*Finding)                 // what is to be known beside, before the host's own record

	progress
}

// progress is what a Scan knows while it is under way.
type progress struct {
	main   scan.Plan // asks the ports
	mu     sync.Mutex
	out    scan.Outbox // what Port, Host and Finding are to be told
	copies sync.Pool   // of Ports that are to be told
	hosts  map[netip.Addr]*host
	begun  uint64              // hosts of which something was heard
	judges bool                // asks what silence means
	ended  map[netip.Addr]bool // hosts that were reported, where judges
	stats  scan.Stats
	err    error

	unused []uint16       // ports that nobody uses, as far as one can know
	jobs   sync.WaitGroup // second opinions under way
	canary batch[*host]
	place  batch[*host]
	room   chan struct{} // for handshakes
}

// Port is what became of one port.
type Port struct {
	scan.Result
	Doubt     probe.Doubt
	Confirmed bool // a handshake was completed, or silence asked again at the host's pace
	Last      bool // the host's last: its Host follows
}

// Finding is something about a host, or about answers that came in its place.
type Finding struct {
	Addr  netip.Addr
	About probe.Doubt
	Ports []uint16   // of those in doubt, the first maxListed
	Count int        // how many these are
	Port  uint16     // the canary, with probe.Canary
	By    netip.Addr // who answers instead, with probe.ResetInPlace
	Hops  uint8      // that answers in doubt have come, with probe.Nearer
	Far   uint8      // and the others

	Every time.Duration // one port unreachable, with probe.ICMPLimit
	Cost  time.Duration // of asking the silent ports at that pace, usually
	Most  time.Duration // and at most
}

// maxListed is how many ports a Finding names.
const maxListed = 100

// Run asks all ports of targets, and returns when everything is decided or ctx
// ends.
func (s *Scan) Run(ctx context.Context, targets scan.Targets) (scan.Stats, error) {
	s.hosts = map[netip.Addr]*host{}
	s.judges = s.datagrams() && s.Curious && targets.Len() <= mostControlled
	s.main = s.plan(targets)
	if err := s.main.Compile(); err != nil {
		return scan.Stats{Loss: -1, ExpectedMissed: -1}, err
	}
	for _, h := range s.Up {
		if left := s.asked(h.Addr); left > 0 {
			s.hosts[h.Addr] = &host{answer: h, ports: left, left: left}
			s.begun++
		}
	}
	s.ended, s.room = map[netip.Addr]bool{}, make(chan struct{}, handshakesAtOnce)
	s.unused = unused(s.Ports, canaries)
	s.stats = scan.Stats{Complete: true, Loss: -1, ExpectedMissed: -1}

	var workers sync.WaitGroup
	done := make(chan struct{})
	workers.Go(func() { s.canary.work(done, func(list []*host) { s.askCanaries(ctx, list) }) })
	workers.Go(func() { s.place.work(done, func(list []*host) { s.placeResets(ctx, list) }) })
	main := make(chan struct{})
	var controls sync.WaitGroup
	controls.Go(func() { s.askControls(ctx, targets, main) })

	if s.main.OmitSilence = s.Omit; s.Omit {
		s.main.GroupOver = s.omitGroup
	}
	if s.handshakes() && s.Curious {
		s.main.Watcher = s.watcher()
	}
	stats, err := s.Engine.Run(ctx, &s.main, func(r *scan.Result) { s.heard(ctx, r) })
	close(main)
	s.add(stats, err)
	if s.Omit && stats.Complete {
		s.omit(targets, stats.Silent)
	}
	controls.Wait()
	s.judgeSilence(ctx)
	s.jobs.Wait()
	close(done)
	workers.Wait()
	s.rest()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.Wait(&s.mu)
	s.stats.Elapsed = max(s.stats.Elapsed, stats.Elapsed)
	return s.stats, s.err
}

// plan asks all ports of targets.
func (s *Scan) plan(targets scan.Targets) scan.Plan {
	p := Questions(s.Base, s.Kind, targets, s.Ports)
	p.Watcher, p.Bulk = s.Watcher, s.Bulk
	return p
}

// asked counts the ports of a host that the plan asks: fewer than all in a shard
// of it, and where an earlier run has asked some.
func (s *Scan) asked(addr netip.Addr) int {
	if s.main.Shards <= 1 && s.Watcher == nil {
		return len(s.Ports)
	}
	n := 0
	for _, port := range s.Ports {
		if i, ok := s.main.Index(probe.Probe{Target: addr, Port: port}); ok && (s.Watcher == nil || !s.Watcher.Skip(i)) {
			n++
		}
	}
	return n
}

// Questions is the plan that asks ports of targets by kind.
func Questions(base scan.Plan, kind probe.Kind, targets scan.Targets, ports []uint16) scan.Plan {
	p := base
	p.Targets, p.Kinds, p.Asks = targets, []probe.Kind{kind}, make([]scan.Ask, 0, len(ports))
	if len(ports) > 1 && targets.Len() > scan.HostsTogether && p.Order == scan.Shuffled {
		p.Order = scan.ByHosts // so that no more hosts than that are under way
	}
	for _, port := range ports {
		p.Asks = append(p.Asks, scan.Ask{Port: port})
	}
	return p
}

// aside is a plan beside the scan itself: it has no part in its shards, nor in
// how long a host may take.
func (s *Scan) aside(targets scan.Targets, ports []uint16) scan.Plan {
	p := Questions(s.Base, s.Kind, targets, ports)
	p.Shard, p.Shards, p.HostTimeout = 0, 0, 0
	return p
}

func (s *Scan) handshakes() bool { return s.Kind.Traits().Handshake }
func (s *Scan) datagrams() bool  { return s.Kind.Traits().Datagram }

// beside counts what a plan beside the scan did; what it did not ask nobody asked for.
func (s *Scan) beside(stats scan.Stats, err error) {
	stats.Unasked = 0
	s.add(stats, err)
}

// add counts what a plan did.
func (s *Scan) add(stats scan.Stats, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats = s.stats.Plus(stats)
	if s.err == nil {
		s.err = err
	}
}

// heard takes one port's result.
func (s *Scan) heard(ctx context.Context, r *scan.Result) {
	s.mu.Lock()
	defer s.out.Release(&s.mu)
	h := s.host(r.Probe.Target)
	h.results++
	h.hear(r)
	p := Port{Result: *r}
	switch {
	case s.handshakes() && r.Verdict.State == probe.Open:
		s.opened(ctx, h, &p)
	case s.judges && r.Verdict.State == probe.OpenFiltered:
		h.silent = append(h.silent, p)
	default:
		p.Doubt = h.nearer(r)
		s.handOut(h, &p)
	}
}

// host returns what is known of addr. s.mu is held.
func (s *Scan) host(addr netip.Addr) *host {
	h := s.hosts[addr]
	if h == nil {
		n := s.asked(addr)
		h = &host{answer: sweep.Host{Addr: addr, State: probe.NotTested, RTT: -1}, ports: n, left: n}
		s.hosts[addr] = h
		s.begun++
	}
	return h
}

// handOut hands a port out, and its host after the last one. s.mu is held.
func (s *Scan) handOut(h *host, p *Port) {
	h.mark(p)
	h.left--
	p.Last = h.left == 0
	s.tell(p)
	if h.left == 0 {
		s.finish(h)
	}
}

// tell puts down that Port is to be told p. s.mu is held.
func (s *Scan) tell(p *Port) {
	mine, _ := s.copies.Get().(*Port)
	if mine == nil {
		mine = new(Port)
	}
	*mine = *p
	s.out.Put(func() {
		s.Port(mine)
		s.copies.Put(mine)
	})
}

// finish reports a host all of whose ports were handed out, unless it must be
// asked whether it is there. s.mu is held.
func (s *Scan) finish(h *host) {
	if s.Curious && len(s.Ports) >= manyPorts && h.onlyReset != nil && s.Base.SourcePort == 0 { // as sweep does
		s.jobs.Add(1)
		s.place.add(h)
		return
	}
	s.end(h)
}

// omit ends hosts that wait for ports that stayed silent, and tells of the rest.
func (s *Scan) omit(targets scan.Targets, silent uint64) {
	s.mu.Lock()
	defer s.out.Release(&s.mu)
	hosts := min(targets.Len(), s.main.Len()) // a shard may have no question to some
	heard := min(s.begun, hosts)
	s.out.Put(func() { s.Omitted(hosts-heard, silent) })
	for _, h := range s.waiting() {
		s.omitRest(h)
	}
}

// omitGroup ends hosts of a group that wait for ports that stayed silent.
func (s *Scan) omitGroup(group uint64) {
	s.mu.Lock()
	defer s.out.Release(&s.mu)
	for _, h := range s.waiting() {
		if g, ok := s.main.HostGroup(h.answer.Addr); ok && g == group {
			s.omitRest(h)
		}
	}
}

// omitRest takes the ports of which there is no result, nor will be, for handed out.
func (s *Scan) omitRest(h *host) {
	silent := h.ports - h.results
	h.results = h.ports
	if h.left -= silent; h.left == 0 && silent > 0 {
		s.finish(h)
	}
}

// waiting lists the hosts that have not been reported, by address. s.mu is held.
func (s *Scan) waiting() []*host {
	left := slices.Collect(maps.Values(s.hosts))
	slices.SortFunc(left, func(a, b *host) int { return a.answer.Addr.Compare(b.answer.Addr) })
	return left
}

// end reports a host and what was found out about it. s.mu is held.
func (s *Scan) end(h *host) {
	h.settle()
	for _, f := range h.findings() {
		s.out.Put(func() { s.Finding(&f) })
	}
	s.out.Put(func() { s.Host(&h.answer, h.ports) })
	delete(s.hosts, h.answer.Addr)
	if s.judges {
		s.ended[h.answer.Addr] = true
	}
}

// rest reports, of a scan that was cut short, what has not been handed out.
func (s *Scan) rest() {
	s.mu.Lock()
	defer s.out.Release(&s.mu)
	for _, h := range s.waiting() {
		for _, p := range slices.Concat(h.held, h.silent) {
			h.mark(&p)
			s.tell(&p)
		}
		s.end(h)
	}
}

// watcher is s.Watcher, and notes ports that say something else than they did before.
func (s *Scan) watcher() scan.Watcher {
	if s.Watcher == nil {
		return contradictions{scan.NoWatcher{}, s}
	}
	return contradictions{s.Watcher, s}
}

type contradictions struct {
	scan.Watcher
	scan *Scan
}

// Later implements scan.Watcher.
func (c contradictions) Later(q probe.Probe, r *probe.Reply) {
	c.Watcher.Later(q, r)
	s := c.scan
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[q.Target]
	if h == nil { // it has been reported
		return
	}
	if open := s.Kind.Classify(q, r).State == probe.Open; open != h.open[q.Port] && !slices.Contains(h.broken, q.Port) {
		h.broken = append(h.broken, q.Port)
	}
}

// canaries is how many ports that nobody uses are asked.
const canaries = 2

// unused picks count ports that nobody uses, beside those that are asked: from the
// range that IANA assigns to nobody (RFC 6335 §6), its upper part, which systems
// do not take client ports from either (Linux: 32768 to 60999).
func unused(ports []uint16, count int) []uint16 {
	var used [1 << 16]bool
	for _, p := range ports {
		used[p] = true
	}
	var list []uint16
	for n := 0; len(list) < count && n < 1000; n++ {
		if p := 61000 + rand.IntN(65536-61000); !used[p] {
			list, used[p] = append(list, uint16(p)), true
		}
	}
	return list
}
