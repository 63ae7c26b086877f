package output

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// kinds are one record of each type.
func kinds() []report.Record {
	return []report.Record{new(report.Scan), new(report.Host), new(report.Port), new(report.Service), new(report.OS), new(report.Hop), new(report.Rewrite), new(report.PathMTU), new(report.Edge), new(report.Round), new(report.Reroute), new(report.Finding),
		new(report.Privilege), new(report.Limit), new(report.Interface), new(report.Route), new(report.Way), new(report.Pair), new(report.Comparison), new(report.Difference), new(report.Differences), new(report.Unmet), new(report.Then),
		new(report.Trial), new(report.Effect), new(report.Conclusion), new(report.End)}
}

// randomRecord is a record of some type with everything in it that a run could
// find out, however odd.
func randomRecord(r *rand.Rand) report.Record {
	all := kinds()
	rec := all[r.IntN(len(all))]
	fill(r, reflect.ValueOf(rec).Elem())
	canonical(rec)
	return rec
}

// fill sets every field of v to something random, pointers and slices included.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case netip.Addr:
		var b [16]byte
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		addrs := []netip.Addr{{}, netip.AddrFrom16(b), netip.AddrFrom4([4]byte(b[:4])), netip.AddrFrom16(b).WithZone(text8(r) + "z"),
			netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 15: b[0]}), netip.IPv6Unspecified(), web, link}
		v.Set(reflect.ValueOf(addrs[r.IntN(len(addrs))]))
		return
	case netip.AddrPort:
		addr, port := netip.Addr{}, uint16(r.Uint32())
		fill(r, reflect.ValueOf(&addr).Elem())
		if r.IntN(3) == 0 {
			port = 0
		}
		v.Set(reflect.ValueOf(netip.AddrPortFrom(known(addr).WithZone(""), port)))
		return
	case report.Fate:
		v.SetUint(uint64(r.IntN(report.Fates)))
		return
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.Uint32())}), r.IntN(33))))
		return
	case probe.State:
		v.SetUint(uint64(r.IntN(report.States)))
		return
	case wire.Role:
		v.SetUint(uint64(r.IntN(4)))
		return
	case probe.Reason:
		v.SetUint(uint64(r.IntN(len(probe.Reasons()))))
		return
	case probe.Data:
		v.SetUint(uint64(r.IntN(int(probe.DataChanged) + 1)))
		return
	case report.Aspect:
		v.SetUint(uint64(r.IntN(len(report.Aspects()))))
		return
	case report.Weakness:
		v.SetUint(uint64(r.IntN(len(report.Weaknesses()) + 1)))
		return
	case probe.Doubt:
		v.SetUint(uint64(r.IntN(len(probe.Doubts()) + 1)))
		return
	case wire.Layer:
		v.SetUint(uint64(r.IntN(int(wire.LayerARP))))
		return
	case time.Time:
		v.Set(reflect.ValueOf([]time.Time{{}, time.Unix(r.Int64N(1<<33), 0), time.Unix(r.Int64N(1<<37), r.Int64N(1e9)), time.Unix(-r.Int64N(1<<35), 0)}[r.IntN(4)]))
		return
	case time.Duration:
		v.SetInt(r.Int64N(1 << uint(1+r.IntN(62))))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 3))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.String:
		v.SetString(text8(r))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int:
		v.SetInt(int64(r.IntN(1 << 16)))
	case reflect.Float64:
		v.SetFloat([]float64{-1, 0, r.Float64(), math.NaN(), math.Inf(1), 1e9 * r.Float64()}[r.IntN(6)])
	default:
		v.SetUint(r.Uint64() >> r.IntN(64) & (1<<v.Type().Bits() - 1))
	}
}

