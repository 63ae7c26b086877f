package output

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// differenceScenarios are two runs beside each other.
func differenceScenarios() []scenario {
	at := report.Time(time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC))
	scan := report.Scan{Version: "0.1.0", Command: "diff", Args: []string{"diff", "monday.json", "tuesday.json"}, Time: at}
	end := report.End{Complete: true, Loss: -1, ExpectedMissed: -1, Exit: 1, ExitReason: "different", Elapsed: 4 * time.Millisecond}
	six := netip.MustParseAddr("fe80::1%eth0")
	state := func(addr netip.Addr, port uint16, was, is string, by, then probe.Reason, weak report.Weakness) *report.Difference {
		return &report.Difference{Addr: addr, What: report.APort, Proto: "tcp", Port: port, Old: was, New: is, OldReason: by, NewReason: then, Weak: weak}
	}
	records := []report.Record{
		state(web, 22, "open", "closed", probe.SynAck, probe.Reset, report.Proven),
		state(web, 25, "closed", "filtered", probe.Reset, probe.AdminProhibited, report.Proven),
		state(web, 8080, "closed", "open", probe.Reset, probe.SynAck, report.Proven),
		state(web, 8443, "open", "filtered", probe.SynAck, probe.NoResponse, report.BySilence),
		&report.Difference{Addr: web, What: report.AProduct, Proto: "tcp", Port: 443, Old: "nginx 1.22.1", New: "nginx \x1b[31m1.24\u202e.0\x00\xff"},
		&report.Difference{Addr: web, What: report.AService, Proto: "tcp", Port: 8080, New: "http", Weak: report.NotSaid},
		&report.Difference{Addr: web, What: report.AHop, Proto: "icmp", TTL: 2, Old: "10.1.0.1", New: "10.1.0.2"},
		&report.Difference{Addr: web, What: report.AHop, Proto: "icmp", TTL: 3, New: "10.1.0.9"},
		&report.Difference{Addr: web, What: report.AFinding, New: "address-conflict", Weak: report.NotSaid},
		&report.Difference{Addr: gate, What: report.AHost, Old: "up", New: "down", OldReason: probe.EchoReply, NewReason: probe.HostUnreach},
		&report.Difference{Addr: six, What: report.AHost, New: "up", NewReason: probe.NDReply, Open: "22,80-90"},
		&report.Difference{Addr: six, What: report.AName, Old: "a.example", New: "b.example<script>"},
		&report.Difference{Addr: six, What: report.ASystem, Old: "Linux 5.x", New: "Linux 6.x", Weak: report.ByGuess},
	}
	sum := &report.Differences{Same: 988, OneSided: 12, Undecided: 1, OtherKind: 3,
		Old: report.Side{File: "monday.json", Command: "fp", Time: at, Runs: 2, Complete: true, Records: 1020, Unread: 1},
		New: report.Side{File: "tuesday.json", Command: "fp", Time: at.Add(24 * time.Hour), Runs: 1, Records: 1017, Flags: []string{"--ttl 5", "-S 10.0.0.1"}}}
	for _, r := range records {
		if d := r.(*report.Difference); d.Weak == report.Proven {
			sum.Strong[d.What]++
		} else {
			sum.Weak[d.Weak]++
		}
	}
	var many []report.Record
	for p := range uint16(60) {
		many = append(many, state(web, 2*p+1, "closed", "filtered", probe.Reset, probe.NoResponse, report.Proven))
	}
	for p := range uint16(30) {
		many = append(many, state(gate, p+1, "closed", "open", probe.Reset, probe.SynAck, report.Proven))
	}
	side := report.Side{File: "a.xml", Command: "tcp", Time: at, Runs: 1, Complete: true, Records: 90}
	all := &report.Differences{Old: side, New: side}
	all.Strong[report.APort] = 90
	same := end
	same.Exit, same.ExitReason = 0, "same"
	cut := end
	cut.Complete, cut.Interrupted = false, true
	return []scenario{
		{name: "diff", opts: Options{Color: true}, scan: scan, records: append(records[:len(records):len(records)], sum), end: end},
		{name: "diff-verbose", opts: Options{Verbose: true}, scan: scan, records: append(records[:len(records):len(records)], sum), end: end},
		{name: "diff-many", scan: scan, records: append(many, all), end: cut},
		{name: "diff-same", scan: scan, records: []report.Record{&report.Differences{Old: side, New: side, Same: 1}}, end: same},
	}
}

