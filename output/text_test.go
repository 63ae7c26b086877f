package output

import (
	"net/netip"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/report"
)

// What is folded is counted, not kept.
func TestTextMemoryIsBounded(t *testing.T) {
	f := format("text").New(Options{}).(*Assembler)
	f.AppendRecord(nil, &report.Scan{Ports: 65535})
	from := netip.MustParseAddr("10.0.0.1")
	for n := 1; n <= 65535; n++ {
		r := report.Port{Addr: web, Proto: "tcp", Port: uint16(n), Verdict: report.Verdict{State: portStates[n%len(portStates)],
			Reason: probe.Reason(n % len(probe.Reasons())), From: from}}
		if r.State == probe.Open {
			r.State = probe.Closed
		}
		from = from.Next() // another router for each port
		f.AppendRecord(nil, &r)
	}
	k := f.blocks[web]
	if rows, most := cap(k.host.Listed), 2*foldAbove*report.States; rows > most {
		t.Errorf("%d rows kept, at most %d wanted", rows, most)
	}
	if folds, most := len(k.host.Folds), fromMax+2*report.States*len(probe.Reasons()); folds > most {
		t.Errorf("%d folds kept, at most %d wanted", folds, most)
	}
	var n uint64
	for _, d := range k.host.Folds {
		n += d.N
	}
	if n+uint64(len(k.host.Listed)) != 65535 {
		t.Errorf("%d ports folded and %d listed of 65535", n, len(k.host.Listed))
	}
	host := report.Host{Addr: web, Verdict: report.Verdict{State: probe.Up}, Ports: 65535}
	out := string(f.AppendRecord(nil, &host))
	if !strings.Contains(out, "from several addresses") {
		t.Error(out)
	}
	if len(f.blocks) != 0 {
		t.Error("a complete host is kept")
	}
}

// 25 are listed, 26 are not; open ports always are.
func TestTextFoldsAboveLimit(t *testing.T) {
	for _, test := range []struct {
		state  probe.State
		n      int
		folded bool
	}{{probe.Closed, 25, false}, {probe.Closed, 26, true}, {probe.OpenFiltered, 26, true}, {probe.Unknown, 26, true}, {probe.Open, 100, false}} {
		f := format("text").New(Options{}).(*Assembler)
		f.AppendRecord(nil, &report.Scan{Ports: uint32(test.n)})
		for n := range test.n {
			f.AppendRecord(nil, &report.Port{Addr: web, Proto: "tcp", Port: uint16(n + 1), Verdict: report.Verdict{State: test.state}})
		}
		out := string(f.AppendRecord(nil, &report.Host{Addr: web, Verdict: report.Verdict{State: probe.Up}, Ports: uint32(test.n)}))
		if rows := strings.Count(out, "/tcp"); (rows == 0) != test.folded || !test.folded && rows != test.n {
			t.Errorf("%d %v: %d rows\n%s", test.n, test.state, rows, out)
		}
	}
}

// Rows that come in any order are printed in that of their ports, and a host
// only when it is complete.
func TestTextWaitsForHost(t *testing.T) {
	f := format("text").New(Options{}).(*Assembler)
	f.AppendRecord(nil, &report.Scan{Ports: 2})
	feed := func(r report.Record) string { return string(f.AppendRecord(nil, r)) }
	if out := feed(&report.Port{Addr: web, Port: 443, Proto: "tcp"}); out != "" {
		t.Error(out)
	}
	if out := feed(&report.Host{Addr: web, Verdict: report.Verdict{State: probe.Up}, Ports: 2}); out != "" {
		t.Error(out)
	}
	out := feed(&report.Port{Addr: web, Port: 80, Proto: "tcp"})
	if i, j := strings.Index(out, "80/tcp"), strings.Index(out, "443/tcp"); i < 0 || j < i {
		t.Error(out)
	}
}
