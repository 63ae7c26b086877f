package output

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sonde/probe"
	"sonde/scan"
)

// ef is the TOS byte that the routes of these tests are traced with.
const ef = 46 << 2

// aHop is a Hop record of the way to target; times are in microseconds, and
// without times it is silent.
func aHop(target, from netip.Addr, n uint8, micros ...int64) Record {
	r := Record{Type: Hop, Addr: target, From: from, Hop: n, Tries: 3, Repeat: &Repeat{Sent: 3}}
	if len(micros) == 3 {
		r.Reason = probe.TimeExceeded
		r.Repeat.Answered = 3
		for i, d := range []*time.Duration{&r.Repeat.Min, &r.Repeat.Avg, &r.Repeat.Max} {
			*d = time.Duration(micros[i]) * time.Microsecond
		}
	}
	return r
}

// quoting says what TOS byte the hop quotes.
func quoting(r Record, sent, seen uint8) Record {
	r.HasTOS, r.Visible, r.SentTOS, r.SeenTOS, r.Quoted = true, true, sent, seen, 60
	return r
}

func reached(r Record, s probe.State, why probe.Reason) Record {
	r.Reached, r.State, r.Reason = true, s, why
	return r
}

var (
	r1    = netip.MustParseAddr("10.1.0.2")
	r2    = netip.MustParseAddr("10.9.0.2")
	there = netip.MustParseAddr("10.2.0.10")
)

// wiped is a way on which the second router wipes the DSCP.
func wiped() []Record {
	return []Record{
		aHop(there, netip.Addr{}, 3),
		quoting(aHop(there, r1, 1, 50, 60, 80), ef, ef),
		quoting(aHop(there, r2, 2, 110, 120, 150), ef, 0),
		reached(aHop(there, there, 4, 200, 210, 250), probe.Open, probe.SynAck),
	}
}

func routeScenarios() []scenario {
	end := func(sent, received uint64, code int, why string) End {
		return End{Stats: scan.Stats{Complete: true, Sent: sent, Received: received, Elapsed: 300 * time.Millisecond, Loss: -1, ExpectedMissed: -1},
			Exit: code, ExitReason: why}
	}
	with := func(r Record, f func(r *Record)) Record { f(&r); return r }
	byUDP := &Trace{Proto: "udp", Port: 33434, MaxTTL: 30, TOS: ef | 2}
	v6 := netip.MustParseAddr("2001:db8:1::1")

	refused := []Record{
		quoting(aHop(there, r1, 1, 50, 60, 80), 0, 0),
		with(aHop(there, r2, 2, 110, 120, 150), func(r *Record) { r.Reason = probe.AdminProhibited; r.State = probe.Filtered }),
	}
	for n := uint8(3); n <= 12; n++ {
		refused = append(refused, aHop(there, netip.Addr{}, n))
	}
	h := quoting(aHop(there, r1, 1, 50, 60, 80), ef, 0)
	h.Names, h.PTR, h.Looked, h.Proto = []string{hostile}, hostile, true, hostile
	h.Changes = []Change{{hostile, hostile, hostile}, {"dscp", "said", "twice"}}
	h.From = h.From.WithZone("")
	return []scenario{
		{
			name: "trace", meta: Meta{Command: "trace", Probes: 90, Addresses: 1, Trace: &Trace{Proto: "tcp", Port: 80, MaxTTL: 30, TOS: ef}},
			records: wiped(), end: end(12, 9, 0, "reached"),
		},
		{ // IPv6, names, ECN, options, loss, several ways; what the target quotes tells what the last router did
			name: "trace-v6", meta: Meta{Command: "trace", Probes: 90, Trace: byUDP, Verbose: true},
			records: []Record{
				with(quoting(aHop(six, v6, 1, 50, 60, 80), ef|2, ef|2), func(r *Record) {
					r.PTR, r.Looked, r.Others, r.Quoted, r.Repeat.Answered = "gw.example", true, []netip.Addr{link}, 1232, 2
				}),
				with(quoting(aHop(six, v6.Next(), 2, 11000, 123456, 150000), ef|2, ef|2), func(r *Record) {
					r.Looked, r.Changes = true, []Change{{"mss", "1460", "1400"}, {"dscp", "told", "by the TOS byte"}}
				}),
				with(aHop(six, v6.Next().Next(), 3, 0, 0, 0), func(r *Record) { r.Looked, r.Quoted = true, 8 }),
				with(reached(quoting(aHop(six, six, 4, 300, 300, 300), ef|2, 10<<2|3), probe.Closed, probe.PortUnreach), func(r *Record) {
					r.Names, r.Looked, r.Repeat.Answered, r.Hops = []string{"host.example"}, true, 1, 4
				}),
				aHop(there, netip.Addr{}, 1),
				{Type: Hop, Addr: there, Hop: 2, Reason: probe.ReasonLocalError, Errno: 113, Hops: 2, Repeat: &Repeat{}},
			},
			end: end(14, 7, 0, "reached"),
		},
		{
			name: "trace-refused", meta: Meta{Command: "trace", Trace: &Trace{Proto: "icmp", MaxTTL: 12}},
			records: refused, end: end(36, 6, 1, "admin-prohibited"),
		},
		{
			name: "trace-silent", meta: Meta{Command: "trace", Trace: &Trace{Proto: "icmp", MaxTTL: 1}},
			records: []Record{aHop(there, netip.Addr{}, 1)}, end: end(3, 0, 3, "silence"),
		},
		{
			name: "trace-hostile", meta: Meta{Command: "trace", Trace: &Trace{Proto: hostile, Port: 7, MaxTTL: 255, TOS: 255}},
			records: []Record{h}, end: end(3, 3, 3, "silence"),
		},
	}
}

