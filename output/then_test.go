package output

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sonde/probe"
	"sonde/scan/report"
)

// thenScenarios are runs that have a command run for what is found.
func thenScenarios() []scenario {
	at := report.Time(time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC))
	end := report.End{Complete: true, Loss: -1, ExpectedMissed: -1, ExitReason: "open", Sent: 9, Received: 3, Elapsed: time.Second}
	host := func(addr netip.Addr, ports uint32) *report.Host {
		return &report.Host{Addr: addr, Named: true, Ports: ports, Verdict: report.Verdict{State: probe.Up, Reason: probe.SynAck, From: addr}}
	}
	port := func(addr netip.Addr, s probe.State, why probe.Reason) *report.Port {
		return &report.Port{Addr: addr, Proto: "tcp", Port: 80, Service: "http", Verdict: report.Verdict{State: s, Reason: why, From: addr, Tries: 1, Asked: "SYN"}}
	}
	swept := end
	swept.ExitReason = "up"
	silent := host(netip.MustParseAddr("10.0.0.9"), 0)
	silent.Verdict = report.Verdict{State: probe.Unknown, Tries: 2}
	return []scenario{
		{name: "then", scan: report.Scan{Version: "0.1.0", Command: "tcp", Args: []string{"tcp", "--then", "nmap -sC -p {ports} {addr}"}, Time: at, Addresses: 3, Ports: 1, Then: true},
			end: end,
			records: []report.Record{
				host(web, 1), port(web, probe.Open, probe.SynAck),
				host(gate, 1), port(gate, probe.Closed, probe.Reset), // of which nothing is found
				port(six, probe.Open, probe.SynAck), host(six, 1),
				&report.Then{Addr: six, Argv: []string{"nmap", "-sC", "-p", "80", six.String()}, Output: "PORT\tSTATE\n\n80/tcp open " + hostile + "\nno newline at the end"},
				&report.Then{Addr: web, Argv: []string{"sh", "-c", "it's " + hostile, ""}, Exit: 7, Output: "", Cut: true},
			}},
		{name: "then-swept", scan: report.Scan{Version: "0.1.0", Command: "sweep", Args: []string{"sweep", "--then", "x {addr}"}, Time: at, Addresses: 4, Then: true},
			end: swept,
			records: []report.Record{
				host(web, 0), host(gate, 0), host(six, 0), silent,
				&report.Then{Addr: gate, Argv: []string{"x", gate.String()}, Signal: "terminated", Output: "begun\n"},
				&report.Then{Addr: web, Argv: []string{"x", web.String()}, Error: "fork/exec x: exec format error"},
			}}, // of the last one the run was cut short
	}
}

// TestThenIsBeneath: what came of a command stands beneath its host, which waits for it, and
// for no more than that.
func TestThenIsBeneath(t *testing.T) {
	s := thenScenarios()[0]
	w := format("text").New(Options{})
	b := w.AppendRecord(nil, &s.scan)
	var shown []string
	for _, r := range s.records {
		before := len(b)
		b = w.AppendRecord(b, r)
		if first, _, _ := strings.Cut(strings.TrimSpace(string(b[before:])), " "); first != "" {
			shown = append(shown, first)
		}
	}
	if !slices.Equal(shown, []string{gate.String(), six.String(), web.String()}) {
		t.Errorf("shown are %q:\n%s", shown, b)
	}
	if text := string(b); strings.Index(text, "exit 0") > strings.Index(text, web.String()) || strings.ContainsAny(text, "\x1b\x00\r") || !utf8.ValidString(text) {
		t.Errorf("%q", text)
	}
}
