package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	fingerprints "sonde/fingerprint/stack"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/stack"
)

// System says whether and how fp finds out which system a host is.
type System struct {
	Off      bool   `json:"off,omitempty"`
	Database string `json:"database,omitempty"` // TOML or JSON; "": the one that is part of the program
	Sample   bool   `json:"sample,omitempty"`   // what was seen is wanted as a row of a database
}

// systemsAtOnce is how many hosts are asked which system they are at the same time,
// mostShapes how many shapes of answers are kept apart for a host, and mostRefusals of how
// many hosts a closed port is remembered before one was seen open.
const (
	systemsAtOnce = 16
	mostShapes    = 16
	mostRefusals  = 4096
)

// systems asks hosts which system they are, beside the scan that finds their ports, and
// the conversations with these.
type systems struct {
	*fpScan
	database *fingerprints.Database
	room     *semaphore.Weighted

	mu       sync.Mutex
	hosts    map[netip.Addr]*systemOf
	refusals map[netip.Addr]uint16          // a closed port of hosts whose ports are being asked
	talks    map[netip.Addr]*sync.WaitGroup // conversations with a host
}

// systemOf is what the scan of its ports tells of a host meanwhile.
type systemOf struct {
	first  uint16 // the port that is asked
	shapes []shape
	said   []report.OSWord
	closed uint16        // a port that is closed, when all ports are in; 0: none is
	over   chan struct{} // closed when all ports are in
	ttl    uint8         // with which it answers, where nobody asks
}

// shape is how some ports of a host answer.
type shape struct {
	features fingerprints.Features
	text     string
	ports    []uint16
}

// newSystems returns nil where systems are not asked, and says why where that was not
// wanted.
func newSystems(f *fpScan) (*systems, error) {
	s := f.spec.System
	switch {
	case s.Off || f.scan.Source.IsValid():
		return nil, nil
	case !f.network.Raw():
		if f.spec.Way.Via == "" { // else it was wanted so
			f.note("which systems these are is not told: that takes packets of our own, which need root or cap_net_raw")
		}
		return nil, nil
	}
	y := &systems{fpScan: f, room: semaphore.NewWeighted(systemsAtOnce), hosts: map[netip.Addr]*systemOf{}, refusals: map[netip.Addr]uint16{}, talks: map[netip.Addr]*sync.WaitGroup{}}
	if s.Database == "" {
		y.database = fingerprints.Builtin()
		return y, nil
	}
	d, err := fingerprints.Read([]byte(s.Database))
	if err != nil {
		return nil, Usage("--os-db: %w", err)
	}
	y.database = d
	return y, nil
}

// ReadDatabase reads the file of --os-db, if it has a name.
func (y *System) ReadDatabase(name string) error {
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return Usage("--os-db: %w", err)
	}
	y.Database = string(text)
	return nil
}

// systemRules are what must not be said about systems.
func (s *Spec) systemRules() []rule {
	_, err := fingerprints.Read([]byte(s.System.Database))
	given := s.first("os-db", "os-sample")
	return []rule{
		{s.System.Off && given != "", "--" + given + " and --no-os exclude each other"},
		{s.Way.Via == "connect" && given != "", "--" + given + ": --via connect lets the kernel ask, and its packets tell no system"},
		{s.System.Database != "" && err != nil, fmt.Sprintf("--os-db: %v", err)},
	}
}

// open takes a port that was just found open; the first of a host has it asked.
func (y *systems) open(ctx context.Context, res *scan.Result) {
	if y == nil {
		return
	}
	addr, port := res.Probe.Target, res.Probe.Port
	y.mu.Lock()
	h := y.hosts[addr]
	first := h == nil
	if first {
		h = &systemOf{first: port, over: make(chan struct{})}
		y.hosts[addr] = h
	}
	if y.spec.Packet.TCPOptions == "" { // others tell something else of the stack
		h.took(port, &res.Reply)
	}
	y.mu.Unlock()
	if first {
		rtt := max(res.RTT, 0)
		y.wg.Go(func() { y.ask(ctx, addr, h, rtt) })
	}
}