// text8 returns a random string with plenty of what is dangerous, most often of
// bytes that are UTF-8.
func text8(r *rand.Rand) string {
	b := make([]byte, 0, 32)
	for range r.IntN(12) {
		if r.IntN(2) == 0 {
			b = append(b, byte(r.Uint32()))
		} else {
			i := r.IntN(len(hostile))
			b = append(b, hostile[i:min(len(hostile), i+4)]...)
		}
	}
	if s := string(b); utf8.ValidString(s) || r.IntN(3) == 0 {
		return s
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}

// canonical makes of what is random in a record what scan/report says of its
// fields: what another field gives a meaning is zero without that.
func canonical(rec report.Record) {
	switch r := rec.(type) {
	case *report.Scan:
		canonicalTrials(r.Trials)
		r.Time = canonicalTime(r.Time)
		if r.Asked != nil {
			r.Asked.Ports = "22,80-90"
		}
		if r.AlsoAsked != nil {
			r.AlsoAsked.Ports = "53,161-162"
		}
		if r.Shards == 0 || r.Shard == 0 {
			r.Shard, r.Shards = 0, 0
		}
	case *report.Host:
		r.Addr = known(r.Addr)
		r.State = hostStates[int(r.State)%len(hostStates)]
		if !r.Doubt.Middlebox() {
			r.Doubt = probe.NoDoubt
		}
		canonicalVerdict(&r.Verdict)
		canonicalNames(&r.Names)
		for i := range r.Local {
			r.Local[i].Source = report.LocalNameSources()[len(r.Local[i].Name)%3]
		}
	case *report.Port:
		r.Addr = known(r.Addr)
		r.State = portStates[int(r.State)%len(portStates)]
		if r.Doubt.Link() || r.Doubt == probe.Loop { // which is not about a port
			r.Doubt = probe.NoDoubt
		}
		canonicalVerdict(&r.Verdict)
	case *report.Service:
		r.Addr = known(r.Addr)
		canonicalService(r)
	case *report.OS:
		canonicalOS(r)
	case *report.Hop:
		canonicalHop(r)
	case *report.Rewrite:
		r.Addr = known(r.Addr)
		r.By.TTL = max(r.By.TTL, 1)
		if r.After.TTL == 0 {
			r.After.From = netip.Addr{}
		}
		for i := range r.Between {
			r.Between[i] = max(r.Between[i], 1)
		}
	case *report.Edge:
		r.Addr, r.TTL = known(r.Addr), max(r.TTL, 1)
		r.Balancing = append(report.Balancings(), "")[len(r.Balancing)%4]
	case *report.Round, *report.Reroute:
		canonicalRound(rec)
	case *report.PathMTU:
		r.Addr, r.Own = known(r.Addr), max(r.Own, 1)
		canonicalMTU(r)
	case *report.Finding:
		r.Doubt = max(r.Doubt, probe.Canary)
		r.Hops, r.Others = max(r.Hops, 1), max(r.Others, 1)
		if r.Doubt != probe.Nearer {
			r.Hops, r.Others = 0, 0
		}
		r.Every, r.Cost, r.Most = r.Every.Truncate(time.Microsecond), r.Cost.Truncate(100*time.Millisecond), r.Most.Truncate(100*time.Millisecond)
		if r.Doubt != probe.ICMPLimit {
			r.Every, r.Cost, r.Most = 0, 0, 0
		}
		if r.Hop = max(r.Hop, 1); r.Doubt != probe.Loop {
			r.Hop, r.Routers = 0, nil
		}
		for i := range r.Routers {
			r.Routers[i] = known(r.Routers[i])
		}
		for i := range r.Ports {
			r.Ports[i] = max(r.Ports[i], 1)
		}
	case *report.End:
		r.Exit %= 256
		r.Elapsed = r.Elapsed.Truncate(time.Millisecond)
		r.Loss, r.ExpectedMissed = report.Loss(min(r.Loss, 1)), report.Missed(r.ExpectedMissed)
		for s := range report.States { // states that a host or a port cannot have
			if !slices.Contains(hostStates, probe.State(s)) {
				r.Tally.Hosts[s] = 0
			}
			if !slices.Contains(portStates, probe.State(s)) {
				r.Tally.Ports[s] = 0
			}
		}
	case *report.Pair, *report.Comparison:
		canonicalPair(rec)
	case *report.Unmet:
		if !r.Decided {
			*r = report.Unmet{Addr: r.Addr, Name: r.Name, Proto: r.Proto, Port: r.Port, Want: r.Want}
		}
	case *report.Then:
		r.Addr = known(r.Addr)
		if r.Error != "" {
			r.Signal = ""
		}
		if r.Error+r.Signal != "" {
			r.Exit = 0
		}
	case *report.Difference, *report.Differences:
		canonicalDifference(rec)
	case *report.Trial, *report.Effect, *report.Conclusion:
		canonicalTrial(rec)
	default:
		canonicalMachine(rec)
	}
}

// known is an address in the place of none.
func known(a netip.Addr) netip.Addr {
	if !a.IsValid() {
		return web
	}
	return a
}

// canonicalTime is one that RFC 3339 can write.
func canonicalTime(t time.Time) time.Time {
	if t = report.Time(t); t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

func canonicalVerdict(v *report.Verdict) {
	if !v.HasTTL {
		v.TTL = 0
	}
	if v.HasRTT = v.HasRTT && v.Repeat == nil; !v.HasRTT {
		v.RTT = 0
	}
	v.RTT = v.RTT.Truncate(time.Microsecond)
	if v.Repeat != nil {
		v.Repeat.Max = v.Repeat.Max.Truncate(time.Microsecond)
		canonicalRepeat(v.Repeat, v.Repeat.Timed())
		for i := range v.Repeat.Answers {
			a := &v.Repeat.Answers[i]
			a.State, a.From = v.State, known(a.From)
		}
	}
	if v.Reason != probe.ReasonLocalError {
		v.Errno = 0
	}
	canonicalPacket(v.Reply)
}

func canonicalRepeat(n *report.Repeat, timed bool) {
	for _, d := range []*time.Duration{&n.Min, &n.Avg, &n.Max, &n.Deviation, &n.P50, &n.P90, &n.P99} {
		if *d = d.Truncate(time.Microsecond); !timed {
			*d = 0
		}
	}
}

func canonicalNames(n *report.Names) {
	n.Forward = slices.DeleteFunc(n.Forward, func(name string) bool { return name == "" })
	if !n.Looked {
		n.PTR = ""
	}
	n.Differ = n.Differ && n.Looked && n.Name() != ""
}

func canonicalHop(h *report.Hop) {
	h.Addr = known(h.Addr)
	for i := range h.Others {
		h.Others[i] = known(h.Others[i])
	}
	for i := range h.Interfaces {
		h.Interfaces[i].Addr = known(h.Interfaces[i].Addr)
	}
	h.Repeat.Max = h.Repeat.Max.Truncate(time.Microsecond)
	n := &h.Repeat
	h.Repeat = report.Repeat{Sent: n.Sent, Answered: n.Answered, Min: n.Min, Avg: n.Avg, Max: n.Max,
		Deviation: n.Deviation, P50: n.P50, P90: n.P90, P99: n.P99} // which is all that hops have
	if h.AS != nil && len(h.AS.Numbers) == 0 {
		h.AS.Numbers = []uint32{64500}
	}
	if h.Counted != nil {
		canonicalCounted(h.Counted)
	}
	canonicalRepeat(&h.Repeat, h.Repeat.Timed())
	if !h.HasTOS {
		h.TOS = 0
	}
	if h.Proto == "" {
		h.Port = 0
	}
	if h.Reason != probe.ReasonLocalError {
		h.Errno = 0
	}
	canonicalNames(&h.Names)
	canonicalPacket(h.Reply)
}

func canonicalRound(rec report.Record) {
	switch r := rec.(type) {
	case *report.Round:
		r.Addr, r.Number, r.TTL = known(r.Addr), max(r.Number, 1), max(r.TTL, 1)
		r.At, r.RTT = r.At.Truncate(time.Millisecond), r.RTT.Truncate(time.Microsecond)
		if !r.From.IsValid() {
			r.RTT = 0
		}
		if r.Reason != probe.ReasonLocalError {
			r.Errno = 0
		}
	case *report.Reroute:
		r.Addr, r.Number, r.At = known(r.Addr), max(r.Number, 1), r.At.Truncate(time.Millisecond)
		for i := range r.Balanced {
			r.Balanced[i] = max(r.Balanced[i], 1)
		}
	}
}

func canonicalCounted(c *report.Counted) {
	c.Jitter = max(c.Jitter, 0).Truncate(time.Microsecond)
	if c.Missing %= report.MissingUnsure + 1; c.Missing != report.MissingLimited {
		c.PerSecond = 0
	}
	c.PerSecond = max(report.Loss(c.PerSecond), 0)
	if c.Begins != nil {
		c.Begins.Rate = min(max(report.Loss(c.Begins.Rate), 0), 1)
	}
}

// canonicalPacket leaves of p what PacketOf could have copied.
func canonicalPacket(p *report.Packet) {
	if p == nil {
		return
	}
	canonicalIP(&p.IP)
	tcp, icmp, udp, size, match := p.TCP, p.ICMP, p.UDP, p.Size, p.Match
	p.TCP, p.ICMP, p.UDP, p.Size, p.Match = wire.TCP{}, wire.ICMP{}, wire.UDP{}, 0, false
	switch {
	case p.Layer == wire.LayerTCP && p.Seen():
		p.TCP = canonicalTCP(tcp)
	case p.Layer == wire.LayerTCP:
		p.Layer = wire.LayerNone
	case p.Layer == wire.LayerICMP:
		p.ICMP = icmp
		v6 := p.IP.Src.Is6() && p.IP.Proto != wire.ProtoICMP || p.IP.Proto == wire.ProtoICMPv6
		if p.ICMP.Msg = wire.MessageOf(v6, icmp.Type, icmp.Code); report.HasID(p.ICMP.Msg) {
			p.ICMP.Info = 0
		} else {
			p.ICMP.ID, p.ICMP.Seq = 0, 0
		}
	case p.Layer == wire.LayerUDP:
		p.UDP, p.Size, p.Match = udp, size, match
		if !p.Seen() {
			p.UDP = wire.UDP{Src: udp.Src}
		}
	}
	canonicalQuote(&p.Quote)
}

func canonicalQuote(q *wire.Quote) {
	q.Data, q.DataLen = [wire.QuotedData]byte{}, 0
	if q.IP.Src = known(q.IP.Src); q.Len == 0 {
		*q = wire.Quote{}
		return
	}
	q.MPLSLen %= wire.QuotedLabels + 1
	clear(q.MPLS[q.MPLSLen:])
	canonicalIP(&q.IP)
	q.TCP = canonicalTCP(q.TCP)
	if !q.HasPorts {
		q.Src, q.Dst = 0, 0
	}
	if !q.HasSeq {
		q.Seq = 0
	}
	if !q.HasSum {
		q.Sum = 0
	}
	if !q.HasTCP {
		q.TCP = wire.TCP{}
	}
}

func canonicalIP(ip *wire.IP) {
	switch ip.Flow &= 1<<20 - 1; {
	case !ip.Src.IsValid():
		*ip = wire.IP{}
	case !ip.Dst.IsValid():
		*ip = wire.IP{Src: ip.Src, Proto: ip.Proto, TTL: ip.TTL, TOS: ip.TOS}
	case ip.Src.Is4():
		ip.Flow = 0
	default:
		ip.ID, ip.DF = 0, false
	}
}

func canonicalTCP(t wire.TCP) wire.TCP {
	t.OptLen %= 41
	if t.Sum%4 > 0 { // as a rule a header is well-formed
		t.OptLen &^= 3
		options := [...]byte{0, 1, 2, 3, 4, 5, 8}
		for i := range t.Opt {
			t.Opt[i] = options[int(t.Opt[i])%len(options)]
		}
	}
	clear(t.Opt[t.OptLen:])
	return t
}

func canonicalService(s *report.Service) {
	if s.HTTP != nil {
		s.HTTP.Status %= 1000
	}
	if t := s.TLS; t != nil {
		t.NotBefore, t.NotAfter = canonicalTime(t.NotBefore), canonicalTime(t.NotAfter)
		if !t.HasCert() {
			t.Subject, t.Issuer, t.Names, t.SelfSigned = "", "", nil, false
		}
	}
}

func canonicalOS(o *report.OS) {
	share := func(f *float64) { *f = math.Abs(report.Rate(*f)) }
	o.Addr = known(o.Addr)
	share(&o.Unknown)
	for i := range o.Matches {
		m := &o.Matches[i]
		share(&m.Confidence)
		share(&m.InFamily)
		for j := range m.Hints {
			share(&m.Hints[j].Confidence)
		}
		if len(m.Hints) == 0 {
			m.Hints = nil
		}
	}
	for i := range o.Said {
		o.Said[i].Differs = o.Said[i].Differs && !o.Said[i].Agrees
	}
	for i := range o.Apart {
		o.Apart[i].Ports = "22,80-90"
		share(&o.Apart[i].Confidence)
	}
}

// canonicalMachine makes of what is random about this machine something that could
// be found.
func canonicalMachine(rec report.Record) {
	pick := func(s *string, of []string) { *s = of[len(*s)%len(of)] }
	switch r := rec.(type) {
	case *report.Privilege:
		pick(&r.Name, privilegeNames)
		pick(&r.Why, append(grants(), ""))
	case *report.Limit:
		if pick(&r.Name, limitNames); r.Last == 0 {
			r.First, r.Shared = 0, false
		} else {
			r.Value = 0
		}
	case *report.Interface:
		pick(&r.State, ifaceStates)
		pick(&r.Kind, ifaceKinds)
	case *report.Route:
		pick(&r.Kind, routeKinds)
	case *report.Way:
		r.Addr = known(r.Addr)
		pick(&r.State, ifaceStates)
		pick(&r.Kind, ifaceKinds)
		if r.Errno%2 > 0 { // half of them lead somewhere
			w := report.Way{Addr: r.Addr, Last: r.Last, Spare: r.Spare, Name: r.Name, Iface: r.Iface, Index: r.Index, State: r.State, Kind: r.Kind, Errno: r.Errno}
			if *r = w; r.Iface == "" {
				r.Index, r.State, r.Kind = 0, "", ""
			}
			return
		}
		r.Errno = 0
		r.Iface += "0"
		r.Source = known(r.Source)
		pick(&r.TCP, wayMethods)
		pick(&r.UDP, wayMethods)
		pick(&r.Sweep, wayMethods)
		if pick(&r.Neighbour, append(slices.Clone(neighbours), "")); r.Neighbour == "" {
			r.MAC = wire.MAC{}
		}
	}
}

// same is rec with empty lists in the place of none, to be compared.
func same(rec report.Record) report.Record {
	rec = report.Clone(rec)
	fix := func(v reflect.Value) {}
	fix = func(v reflect.Value) {
		switch {
		case v.Kind() == reflect.Slice && v.Len() == 0 && v.CanSet():
			v.SetZero()
		case v.Kind() == reflect.Pointer && !v.IsNil():
			fix(v.Elem())
		case v.Kind() == reflect.Struct && v.CanSet():
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					fix(v.Field(i))
				}
			}
		}
	}
	fix(reflect.ValueOf(rec).Elem())
	return rec
}

func canonicalMTU(m *report.PathMTU) {
	m.Hop.TTL = max(m.Hop.TTL, 1)
	if h := m.Hole; h != nil {
		h.Least, h.By.TTL = max(h.Least, 1), max(h.By.TTL, 1)
		if h.After.TTL == 0 {
			h.After.From = netip.Addr{}
		}
	}
}