// unmetScenarios are runs of which something else was expected.
func unmetScenarios() []scenario {
	at := report.Time(time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC))
	open := &report.Port{Addr: web, Proto: "tcp", Port: 80, Service: "http", Verdict: report.Verdict{State: probe.Open, Reason: probe.SynAck, From: web, Tries: 1, Asked: "SYN"}}
	unmet := func(port uint16, want []probe.State, u report.Unmet) *report.Unmet {
		u.Addr, u.Proto, u.Port, u.Want = web, "tcp", port, want
		return &u
	}
	end := report.End{Complete: true, Loss: -1, ExpectedMissed: -1, Exit: 1, ExitReason: "unexpected", Sent: 9, Received: 3, Elapsed: time.Second}
	end.Tally.Hosts[probe.Up], end.Tally.Ports[probe.Open] = 1, 1
	return []scenario{{name: "unmet", scan: report.Scan{Version: "0.1.0", Command: "tcp", Args: []string{"tcp", "--expect-file", "must"}, Time: at, Addresses: 1, Ports: 1},
		end: end,
		records: []report.Record{
			&report.Host{Addr: web, Named: true, Ports: 2, Verdict: report.Verdict{State: probe.Up, Reason: probe.SynAck, From: web}}, open,
			unmet(80, []probe.State{probe.Closed}, report.Unmet{Decided: true, State: probe.Open, Reason: probe.SynAck, From: web, Tries: 1, Asked: "SYN"}),
			unmet(81, []probe.State{probe.Open, probe.Closed}, report.Unmet{Decided: true, Name: "web\x1b[31m.example", State: probe.Filtered, Tries: 3, Asked: "SYN"}),
			unmet(82, []probe.State{probe.Open}, report.Unmet{Decided: true, State: probe.Filtered, Reason: probe.AdminProhibited, From: gate, Tries: 1, Asked: "SYN"}),
			unmet(83, []probe.State{probe.OpenFiltered}, report.Unmet{}),
			&report.Unmet{Addr: gate, Want: []probe.State{probe.Down}, Decided: true, State: probe.Up, Reason: probe.EchoReply, From: gate, Tries: 1},
			&report.Unmet{Name: "none.example", Want: []probe.State{probe.Up}},
		}}}
}

// TestDifferencesAreLines: each difference is one line, whatever stands in it, and of more
// lines than are lined up at once none is lost.
func TestDifferencesAreLines(t *testing.T) {
	f := &text{Options: Options{Verbose: true}, scan: new(report.Scan)}
	var b []byte
	const hosts = 3 * alignedRows / 2
	for i := range hosts {
		addr := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		for _, what := range []report.Aspect{report.AName, report.AMAC} {
			b = f.AppendDifference(b, &report.Difference{Addr: addr, What: what, Old: hostile, New: "b"})
		}
	}
	b = f.AppendDifferences(b, new(report.Differences))
	lines := 0
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "~  10.0.") {
			lines++
		}
	}
	if lines != 2*hosts {
		t.Errorf("%d lines for %d differences", lines, 2*hosts)
	}
}

// canonicalDifference makes of what is random of two runs something that could be found.
func canonicalDifference(rec report.Record) {
	switch r := rec.(type) {
	case *report.Difference:
		r.Addr = known(r.Addr)
		if r.Open != "" {
			r.Open = "22,80-90"
		}
	case *report.Differences:
		r.Weak[report.Proven] = 0
		r.Old.Time, r.New.Time = canonicalTime(r.Old.Time), canonicalTime(r.New.Time)
	}
}
