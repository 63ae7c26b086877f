package main

import (
	"regexp"
	"strings"
	"testing"
)

// statsLine is a line of --stats.
var statsLine = regexp.MustCompile(`^sonde: (tcp|udp|sweep|fp|trace): (pass|round) [0-9]+( of [0-9]+)?, [0-9]+ %, [0-9]+ packets/s, [0-9]+ answers(, loss [0-9.]+ %)?(, [0-9]+ s left)?$|^sonde: tcp: round [0-9]+, waiting for open$`)

// TestStats: with --stats there is a line on stderr each time that it says, whatever stderr is,
// and nothing of it among the results; without it there is none.
func TestStats(t *testing.T) {
	for _, tt := range []struct {
		line string
		want int // lines at least
	}{
		{"tcp -PN -p 135-139 --stats 500ms 10.0.0.2", 3},
		{"udp -PN -p 161 --stats 500ms 10.0.0.2", 3},
		{"sweep --stats 250ms 10.0.0.3 10.0.0.9", 3},
		{"trace --stats 500ms 10.0.0.9", 1},
		{"tcp -PN -p 22,139 -c 5 --stats 1s 10.0.0.2", 4},
		{"tcp -PN -p 139 --wait-for open --deadline 9s --stats 1s 10.0.0.2", 8},
		{"tcp -PN -p 135-139 10.0.0.2", 0},
	} {
		o := on("lan.net", tt.line+" -o json").run(t)
		n := 0
		for line := range strings.Lines(o.stderr) {
			line = strings.TrimSuffix(line, "\n")
			if !statsLine.MatchString(line) && !strings.Contains(line, "not so by the deadline") {
				t.Errorf("%s: %q", tt.line, line)
			}
			n++
		}
		if n < tt.want || tt.want == 0 && n > 0 || strings.Contains(o.stdout, "packets/s") {
			t.Errorf("%s, %v: %d lines\n%s", tt.line, o.elapsed, n, o.stderr)
		}
	}
}
