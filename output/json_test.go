package output

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

func TestJSONGoldensSatisfySchema(t *testing.T) {
	valid := validator(t)
	for _, s := range scenarios() {
		out := s.render(format("json"))
		if !strings.HasSuffix(out, "\n") {
			t.Errorf("%s: no newline at the end", s.name)
		}
		for line := range strings.Lines(out) {
			if err := valid(line); err != nil {
				t.Errorf("%s: %s%v", s.name, line, err)
			}
		}
	}
}

// Keys that scripts rely on, in their order.
func TestJSONAsPromised(t *testing.T) {
	addr := netip.MustParseAddr("10.77.2.10")
	verdict := report.Verdict{State: probe.Up, Reason: probe.SynAck, From: addr, TTL: 62, HasTTL: true, RTT: 210 * time.Microsecond, HasRTT: true}
	f := JSON{}
	var got []byte
	got = f.AppendRecord(got, &report.Scan{Version: "0.1.0", Command: "tcp", Time: time.Date(2026, 11, 23, 1, 30, 0, 999, time.UTC),
		Methods: []string{"raw"}, Seed: 7, Probes: 3})
	got = f.AppendRecord(got, &report.Host{Addr: addr, Verdict: verdict, Names: report.Names{Forward: []string{"n"}},
		MAC: wire.MAC{0, 0, 0x5e, 0, 0x53, 0xff}, Vendor: "v"})
	verdict.State, verdict.Tries = probe.Open, 1
	got = f.AppendRecord(got, &report.Port{Addr: addr, Proto: "tcp", Port: 80, Verdict: verdict, Service: "http"})
	got = f.AppendRecord(got, &report.End{Complete: true, Elapsed: 1310 * time.Millisecond, Sent: 9, Received: 3, Loss: 0.012, ExitReason: "open"})
	const want = `{"type":"scan","schema":1,"version":"0.1.0","command":"tcp","args":[],"time":"2026-11-23T01:30:00Z","method":["raw"],"seed":7,"probes":3}
{"type":"host","addr":"10.77.2.10","state":"up","reason":"syn-ack","name":"n","mac":"00:00:5e:00:53:ff","vendor":"v","ttl":62,"rtt_ms":0.21}
{"type":"port","addr":"10.77.2.10","proto":"tcp","port":80,"state":"open","reason":"syn-ack","from":"10.77.2.10","ttl":62,"rtt_ms":0.21,"tries":1,"service":"http"}
{"type":"end","complete":true,"exit":0,"exit_reason":"open","elapsed_s":1.31,"sent":9,"received":3,"duplicates":0,"unsolicited":0,"send_errors":0,"receive_drops":0,"loss":0.012,"expected_missed":0.0}
`
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestJSONDoesNotAllocate(t *testing.T) {
	b := make([]byte, 0, 1<<16)
	for _, s := range scenarios() {
		f := format("json").New(s.opts)
		for i, r := range s.records {
			line := string(f.AppendRecord(b, r))
			switch {
			case strings.Contains(line, `"error":`): // the text is the kernel's, and rare
			case strings.Contains(line, `"cipher":`): // its name comes out of a list that is made anew; once for each port
			case strings.Contains(line, `"bytes":`): // what is not UTF-8 is rare
			case strings.Contains(line, `"about":"effect"`), strings.HasPrefix(line, `{"type":"conclusion"`): // a few records, with sentences
			case strings.Contains(line, `"fix":`): // a few records, and no packets
			case strings.HasPrefix(line, `{"type":"unmet"`), strings.HasPrefix(line, `{"type":"then"`): // a few records, at the end, or beside programs that start
			default:
				if n := testing.AllocsPerRun(10, func() { f.AppendRecord(b, r) }); n > 0 {
					t.Errorf("%s, record %d: %v allocations", s.name, i, n)
				}
			}
		}
	}
}

func ExampleJSON() {
	fmt.Printf("%s", JSON{}.AppendRecord(nil, &report.Port{Addr: netip.MustParseAddr("2001:DB8::1"), Proto: "tcp", Port: 22,
		Verdict: report.Verdict{State: probe.Closed, Reason: probe.Reset, Tries: 1}}))
	// Output: {"type":"port","addr":"2001:db8::1","proto":"tcp","port":22,"state":"closed","reason":"reset","tries":1}
}
