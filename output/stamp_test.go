package output

import (
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// TestStamp: with a clock and a run every line says when it was written and by which run,
// but for the first, whose time is the run's own; the schema knows that, and both are read
// back. Without them no line has anything more than before.
func TestStamp(t *testing.T) {
	valid := validator(t)
	at := time.Date(2026, 11, 23, 2, 30, 0, 123_456_789, time.FixedZone("", 3600))
	f := JSON{Options{Verbose: true, Now: func() time.Time { return at }, Run: "b00c"}}
	for _, s := range scenarios() {
		for i, r := range append(append([]report.Record{&s.scan}, s.records...), &s.end) {
			line := f.AppendRecord(nil, r)
			if err := valid(string(line)); err != nil {
				t.Fatal(err)
			}
			_, got, err := DecodeStamped(line)
			want := Stamp{Time: time.Date(2026, 11, 23, 1, 30, 0, 123_000_000, time.UTC), Run: "b00c"}
			if i == 0 {
				want.Time = time.Time{}
			}
			if err != nil || got != want {
				t.Errorf("%s%+v, %v", line, got, err)
			}
			if strings.Count(string(line), `"time":`) < 1 {
				t.Errorf("%swithout a time", line)
			}
		}
	}
	port := &report.Port{Addr: web, Proto: "tcp", Port: 22, Verdict: report.Verdict{State: probe.Closed, Reason: probe.Reset, Tries: 1}}
	const want = `{"type":"port","addr":"10.77.2.10","proto":"tcp","port":22,"state":"closed","reason":"reset","tries":1,"time":"2026-11-23T01:30:00.123Z","run":"b00c"}` + "\n"
	b := make([]byte, 0, 1000)
	if got := string(f.AppendRecord(b, port)); got != want {
		t.Errorf("%swant\n%s", got, want)
	}
	if n := testing.AllocsPerRun(100, func() { f.AppendRecord(b, port) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
