package terminal

import (
	"strings"
	"testing"
	"time"

	"sonde/scan"
	"sonde/scan/job"
)

// TestProgressLine: what the line says.
func TestProgressLine(t *testing.T) {
	start := time.Unix(0, 0)
	c := Pace{began: start, at: start}
	for _, tt := range []struct {
		after time.Duration
		p     scan.Progress
		want  string
	}{
		{time.Second, scan.Progress{Asked: 100, Questions: 400, Sent: 100, Received: 90, Loss: -1}, "tcp: pass 1, 25 %, 100 packets/s, 90 answers, 3 s left"},
		{1100 * time.Millisecond, scan.Progress{Asked: 110, Questions: 400, Sent: 110, Received: 99, Loss: 0.1}, "tcp: pass 1, 28 %, 100 packets/s, 99 answers, loss 10.0 %, 3 s left"},
		{2 * time.Second, scan.Progress{Asked: 400, Questions: 400, Sent: 400, Received: 380, Loss: 0.05, Pass: 1}, "tcp: pass 2, 100 %, 300 packets/s, 380 answers, loss 5.0 %"},
		{3 * time.Second, scan.Progress{Loss: -1}, "tcp: pass 1, 0 %, 0 packets/s, 0 answers"},
	} {
		if got := c.Line("tcp", start.Add(tt.after), tt.p); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	c = Pace{began: start, at: start}
	for _, tt := range []struct {
		after time.Duration
		r     job.Reading
		want  string
	}{
		{time.Second, job.Reading{Bytes: 25, Size: 100, Packets: 1000}, "compare: 25 %, 1000 packets/s, 3 s left"},
		{2 * time.Second, job.Reading{Bytes: 100, Size: 100, Packets: 4000}, "compare: 100 %, 3000 packets/s"},
		{3 * time.Second, job.Reading{}, "compare: 0 %, 0 packets/s"},
	} {
		if got := c.Read("compare", start.Add(tt.after), tt.r); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	c = Pace{began: start, at: start, rounds: 10}
	for asked, want := range map[uint64]string{0: "tcp: round 1 of 10, 0 %, ", 19: "tcp: round 1 of 10, ", 20: "tcp: round 2 of 10, ", 200: "tcp: round 10 of 10, 100 %, "} {
		if got := c.Line("tcp", start.Add(time.Second), scan.Progress{Asked: asked, Questions: 200, Loss: -1}); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