// took notes how a port answers.
func (h *systemOf) took(port uint16, r *probe.Reply) {
	f := stack.Shape(r)
	text := fmt.Sprintf("options %s, window %s, TTL %s", f[fingerprints.SynOptions], f[fingerprints.SynWindow], f[fingerprints.IPTTL])
	at := slices.IndexFunc(h.shapes, func(s shape) bool { return s.text == text && s.features[fingerprints.IPDF] == f[fingerprints.IPDF] })
	switch {
	case len(f) == 0 || at < 0 && len(h.shapes) == mostShapes:
	case at < 0:
		h.shapes = append(h.shapes, shape{f, text, []uint16{port}})
	default:
		h.shapes[at].ports = append(h.shapes[at].ports, port)
	}
}

// closed takes a port that was found closed.
func (y *systems) closed(addr netip.Addr, port uint16) {
	if y == nil {
		return
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.refusals) < mostRefusals || y.hosts[addr] != nil {
		y.refusals[addr] = port
	}
}

// said takes what a service says of the system that it was built for.
func (y *systems) said(port netip.AddrPort, text string) {
	if y == nil || text == "" {
		return
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if h := y.hosts[port.Addr()]; h != nil && len(h.said) < mostShapes {
		h.said = append(h.said, report.OSWord{Port: port.Port(), Text: text})
	}
}

// over notes that all ports of a host are in. It tells whether the host is asked.
func (y *systems) over(addr netip.Addr) bool {
	if y == nil {
		return false
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	h := y.hosts[addr]
	if h != nil {
		h.closed = y.refusals[addr]
		close(h.over)
	}
	delete(y.refusals, addr)
	return h != nil
}

// ask asks a host which system it is, and puts what that comes to when its ports are all
// in, with what they have said until then: most have said it all.
func (y *systems) ask(ctx context.Context, addr netip.Addr, h *systemOf, rtt time.Duration) {
	if y.room.Acquire(ctx, 1) != nil {
		return
	}
	leave := sync.OnceFunc(func() { y.room.Release(1) })
	defer leave()
	c := stack.Config{Target: addr, Open: h.first, Closed: y.unused(), RTT: rtt, Guarded: y.network.GuardsRST}
	answers, stats, err := stack.Run(ctx, y.engine, y.base(), c)
	select {
	case <-h.over:
	case <-ctx.Done():
	}
	if ctx.Err() == nil {
		more, err2 := y.again(ctx, h, &c, &answers)
		stats, err = stats.Plus(more), errors.Join(err, err2)
		leave() // others may be asked meanwhile
		y.heardAll(ctx, addr)
	}
	y.fpScan.mu.Lock()
	y.stats = y.stats.Plus(stats)
	y.err = errors.Join(y.err, err)
	y.fpScan.mu.Unlock()
	y.mu.Lock()
	r := y.record(addr, h, answers, ctx.Err() != nil)
	y.mu.Unlock()
	y.put(ctx, r)
}

// again asks what is worth it when all ports are in: another port where more of them
// answer as that does than as the first one did, which somebody else may answer; and a
// port that is closed where the one that nobody uses is filtered.
func (y *systems) again(ctx context.Context, h *systemOf, c *stack.Config, answers **stack.Answers) (stats scan.Stats, err error) {
	stats = scan.NoStats()
	y.mu.Lock()
	usual, closed := h.usual(), h.closed
	y.mu.Unlock()
	if usual != h.first {
		h.first, c.Open = usual, usual
		*answers, stats, err = stack.Run(ctx, y.engine, y.base(), *c)
	}
	if closed != 0 && !(*answers).Refused() {
		c.Closed = closed
		more, err2 := (*answers).AskClosed(ctx, y.engine, y.base(), *c)
		stats, err = stats.Plus(more), errors.Join(err, err2)
	}
	return stats, err
}

// usual is a port that answers as most do: the first, if as many do as that.
func (h *systemOf) usual() uint16 {
	most, port := 0, h.first
	for i := range h.shapes {
		if s := &h.shapes[i]; slices.Contains(s.ports, h.first) {
			most = len(s.ports)
		}
	}
	for i := range h.shapes {
		if s := &h.shapes[i]; most > 0 && len(s.ports) > most {
			most, port = len(s.ports), s.ports[0]
		}
	}
	return port
}

// unused picks a port that nobody uses, beside those that are asked, from the upper part of
// the range that IANA assigns to nobody (RFC 6335 section 6).
func (y *systems) unused() uint16 {
	for {
		if p := uint16(61000 + rand.IntN(65536-61000)); !slices.Contains(y.asked.ports, p) || len(y.asked.ports) > 60000 {
			return p
		}
	}
}

// record is what answers come to. y.mu is held.
func (y *systems) record(addr netip.Addr, h *systemOf, answers *stack.Answers, cut bool) *report.OS {
	features := answers.Features()
	v := y.database.Judge(features)
	r := systemRecord(addr, v, features, answers.TTL())
	if v.Match == nil {
		r.Why = why(v, answers, cut)
	}
	for _, w := range h.said {
		if m, named := v.Match, y.database.Named(w.Text); m != nil {
			w.Agrees, w.Differs = named == m.Key, y.database.Contradicts(named, m.Key)
		}
		r.Said = append(r.Said, w)
	}
	slices.SortFunc(r.Said, func(a, b report.OSWord) int { return int(a.Port) - int(b.Port) })
	r.Apart = y.apart(h, v)
	if y.spec.System.Sample {
		r.Sample = fingerprints.Sample(features)
	}
	return r
}

// systemRecord is what a verdict comes to, of a host whose answers arrive with this TTL; 0:
// it is not known.
func systemRecord(addr netip.Addr, v *fingerprints.Verdict, f fingerprints.Features, ttl uint8) *report.OS {
	r := &report.OS{Addr: addr, Unknown: report.Rate(v.Unknown), Seen: uint32(v.Seen), Features: fingerprints.List(f)}
	if ttl > 0 {
		r.Hops = wire.Hops(ttl)
	}
	if v.Match == nil {
		return r
	}
	for _, one := range v.For {
		r.For = append(r.For, one.String())
	}
	for _, one := range v.Against {
		r.Against = append(r.Against, one.String())
	}
	r.Matches = append(r.Matches, matchOf(v.Match))
	for _, o := range v.Others {
		r.Matches = append(r.Matches, report.OSMatch{Name: o.Name, Family: o.Name, Confidence: report.Rate(o.Confidence), InFamily: report.Rate(o.Confidence)})
	}
	return r
}

func matchOf(m *fingerprints.Match) report.OSMatch {
	r := report.OSMatch{Name: m.Name, Family: m.Family, Generation: m.Generation, Confidence: report.Rate(m.Confidence), InFamily: report.Rate(m.InFamily),
		CPE: m.CPE, Device: m.Device, Unverified: m.Unverified}
	for _, hint := range m.Hints {
		r.Hints = append(r.Hints, report.OSHint{Name: hint.Name, Confidence: report.Rate(hint.Confidence)})
	}
	return r
}

// why says why a system is not known.
func why(v *fingerprints.Verdict, answers *stack.Answers, cut bool) string {
	var may []string
	for _, o := range v.Others {
		if o.Confidence >= v.Unknown/4 {
			may = append(may, fmt.Sprintf("%s %d %%", o.Name, int(o.Confidence*100)))
		}
	}
	switch {
	case answers.Heard() == 0 && cut:
		return "the run ended before it was asked"
	case answers.Heard() == 0:
		return "nothing of what tells systems apart was answered"
	case len(may) > 0 && v.Unknown < 0.5:
		return "it may be " + strings.Join(may, ", ")
	}
	return "it answers as no system does that is known here"
}

// apart lists ports whose SYN-ACKs are not of the stack that v is about.
func (y *systems) apart(h *systemOf, v *fingerprints.Verdict) (list []report.OSPorts) {
	own := slices.IndexFunc(h.shapes, func(s shape) bool { return slices.Contains(s.ports, h.first) })
	for i := range h.shapes {
		s := &h.shapes[i]
		if i == own || own < 0 {
			continue
		}
		if sameWay(s.features, h.shapes[own].features) || v.Match != nil && y.database.Fits(v.Match.Key, s.features) {
			continue
		}
		other := y.database.Judge(s.features)
		p := report.OSPorts{Ports: report.PortRanges(s.ports), Evidence: s.text}
		if m := other.Match; m != nil {
			p.Name, p.Confidence = m.Name, report.Rate(m.Confidence)
		}
		list = append(list, p)
	}
	return list
}

// sameWay tells whether two SYN-ACKs differ in nothing that a stack does not do otherwise
// for each port: servers choose windows.
func sameWay(a, b fingerprints.Features) bool {
	for _, name := range []string{fingerprints.SynOptions, fingerprints.IPTTL, fingerprints.IPDF} {
		if a[name] != b[name] {
			return false
		}
	}
	return true
}
