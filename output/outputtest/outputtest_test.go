package outputtest

import (
	"net/netip"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

var addr = netip.MustParseAddr("10.0.0.1")

// TestCheck: a record that JSON does not keep is found, and one that it keeps is not.
func TestCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		r    report.Record
		kept bool
	}{
		"an empty list":                   {&report.Finding{Addr: addr, Doubt: probe.Tarpit, Ports: []uint16{}}, true},
		"a port":                          {&report.Port{Addr: addr, Proto: "tcp", Verdict: report.Verdict{State: probe.Open, Reason: probe.SynAck, Tries: 1}}, true},
		"a TTL that is none":              {&report.Port{Addr: addr, Proto: "tcp", Verdict: report.Verdict{State: probe.Open, TTL: 64}}, false},
		"a time of a part of a second":    {&report.Scan{Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}, false},
		"a time in another place":         {&report.Scan{Time: time.Unix(1e9, 0).In(time.FixedZone("there", 3600))}, false},
		"a state that no port can have":   {&report.Port{Addr: addr, Proto: "tcp", Verdict: report.Verdict{State: probe.Up}}, false},
		"a round trip in nanoseconds":     {&report.Host{Addr: addr, Verdict: report.Verdict{State: probe.Up, Reason: probe.SynAck, HasRTT: true, RTT: 1001}}, false},
		"an address that nothing gave it": {&report.Host{}, false},
	} {
		if err := Check(tt.r); (err == nil) != tt.kept {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRead: a line that is not as it would be written is found.
func TestRead(t *testing.T) {
	const whole = `{"type":"port","addr":"10.0.0.1","proto":"tcp","port":80,"state":"open","reason":"syn-ack","tries":1}`
	for line, right := range map[string]bool{
		whole + "\n": true,
		whole:        false,
		`{"addr":"10.0.0.1","type":"port","proto":"tcp","port":80,"state":"open","reason":"syn-ack","tries":1}` + "\n":               false,
		`{"type":"port","addr":"10.0.0.1","proto":"tcp","port":80,"state":"open","reason":"syn-ack","tries":1,"new":1}` + "\n":       false,
		`{"type":"port","addr":"10.0.0.1","proto":"tcp","port":80,"state":"open","reason":"syn-ack","tries":"1"}` + "\n":             false,
		`{"type":"port","addr":"10.0.0.1","proto":"tcp","port":80,"state":"open","reason":"syn-ack","rtt_ms":1.00,"tries":1}` + "\n": false,
	} {
		if r, err := Read([]byte(line)); (err == nil) != right {
			t.Errorf("%s: %+v, %v", line, r, err)
		}
	}
}
