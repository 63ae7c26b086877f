package output

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// ef is the TOS byte that the routes of these tests are traced with.
const ef = 46 << 2

// aHop is a Hop record of the way to target; times are in microseconds, and
// without times it is silent.
func aHop(target, from netip.Addr, n uint8, micros ...int64) *report.Hop {
	r := &report.Hop{Addr: target, From: from, TTL: n, Repeat: report.Repeat{Sent: 3}}
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
func quoting(r *report.Hop, sent, seen uint8) *report.Hop {
	r.HasTOS, r.Visible, r.TOS, r.Quoted = true, true, seen, 60
	if was, is := wire.DSCPName(sent>>2), wire.DSCPName(seen>>2); was != is {
		r.Changes = append(r.Changes, report.Change{Field: "dscp", Sent: was, Seen: is})
	}
	if was, is := wire.ECNName(sent), wire.ECNName(seen); was != is {
		r.Changes = append(r.Changes, report.Change{Field: "ecn", Sent: was, Seen: is})
	}
	return r
}

// counted says what came of a hundred questions, so many of which were answered.
func counted(r *report.Hop, answered uint32, c report.Counted) *report.Hop {
	r.Counted, r.Repeat.Sent, r.Repeat.Answered = &c, 100, answered
	if answered > 0 {
		r.Repeat.P50, r.Repeat.P90, r.Repeat.P99 = r.Repeat.Avg, r.Repeat.Max, r.Repeat.Max
	}
	return r
}

func reached(r *report.Hop, s probe.State, why probe.Reason) *report.Hop {
	r.Reached, r.State, r.Reason = true, s, why
	return r
}

var (
	r1    = netip.MustParseAddr("10.1.0.2")
	r2    = netip.MustParseAddr("10.9.0.2")
	there = netip.MustParseAddr("10.2.0.10")
)

// wipe is where the second router wipes the DSCP of wiped.
func wipe() *report.Rewrite {
	return &report.Rewrite{Addr: there, Field: "dscp", From: "ef", To: "cs0", After: report.HopAt{TTL: 1, From: r1}, By: report.HopAt{TTL: 2, From: r2}}
}

// wiped is a way on which the second router wipes the DSCP.
func wiped() []*report.Hop {
	return []*report.Hop{
		aHop(there, netip.Addr{}, 3),
		quoting(aHop(there, r1, 1, 50, 60, 80), ef, ef),
		quoting(aHop(there, r2, 2, 110, 120, 150), ef, 0),
		reached(aHop(there, there, 4, 200, 210, 250), probe.Open, probe.SynAck),
	}
}

// watched is a watched trace: rounds, ways that change, and hops at its end.
func watched(end report.End) scenario {
	at := func(number uint32, hops ...report.Round) (list []report.Record) {
		for i := range hops {
			r := &hops[i]
			r.Addr, r.Number, r.At = there, number, time.Duration(number-1)*time.Second
			r.TTL, r.Last = uint8(i)+1, uint8(len(hops))
			list = append(list, r)
		}
		return list
	}
	hop := func(from netip.Addr, micros int) report.Round {
		return report.Round{From: from, RTT: time.Duration(micros) * time.Microsecond, Reached: from == there, Reason: probe.TimeExceeded}
	}
	lost := report.Round{}
	shared := hop(r1, 50)
	shared.AsTo = there.Next()
	failed := report.Round{Reason: probe.ReasonLocalError, Errno: 113}
	echo := hop(there, 300)
	echo.Reason = probe.EchoReply
	refuses := hop(r1, 60)
	refuses.Reason = probe.HostUnreach
	v6 := netip.MustParseAddr("fe80::2%eth0")
	s := scenario{name: "trace-watch", scan: report.Scan{Command: "trace", Addresses: 2, Trace: &report.Trace{Proto: "icmp", MaxTTL: 30}}, end: end}
	s.records = append(s.records, at(1, hop(r1, 50), hop(r2, 110), echo)...)
	s.records = append(s.records, at(2, hop(r1, 0), lost, echo)...)
	s.records = append(s.records, &report.Reroute{Addr: there, Number: 21, At: 20 * time.Second, Was: []netip.Addr{r1, r2, there}, Now: []netip.Addr{r1, r2.Next(), there}})
	s.records = append(s.records, at(21, shared, hop(r2.Next(), 110), echo)...)
	s.records = append(s.records, at(22, hop(r1, 50), lost, refuses)...)
	s.records = append(s.records, at(23, failed, lost, lost)...)
	s.records = append(s.records,
		&report.Reroute{Addr: there, Number: 41, At: 40 * time.Second, Was: []netip.Addr{r1, r2.Next(), there}, Now: []netip.Addr{r1, r2, there}, Known: true},
		&report.Reroute{Addr: there, Number: 61, At: 60 * time.Second, Was: []netip.Addr{r1, r2, there}, Now: []netip.Addr{r1, {}, r2.Next(), there}, Balanced: []uint8{2, 3}},
		&report.Reroute{Addr: there, Number: 62, At: 61 * time.Second, Was: []netip.Addr{r1, r2}, Now: []netip.Addr{r1, r2}, Balanced: []uint8{2}},
		&report.Reroute{Addr: link, Number: 4, At: 3 * time.Second, Was: []netip.Addr{v6, link}, Now: []netip.Addr{link}},
		counted(aHop(there, r1, 1, 50, 60, 80), 100, report.Counted{Jitter: 20 * time.Microsecond}),
		counted(aHop(there, r2, 2, 110, 120, 150), 98, report.Counted{Missing: report.MissingReplies}),
		counted(with(aHop(there, there, 3, 300, 300, 300), func(r *report.Hop) { r.Reached, r.Reason, r.Hops = true, probe.EchoReply, 3 }), 100, report.Counted{}),
	)
	return s
}

func routeScenarios() []scenario {
	end := func(sent, received uint64, code int, why string) report.End {
		return report.End{Complete: true, Sent: sent, Received: received, Elapsed: 300 * time.Millisecond, Loss: -1, ExpectedMissed: -1,
			Exit: code, ExitReason: why}
	}
	byUDP := &report.Trace{Proto: "udp", Port: 33434, MaxTTL: 30, TOS: ef | 2}
	v6 := netip.MustParseAddr("2001:db8:1::1")

	refused := []report.Record{
		quoting(aHop(there, r1, 1, 50, 60, 80), 0, 0),
		with(aHop(there, r2, 2, 110, 120, 150), func(r *report.Hop) { r.Reason = probe.AdminProhibited; r.State = probe.Filtered }),
	}
	for n := uint8(3); n <= 12; n++ {
		refused = append(refused, aHop(there, netip.Addr{}, n))
	}
	labelled := probe.Reply{Event: probe.ICMPError, From: r2.Next(), Layer: wire.LayerICMP, IP: wire.IP{Src: r2.Next(), Dst: gate, Proto: 1, TTL: 62, Len: 168},
		ICMP:  wire.ICMP{Msg: wire.TimeExceeded, Type: 11, Info: 32 << 16},
		Quote: wire.Quote{Len: 60, IP: wire.IP{Src: gate, Dst: there, Proto: 17, TTL: 1, ID: 7, Len: 60}, MPLSLen: 2}}
	labelled.Quote.MPLS[0], labelled.Quote.MPLS[1] = wire.NewLabel(16001, 5, false, 255), wire.NewLabel(416243, 0, true, 1)
	h := quoting(aHop(there, r1, 1, 50, 60, 80), ef, 0)
	h.Forward, h.PTR, h.Looked, h.Proto = []string{hostile}, hostile, true, hostile
	h.Changes = append(h.Changes, report.Change{Field: hostile, Sent: hostile, Seen: hostile})
	h.From = h.From.WithZone("")
	return []scenario{
		{
			name: "trace", scan: report.Scan{Command: "trace", Probes: 90, Addresses: 1, Trace: &report.Trace{Proto: "tcp", Port: 80, MaxTTL: 30, TOS: ef}},
			records: append([]report.Record{wipe()}, records(wiped())...), end: end(12, 9, 0, "reached"),
		},
		{ // two targets behind the same hops, which are asked once
			name: "trace-many", scan: report.Scan{Command: "trace", Probes: 180, Addresses: 2, Trace: &report.Trace{Proto: "icmp", MaxTTL: 30}},
			records: []report.Record{
				aHop(there, r1, 1, 50, 60, 80), aHop(there, r2, 2, 110, 120, 150),
				with(aHop(there, there, 3, 300, 300, 300), func(r *report.Hop) { r.Reached, r.Reason, r.Hops = true, probe.EchoReply, 3 }),
				with(aHop(there.Next(), r1, 1, 50, 60, 80), func(r *report.Hop) { r.AsTo = there }),
				with(aHop(there.Next(), r2, 2, 110, 120, 150), func(r *report.Hop) { r.AsTo = there }),
				with(aHop(there.Next(), there.Next(), 3, 290, 290, 290), func(r *report.Hop) { r.Reached, r.Reason, r.Hops = true, probe.EchoReply, 3 }),
			},
			end: end(10, 8, 0, "reached"),
		},
		{ // -c: who limits, is slow, or lacks replies, and where loss begins
			name: "trace-count", scan: report.Scan{Command: "trace", Probes: 90, Addresses: 1, Trace: &report.Trace{Proto: "icmp", MaxTTL: 30}},
			records: []report.Record{
				counted(with(aHop(there, r1, 1, 50, 60, 80), func(r *report.Hop) {
					r.AS, r.Return = &report.AS{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Numbers: []uint32{64500, 64501}, Name: hostile}, 3
				}), 100, report.Counted{Jitter: 20 * time.Microsecond}),
				counted(aHop(there, r2, 2, 9110, 9120, 9150), 17, report.Counted{Missing: report.MissingLimited, PerSecond: 0.987, Slow: true}),
				counted(aHop(there, r2.Next(), 3, 110, 120, 150), 60, report.Counted{Missing: report.MissingReplies}),
				counted(aHop(there, r1.Next(), 4, 110, 120, 150), 95, report.Counted{Missing: report.MissingWay, Begins: &report.LossBegin{After: 1, Rate: 0.05}}),
				counted(aHop(there, netip.Addr{}, 5), 0, report.Counted{Missing: report.MissingUnsure}),
				counted(with(aHop(there, there, 6, 300, 300, 300), func(r *report.Hop) { r.Reached, r.Reason, r.Hops = true, probe.EchoReply, 6 }), 94,
					report.Counted{Missing: report.MissingWay, Begins: &report.LossBegin{Rate: 0.06}}),
			},
			end: end(610, 380, 0, "reached"),
		},
		watched(end(80, 70, 0, "reached")),
		{ // who says how much it passes on, and somewhere longer ones vanish
			name: "trace-mtu", scan: report.Scan{Command: "trace", Probes: 90, Addresses: 1, Trace: &report.Trace{Proto: "icmp", MaxTTL: 30}},
			records: []report.Record{&report.PathMTU{Addr: there, MTU: 1400, Hop: report.HopAt{TTL: 4, From: there}, Target: true, Own: 1500,
				Limits: []report.MTULimit{{By: report.HopAt{TTL: 1, From: r1}, MTU: 1492, Sent: 1500}, {By: report.HopAt{From: r2}, Sent: 1492}},
				Hole:   &report.MTUHole{Least: 1401, After: report.HopAt{TTL: 1, From: r1}, By: report.HopAt{TTL: 2, From: r2}}},
				aHop(there, r1, 1, 50, 60, 80), with(aHop(there, there, 2, 300, 300, 300), func(r *report.Hop) { r.Reached, r.Reason, r.Hops = true, probe.EchoReply, 2 })},
			end: end(40, 30, 0, "reached"),
		},
		{ // all ways: by flow, by packet, behind that, silent, of which there may be more
			name: "trace-flows", scan: report.Scan{Command: "trace", Probes: 90, Addresses: 1, Trace: &report.Trace{Proto: "tcp", Port: 80, MaxTTL: 30}},
			records: []report.Record{
				&report.Edge{Addr: there, TTL: 1, To: r1, Flows: 13, Of: 13, Settled: true},
				&report.Edge{Addr: there, TTL: 2, From: r1, To: r2, Flows: 7, Of: 13, Settled: true, Balancing: report.PerFlow, Hashed: []string{"source port"}, Idle: []string{"destination port", "\x1b[1m"}},
				&report.Edge{Addr: there, TTL: 2, From: r1, To: r2.Next(), Flows: 5, Of: 13, Settled: true, Balancing: report.PerFlow},
				&report.Edge{Addr: there, TTL: 2, From: r1, To: r2.Next().Next(), Flows: 1, Of: 13, Settled: true, Balancing: report.PerFlow},
				&report.Edge{Addr: there, TTL: 3, From: r2, To: r2.Next(), Flows: 3, Of: 7, Balancing: report.PerPacket},
				&report.Edge{Addr: there, TTL: 3, From: r2, To: r1.Next(), Flows: 4, Of: 7, Balancing: report.PerPacket},
				&report.Edge{Addr: there, TTL: 4, To: r1.Next(), Flows: 4, Of: 7, Balancing: report.BehindPerPacket},
				&report.Edge{Addr: there, TTL: 4, Flows: 3, Of: 7, Balancing: report.BehindPerPacket},
				&report.Edge{Addr: there, TTL: 5, To: there, Flows: 7, Of: 7, Settled: true, Reached: true},
				aHop(there, r1, 1, 50, 60, 80), with(aHop(there, there, 2, 300, 300, 300), func(r *report.Hop) { r.Reached, r.Reason, r.Hops = true, probe.SynAck, 2 })},
			end: end(140, 130, 0, "reached"),
		},
		{ // IPv6, names, ECN, options, loss, several ways; what the target quotes tells what the last router did
			name: "trace-v6", opts: Options{Verbose: true}, scan: report.Scan{Command: "trace", Probes: 90, Trace: byUDP},
			records: []report.Record{
				&report.PathMTU{Addr: six, MTU: 1500, Hop: report.HopAt{TTL: 2, From: v6}, Own: 1500},
				&report.Rewrite{Addr: six, Field: "mss", From: "1460", To: "1400", After: report.HopAt{TTL: 1, From: v6}, By: report.HopAt{TTL: 2, From: v6.Next()}},
				&report.Rewrite{Addr: six, Field: "sackok", From: "on", By: report.HopAt{TTL: 1, From: v6}},
				&report.Rewrite{Addr: six, Field: "dscp", From: "ef", To: "af11", After: report.HopAt{TTL: 1, From: v6}, By: report.HopAt{TTL: 4, From: six}, Target: true, Between: []uint8{2, 3}},
				&report.Rewrite{Addr: six, Field: "ttl", From: "1", To: "62", After: report.HopAt{TTL: 2, From: v6.Next()}, By: report.HopAt{TTL: 4, From: six}, Target: true, Between: []uint8{3}},
				with(quoting(aHop(six, v6, 1, 50, 60, 80), ef|2, ef|2), func(r *report.Hop) {
					r.PTR, r.Looked, r.Others, r.Quoted, r.Repeat.Answered = "gw.example", true, []netip.Addr{link}, 1232, 2
				}),
				with(quoting(aHop(six, v6.Next(), 2, 11000, 123456, 150000), ef|2, ef|2), func(r *report.Hop) {
					r.Looked, r.Changes = true, []report.Change{{Field: "mss", Sent: "1460", Seen: "1400"}}
				}),
				with(aHop(six, v6.Next().Next(), 3, 0, 0, 0), func(r *report.Hop) {
					r.Looked, r.Quoted, r.Unseen = true, 48, []string{"flags", "mss"}
				}),
				with(reached(quoting(aHop(six, six, 4, 300, 300, 300), ef|2, 10<<2|3), probe.Closed, probe.PortUnreach), func(r *report.Hop) {
					r.Forward, r.Looked, r.Repeat.Answered, r.Hops = []string{"host.example"}, true, 1, 4
				}),
				aHop(there, netip.Addr{}, 1),
				&report.Hop{Addr: there, TTL: 2, Reason: probe.ReasonLocalError, Errno: 113, Hops: 2},
			},
			end: end(14, 7, 0, "reached"),
		},
		{
			name: "trace-refused", scan: report.Scan{Command: "trace", Trace: &report.Trace{Proto: "icmp", MaxTTL: 12}},
			records: refused, end: end(36, 6, 1, "admin-prohibited"),
		},
		{
			// A router refuses, and the way goes on; labels, a NAT, an answer from another
			// address of the target.
			name: "trace-beyond", opts: Options{Verbose: true}, scan: report.Scan{Command: "trace", Trace: &report.Trace{Proto: "udp", Port: 33434, MaxTTL: 30}},
			records: []report.Record{
				with(quoting(aHop(there, r1, 1, 50, 60, 80), 0, 0), func(r *report.Hop) {
					r.Refused, r.Others = probe.NetUnreach, []netip.Addr{link.WithZone("")}
				}),
				with(aHop(there, r2, 2, 110, 120, 150), func(r *report.Hop) { r.Reason = probe.AdminProhibited }),
				with(quoting(aHop(there, r2.Next(), 3, 110, 120, 150), 0, 0), func(r *report.Hop) {
					r.Extension.Labels = []wire.Label{wire.NewLabel(16001, 5, false, 255), wire.NewLabel(416243, 0, true, 1)}
					r.Interfaces = []wire.Interface{{Role: wire.Incoming, Name: hostile, Addr: r1, Index: 3, MTU: 1500}, {Role: wire.NextHop, Addr: gate}}
					r.Objects = []report.Object{{Class: 3, Type: 1, Value: "\x00\x01abc"}}
					r.QuotedSrc, r.QuotedDst = gate, netip.MustParseAddr("100.64.0.7")
					r.Reply = report.PacketOf(&labelled)
				}),
				with(reached(aHop(there, gate, 4, 200, 210, 250), probe.Unknown, probe.PortUnreach), func(r *report.Hop) {
					r.Hops, r.Came, r.Unanswered = 4, []string{"wscale", "ts"}, []string{"sackok"}
				}),
			},
			end: end(12, 12, 0, "reached"),
		},
		{
			name: "trace-loop", scan: report.Scan{Command: "trace", Trace: &report.Trace{Proto: "icmp", MaxTTL: 30}},
			records: []report.Record{
				&report.Finding{Addr: there, Doubt: probe.Loop, Hop: 2, Routers: []netip.Addr{r1, r2, gate}},
				aHop(there, six, 1, 50, 60, 80), aHop(there, r1, 2, 50, 60, 80), aHop(there, r2, 3, 50, 60, 80), aHop(there, gate, 4, 50, 60, 80),
				with(aHop(there, r1, 5, 50, 60, 80), func(r *report.Hop) { r.Hops = 5 }),
				&report.Finding{Addr: six, Doubt: probe.Loop, Hop: 1, Routers: []netip.Addr{gate}},
				with(aHop(six, gate, 1, 50, 60, 80), func(r *report.Hop) { r.Hops = 1 }),
			},
			end: end(18, 18, 1, "no"),
		},
		{
			name: "trace-one-loop", scan: report.Scan{Command: "trace", Trace: &report.Trace{Proto: "icmp", MaxTTL: 30}},
			records: []report.Record{
				&report.Finding{Addr: there, Doubt: probe.Loop, Hop: 1, Routers: []netip.Addr{r1, r2}},
				aHop(there, r1, 1, 50, 60, 80), with(aHop(there, r2, 2, 50, 60, 80), func(r *report.Hop) { r.Hops = 2 }),
			},
			end: end(6, 6, 1, "no"),
		},
		{
			name: "trace-silent", scan: report.Scan{Command: "trace", Trace: &report.Trace{Proto: "icmp", MaxTTL: 1}},
			records: []report.Record{aHop(there, netip.Addr{}, 1)}, end: end(3, 0, 3, "silence"),
		},
		{
			name: "trace-hostile", scan: report.Scan{Command: "trace", Trace: &report.Trace{Proto: hostile, Port: 7, MaxTTL: 255, TOS: 255}},
			records: []report.Record{&report.Rewrite{Addr: there, Field: hostile, From: hostile, To: hostile, By: report.HopAt{TTL: 1, From: r1}}, h},
			end:     end(3, 3, 3, "silence"),
		},
	}
}

// The line that scripts rely on, and what stands in it beside.
func TestJSONHopAsPromised(t *testing.T) {
	f := JSON{}
	r := quoting(aHop(there, r2, 2, 100, 100, 200), ef, 0)
	const want = `{"type":"hop","addr":"10.2.0.10","ttl":2,"from":"10.9.0.2","sent":3,"received":3,"rtt_ms":{"min":0.1,"avg":0.1,"max":0.2},"quoted":60,` +
		`"changes":[{"field":"dscp","sent":"ef","seen":"cs0"}],"dscp":"cs0","ecn":0,"visible":true}` + "\n"
	if diff := cmp.Diff(want, string(f.AppendRecord(nil, r))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	r = aHop(there, netip.Addr{}, 3)
	const silent = `{"type":"hop","addr":"10.2.0.10","ttl":3,"sent":3,"received":0}` + "\n"
	if diff := cmp.Diff(silent, string(f.AppendRecord(nil, r))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTextTraceAsPromised(t *testing.T) {
	const want = `trace to 10.2.0.10 by tcp 80, dscp ef, 30 hops at most

HOP  ADDRESS    RTT (ms)             DSCP
  1  10.1.0.2   0.05 / 0.06 / 0.08   ef
  2  10.9.0.2   0.11 / 0.12 / 0.15   ef → cs0
     dscp was changed from ef to cs0 between hop 1 (10.1.0.2) and hop 2 (10.9.0.2)
  3  *          no answer (3 asked)
  4  10.2.0.10  0.20 / 0.21 / 0.25   not visible  reached: syn-ack

4 hops, reached. 12 packets sent, 9 answers, 0.3 s
`
	s := routeScenarios()[0]
	if diff := cmp.Diff(want, s.render(format("text"))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A route is written when all its hops are there, before the run ends, in
// whatever order they come.
func TestTextWaitsForRoute(t *testing.T) {
	f := format("text").New(Options{}).(*Assembler)
	f.AppendRecord(nil, &report.Scan{Trace: &report.Trace{Proto: "icmp", MaxTTL: 30}})
	f.AppendRecord(nil, wipe())
	for i, r := range wiped() {
		r.Hops = 4
		out := string(f.AppendRecord(nil, r))
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
	f := format("text").New(Options{}).(*Assembler)
	f.AppendRecord(nil, &report.Scan{Trace: &report.Trace{Proto: "icmp", MaxTTL: 30}})
	r := quoting(aHop(there, r1, 1, 1000, 1000, 1000), 0, 0)
	r.Forward, r.Others, r.Unseen = []string{"mine"}, []netip.Addr{r2}, []string{"mss"}
	c := wipe()
	c.By, c.Between = report.HopAt{TTL: 1, From: r1}, []uint8{1}
	f.AppendRecord(nil, c)
	f.AppendRecord(nil, r)
	r.Forward[0], r.Others[0], r.Unseen[0], r.Repeat.Avg = "changed", there, "changed", time.Hour
	c.Between[0] = 77
	out := string(f.AppendRecord(nil, &report.End{}))
	for _, part := range []string{"mine", "also 10.9.0.2", "mss not visible", "hop 1, between", "1.00 / 1.00 / 1.00"} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in\n%s", part, out)
		}
	}
}

// A route that comes after its host was written is not lost.
func TestTextLateRoute(t *testing.T) {
	f := format("text").New(Options{})
	b := f.AppendRecord(nil, &report.Scan{Ports: 1, Services: true})
	for _, r := range []report.Record{&report.Host{Addr: there, Verdict: report.Verdict{State: probe.Up}, Ports: 1}, openPort(80, "http"),
		service(80, "http", nil), quoting(aHop(there, r1, 1, 1000, 1000, 1000), 0, 0)} {
		b = f.AppendRecord(b, r)
	}
	out := string(f.AppendRecord(b, &report.End{}))
	if strings.Contains(out, "not decided") || !strings.Contains(out, "trace to 10.2.0.10\n\nHOP") || !strings.Contains(out, "10.1.0.2") {
		t.Error(out)
	}
}

// records are the values of a list of one type.
func records[T report.Record](list []T) (all []report.Record) {
	for _, r := range list {
		all = append(all, r)
	}
	return all
}