// The line that scripts rely on, and what stands in it beside.
func TestJSONHopAsPromised(t *testing.T) {
	f := new(JSON)
	f.AppendBegin(nil, &Meta{})
	r := quoting(aHop(there, r2, 2, 100, 100, 200), ef, 0)
	const want = `{"type":"hop","addr":"10.2.0.10","ttl":2,"from":"10.9.0.2","sent":3,"received":3,"rtt_ms":{"min":0.1,"avg":0.1,"max":0.2},"quoted":60,` +
		`"changes":[{"field":"dscp","sent":"ef","seen":"cs0"}],"dscp":"cs0","ecn":0,"visible":true}` + "\n"
	if diff := cmp.Diff(want, string(f.AppendRecord(nil, &r))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	r = aHop(there, netip.Addr{}, 3)
	const silent = `{"type":"hop","addr":"10.2.0.10","ttl":3,"sent":3,"received":0}` + "\n"
	if diff := cmp.Diff(silent, string(f.AppendRecord(nil, &r))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTextTraceAsPromised(t *testing.T) {
	const want = `trace to 10.2.0.10 by tcp 80, dscp ef, 30 hops at most

HOP  ADDRESS    RTT (ms)             DSCP
  1  10.1.0.2   0.05 / 0.06 / 0.08   ef
  2  10.9.0.2   0.11 / 0.12 / 0.15   ef → cs0     changed at or before this hop
  3  *          no answer (3 asked)
  4  10.2.0.10  0.20 / 0.21 / 0.25   not visible  reached: syn-ack

dscp ef was changed to cs0 at or before hop 2 (10.9.0.2); hop 1 (10.1.0.2) still saw ef

4 hops, reached. 12 packets sent, 9 answers, 0.3 s
`
	s := routeScenarios()[0]
	if diff := cmp.Diff(want, s.render(new(Text))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A change is told where it is first seen; one back to what was sent too; what
// is not visible tells nothing.
func TestFindings(t *testing.T) {
	seen := func(n uint8, tos uint8) Record { return quoting(aHop(there, r1, n, 1, 1, 1), ef, tos) }
	blind := func(n uint8) Record { return aHop(there, r1, n, 1, 1, 1) }
	for _, test := range []struct {
		name string
		hops []Record
		want []string // parts, one for each finding
	}{
		{"nothing", []Record{seen(1, ef), seen(2, ef)}, nil},
		{"nothing visible", []Record{blind(1), blind(2)}, nil},
		{"first hop", []Record{seen(1, 0), seen(2, 0)}, []string{"dscp ef was changed to cs0 at or before hop 1 (10.1.0.2)"}},
		{"behind a gap", []Record{seen(1, ef), blind(2), seen(3, 0)}, []string{"cs0 at or before hop 3 (10.1.0.2); hop 1 (10.1.0.2) still saw ef"}},
		{"twice", []Record{seen(1, 0), seen(2, 10<<2)}, []string{"ef was changed to cs0 at or before hop 1", "cs0 was changed to af11 at or before hop 2"}},
		{"and back", []Record{seen(1, 0), seen(2, ef)}, []string{"ef was changed to cs0", "cs0 was changed to ef at or before hop 2"}},
		{"ecn", []Record{seen(1, ef|3)}, []string{"ecn not-ect was changed to ce"}},
		{"both", []Record{seen(1, 3)}, []string{"dscp ef", "ecn not-ect"}},
	} {
		way := newPath(test.hops)
		for i := range test.hops {
			way.see(&test.hops[i])
		}
		if len(way.findings) != len(test.want) {
			t.Errorf("%s: %q", test.name, way.findings)
			continue
		}
		for i, part := range test.want {
			if !strings.Contains(way.findings[i], part) {
				t.Errorf("%s: %q, want %q", test.name, way.findings[i], part)
			}
		}
	}
}

// A route is written when all its hops are there, before the run ends, in
// whatever order they come.
func TestTextWaitsForRoute(t *testing.T) {
	f := new(Text)
	f.AppendBegin(nil, &Meta{Trace: &Trace{Proto: "icmp", MaxTTL: 30}})
	for i, r := range wiped() {
		r.Hops = 4
		out := string(f.AppendRecord(nil, &r))
		if (out != "") != (i == 3) {
			t.Errorf("after %d hops: %q", i+1, out)
		}
	}
	if len(f.blocks) != 0 {
		t.Error("a complete route is kept")
	}
}

// What a format keeps is its own: the caller reuses the record.
func TestTextHopBorrowsNothing(t *testing.T) {
	f := new(Text)
	f.AppendBegin(nil, &Meta{Trace: &Trace{Proto: "icmp", MaxTTL: 30}})
	r := quoting(aHop(there, r1, 1, 1000, 1000, 1000), 0, 0)
	r.Names, r.Others, r.Changes = []string{"mine"}, []netip.Addr{r2}, []Change{{"mss", "1460", "1400"}}
	f.AppendRecord(nil, &r)
	r.Names[0], r.Others[0], r.Changes[0].Seen, r.Repeat.Avg = "changed", there, "changed", time.Hour
	out := string(f.AppendEnd(nil, &End{}))
	for _, part := range []string{"mine", "also 10.9.0.2", "mss 1460 → 1400", "1.00 / 1.00 / 1.00"} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in\n%s", part, out)
		}
	}
}

// A route that comes after its host was written is not lost.
func TestTextLateRoute(t *testing.T) {
	f := new(Text)
	b := f.AppendBegin(nil, &Meta{Ports: 1, Services: true})
	port := openPort(80, "http")
	said := service(80, "http", nil)
	hop := quoting(aHop(there, r1, 1, 1000, 1000, 1000), 0, 0)
	for _, r := range []*Record{{Type: Host, Addr: there, State: probe.Up, Ports: 1}, &port, &said, &hop} {
		b = f.AppendRecord(b, r)
	}
	out := string(f.AppendEnd(b, &End{}))
	if strings.Contains(out, "not decided") || !strings.Contains(out, "trace to 10.2.0.10\n\nHOP") || !strings.Contains(out, "10.1.0.2") {
		t.Error(out)
	}
}
