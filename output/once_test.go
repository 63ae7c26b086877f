package output

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// TestOnce: the line of a single repetition, and that there is none where nobody
// follows.
func TestOnce(t *testing.T) {
	here, router := netip.MustParseAddr("fe80::7%eth0"), netip.MustParseAddr("10.0.0.1")
	for _, tt := range []struct {
		once report.Once
		want string
	}{
		{report.Once{Addr: web, Proto: "tcp", Port: 80, Number: 3, Verdict: report.Verdict{State: probe.Open, Reason: probe.SynAck, From: web, TTL: 62, HasTTL: true, RTT: 210 * time.Microsecond, HasRTT: true}},
			"10.77.2.10 80/tcp seq 3: open, syn-ack, ttl 62, 0.21 ms\n"},
		{report.Once{Addr: web, Proto: "udp", Port: 53, Number: 1, Verdict: report.Verdict{State: probe.OpenFiltered, Reason: probe.NoResponse, Tries: 1}},
			"10.77.2.10 53/udp seq 1: no reply\n"},
		{report.Once{Addr: web, Proto: "tcp", Port: 25, Number: 2, Verdict: report.Verdict{State: probe.Filtered, Reason: probe.AdminProhibited, From: router, TTL: 64, HasTTL: true, RTT: 12 * time.Millisecond, HasRTT: true}},
			"10.77.2.10 25/tcp seq 2: filtered, admin-prohibited from 10.0.0.1, ttl 64, 12.0 ms\n"},
		{report.Once{Addr: here, Number: 10, Verdict: report.Verdict{State: probe.Up, Reason: probe.EchoReply, From: here.WithZone(""), RTT: time.Second, HasRTT: true, Data: probe.DataCut}},
			"fe80::7%eth0 seq 10: up, echo-reply, payload cut, 1000 ms\n"},
		{report.Once{Addr: web, Number: 4, Verdict: report.Verdict{State: probe.Unknown, Reason: probe.ReasonLocalError, Errno: 113}},
			"10.77.2.10 seq 4: unknown, local error: unreachable\n"},
		{report.Once{Addr: web, Proto: "tcp", Port: 80, Number: 1, Verdict: report.Verdict{State: probe.Unknown, Reason: probe.SpoofedSource, Tries: 1, Asked: "SYN", Source: router}},
			"10.77.2.10 80/tcp seq 1: unknown, sent 1 SYN as 10.0.0.1; replies go there\n"},
	} {
		if got := string(NewAssembler(&text{Options: Options{Live: true}}, Options{}).AppendOnce(nil, &tt.once)); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
		if got := (&text{}).AppendOnce(nil, &tt.once); len(got) > 0 {
			t.Errorf("%q, though nobody follows", got)
		}
	}
}

// TestOnceTellsWhetherItWrote: it did only where text goes to a terminal, so that nothing
// else that a run writes keeps its progress from being shown.
func TestOnceTellsWhetherItWrote(t *testing.T) {
	once := report.Once{Addr: web, Number: 1, Verdict: report.Verdict{State: probe.Up, Reason: probe.EchoReply, From: web}}
	for _, tt := range []struct {
		name  string
		spec  Spec
		live  bool
		wrote bool
	}{
		{"text on a terminal", Spec{Format: "text"}, true, true},
		{"text in a pipe", Spec{Format: "text"}, false, false},
		{"text in a file", Spec{Format: "text", Path: filepath.Join(t.TempDir(), "o")}, true, false},
		{"JSON on a terminal", Spec{Format: "json"}, true, false},
	} {
		var out bytes.Buffer
		s, err := Formats().Open(tt.spec, &out, Options{Live: tt.live})
		if err != nil {
			t.Fatal(err)
		}
		wrote := s.Once(&once)
		if err := s.Close(); err != nil || wrote != tt.wrote || (out.Len() > 0) != tt.wrote {
			t.Errorf("%s: %v (%v), %q; want %v", tt.name, wrote, err, &out, tt.wrote)
		}
	}
}
