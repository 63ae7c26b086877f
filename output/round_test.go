package output

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sonde/scan/report"
)

// TestRoundsAreLines: with -v each round of a watched trace is a line, once its last hop is there,
// and without only changes of the way are.
func TestRoundsAreLines(t *testing.T) {
	s := watched(report.End{})
	s.opts.Verbose = true
	want := `01:30:00Z 10.2.0.10 round 1: 10.1.0.2 0.05 ms, 10.9.0.2 0.11 ms, 10.2.0.10 0.30 ms
01:30:01Z 10.2.0.10 round 2: 10.1.0.2, *, 10.2.0.10 0.30 ms
01:30:20Z 10.2.0.10: another way since round 21: hop 2 10.9.0.3 (was 10.9.0.2)
01:30:20Z 10.2.0.10 round 21: 10.1.0.2 0.05 ms, 10.9.0.3 0.11 ms, 10.2.0.10 0.30 ms
01:30:21Z 10.2.0.10 round 22: 10.1.0.2 0.05 ms, *, 10.1.0.2 0.06 ms (host-unreach)
01:30:22Z 10.2.0.10 round 23: * (local-error), *, *
01:30:40Z 10.2.0.10: a way seen before, again since round 41: hop 2 10.9.0.2 (was 10.9.0.3)
`
	s.scan.Time = scenarios()[0].scan.Time
	got := strings.ReplaceAll(s.render(format("text")), s.scan.Time.UTC().Format("2006-01-02T"), "")
	got, _, _ = strings.Cut(got, "01:31:00Z")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	s.opts.Verbose = false
	if got := s.render(format("text")); strings.Contains(got, " round 1:") || strings.Count(got, "\n2026-") != 4 {
		t.Error(got)
	}
}
