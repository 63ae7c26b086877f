package diff

import (
	"net/netip"
	"slices"
	"strings"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// Side is all that is known of a run, or of several whose records are one behind the other:
// shards, or a run and what went on from it. It is one of a Pair.
type Side struct {
	facts          facts
	values, protos *words // those of the Pair

	runs     []run
	tries    map[path]*counts // what answered questions tell of loss
	balanced map[way]uint8    // of each way the first hop for which several routers answered
	reached  map[way]uint8    // and the hop at which the target did
	ways     map[way]bool
	hosts    map[netip.Addr]bool     // of which there are records; true: of ports, too
	open     map[netip.Addr][]uint16 // ports that are open, of few hosts and few ports
	records  uint64
	unread   uint64
}

// run is one run of a side.
type run struct {
	report.Scan
	line
	asked map[string]map[uint16]bool // the ports of each protocol
	end   *report.End                // nil: it has none
}

// way is the way to a target by packets of a protocol.
type way struct {
	to    netip.Addr
	proto string
}

// words are strings, each of which is there once.
type words struct {
	list  []string
	index map[string]uint32
	bytes int
}

// maxWords is how many bytes all words of a Pair may have.
const maxWords = 256 << 20

func (w *words) of(s string) (uint32, error) {
	if i, ok := w.index[s]; ok {
		return i, nil
	}
	if w.bytes += len(s); w.bytes > maxWords {
		return 0, errTooMuch
	}
	if w.index == nil {
		w.index = map[string]uint32{}
	}
	i := uint32(len(w.list))
	s = strings.Clone(s)
	w.list, w.index[s] = append(w.list, s), i
	return i, nil
}

// Put takes a record, of which it keeps nothing. Its error is that there are too many.
func (s *Side) Put(r report.Record) error {
	s.records++
	switch r := r.(type) {
	case *report.Scan:
		s.begin(r)
	case *report.End:
		if len(s.runs) > 0 {
			end := *r
			s.runs[len(s.runs)-1].end = &end
		}
	case *report.Host:
		return s.host(r)
	case *report.Port:
		return s.port(r)
	case *report.Service:
		return s.service(r)
	case *report.Hop:
		return s.hop(r)
	case *report.Finding:
		if r.Addr.IsValid() && !r.Doubt.Silence() {
			return s.fact(fact{addr: r.Addr, what: report.AFinding, grade: guessed}, r.Proto, r.Doubt.String())
		}
	case *report.Rewrite:
	default:
		s.unread++
	}
	return nil
}

func (s *Side) begin(r *report.Scan) {
	c := run{Scan: *report.Clone(r).(*report.Scan), line: readLine(r.Args)}
	c.asked = map[string]map[uint16]bool{}
	for _, a := range []*report.Asked{r.Asked, r.AlsoAsked} {
		if a == nil {
			continue
		}
		c.asked[a.Proto] = map[uint16]bool{}
		for p := range portsOf(a.Ports) {
			c.asked[a.Proto][p] = true
		}
	}
	s.runs = append(s.runs, c)
}

// fact keeps a fact.
func (s *Side) fact(f fact, proto, value string) error {
	p, err := s.protos.of(proto)
	v, err2 := s.values.of(value)
	if err != nil || err2 != nil || p > 255 { // of protocols there are three
		return errTooMuch
	}
	f.proto, f.value, f.last = uint8(p), v, f.first
	return s.facts.add(f)
}

// know notes that there are records of a host, and whether of its ports.
func (s *Side) know(addr netip.Addr, ports bool) error {
	if s.hosts == nil {
		s.hosts = map[netip.Addr]bool{}
	}
	if len(s.hosts) > maxFacts {
		return errTooMuch
	}
	s.hosts[addr] = s.hosts[addr] || ports
	return nil
}

func (s *Side) host(r *report.Host) error {
	if err := s.know(r.Addr, false); err != nil {
		return err
	}
	g := gradeOf(&r.Verdict)
	if r.State == probe.NotTested {
		g = undecided
	}
	if r.State == probe.Up && g == silent {
		g = doubtful // nobody says why
	}
	s.learn(pingPath(r.Addr, r.Reason), &r.Verdict, g)
	if err := s.fact(fact{addr: r.Addr, what: report.AHost, reason: r.Reason, grade: g, tries: triesOf(&r.Verdict, g)}, "", r.State.String()); err != nil {
		return err
	}
	if r.PTR != "" {
		if err := s.fact(fact{addr: r.Addr, what: report.AName, grade: proven}, "", r.PTR); err != nil {
			return err
		}
	}
	if r.MAC != (wire.MAC{}) {
		return s.fact(fact{addr: r.Addr, what: report.AMAC, grade: proven}, "", macText(r.MAC))
	}
	return nil
}

func (s *Side) port(r *report.Port) error {
	g := gradeOf(&r.Verdict)
	if r.State == probe.Unknown {
		g = undecided
	}
	s.learn(path{r.Addr, r.Proto}, &r.Verdict, g)
	if err := s.know(r.Addr, true); err != nil {
		return err
	}
	if r.State == probe.Open {
		s.opened(r.Addr, r.Port)
	}
	return s.fact(fact{addr: r.Addr, what: report.APort, first: r.Port, reason: r.Reason, grade: g, tries: triesOf(&r.Verdict, g)}, r.Proto, r.State.String())
}

// opened notes some of the ports that are open, to be told of a host that is new.
func (s *Side) opened(addr netip.Addr, port uint16) {
	const most, hosts = 1000, 1 << 17
	if s.open == nil {
		s.open = map[netip.Addr][]uint16{}
	}
	if list := s.open[addr]; len(list) < most && (list != nil || len(s.open) < hosts) {
		s.open[addr] = append(list, port)
	}
}

// service takes what a port says of itself, each word of which is a fact.
func (s *Side) service(r *report.Service) error {
	f := fact{addr: r.Addr, first: r.Port, grade: proven}
	if r.Cut != "" {
		f.grade = doubtful
	}
	name := r.Service
	if inner, ok := report.WithinTLS(name); ok {
		name = inner
	}
	product := strings.Join(slices.DeleteFunc([]string{r.Product, r.Version, r.Info}, func(w string) bool { return w == "" }), " ")
	system := f
	if r.Port == 0 {
		system.grade = guessed
	}
	for _, of := range []struct {
		fact
		what  report.Aspect
		value string
	}{{f, report.AService, name}, {f, report.AProduct, product}, {system, report.ASystem, r.OS}} {
		of.fact.what = of.what
		if of.value == "" && (r.Port == 0 || of.what == report.ASystem) {
			continue
		}
		if of.value == "" {
			of.fact.grade = silent // it was asked, and did not say
		}
		if err := s.fact(of.fact, r.Proto, of.value); err != nil {
			return err
		}
	}
	return nil
}

func (s *Side) hop(r *report.Hop) error {
	if err := s.know(r.Addr, false); err != nil {
		return err
	}
	w := way{r.Addr, r.Proto}
	if w.proto == "" && len(s.runs) > 0 {
		if t := s.runs[len(s.runs)-1].Trace; t != nil {
			w.proto = t.Proto
		}
	}
	if s.balanced == nil {
		s.balanced, s.reached, s.ways = map[way]uint8{}, map[way]uint8{}, map[way]bool{}
	}
	if s.ways[w] = true; len(s.ways) > maxFacts {
		return errTooMuch
	}
	f := fact{addr: r.Addr, what: report.AHop, first: uint16(r.TTL), grade: proven, reason: probe.NoResponse}
	if !r.From.IsValid() {
		if f.grade = silent; r.Reason == probe.ReasonLocalError {
			f.grade = undecided
		}
		return s.fact(f, w.proto, "")
	}
	routers := []string{r.From.WithZone("").String()}
	for _, a := range r.Others {
		routers = append(routers, a.WithZone("").String())
	}
	slices.Sort(routers)
	routers = slices.Compact(routers)
	if at, ok := s.balanced[w]; len(routers) > 1 && (!ok || r.TTL < at) {
		s.balanced[w] = r.TTL
	}
	if at, ok := s.reached[w]; (r.Reached || r.From.WithZone("") == r.Addr.WithZone("")) && (!ok || r.TTL < at) {
		s.reached[w] = r.TTL
	}
	return s.fact(f, w.proto, strings.Join(routers, " "))
}

func macText(m wire.MAC) string {
	const digits = "0123456789abcdef"
	var b []byte
	for i, v := range m {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, digits[v>>4], digits[v&15])
	}
	return string(b)
}
