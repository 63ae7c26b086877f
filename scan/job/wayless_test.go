package job

import (
	"slices"
	"strings"
	"testing"

	"sonde/scan/report"
)

// TestRangesWithoutWay: of a range to which there is no way nothing is asked, at once,
// however large it is: exit 4, and a note says which stretch and why. What has a way is
// asked as ever, and what is named by itself is reported.
func TestRangesWithoutWay(t *testing.T) {
	for _, tt := range []struct {
		name  string
		s     Spec
		code  int
		notes []string
		ports int // records
	}{
		{"a refused range", Spec{Command: "tcp", Targets: Targets{Words: []string{"198.51.100.0/24"}}, Ask: Ask{Ports: "80"}}, ExitLocal,
			[]string{"198.51.100.0-198.51.100.255 (256 addresses) not asked: a route says unreachable"}, 0},
		{"without a sweep", Spec{Command: "udp", Targets: Targets{Words: []string{"198.51.100.0/24"}}, Ask: Ask{Ports: "53", Ping: []string{"N"}}}, ExitLocal,
			[]string{"198.51.100.0-198.51.100.255 (256 addresses) not asked: a route says unreachable"}, 0},
		{"part of a range", Spec{Command: "sweep", Targets: Targets{Words: []string{"203.0.112.0/23"}}}, ExitLocal,
			[]string{"203.0.113.0-203.0.113.255 (256 addresses) not asked: a route says prohibited"}, 0},
		{"two of them", Spec{Command: "sweep", Targets: Targets{Words: []string{"198.51.100.0/24", "203.0.113.0/24"}}}, ExitLocal,
			[]string{"198.51.100.0-198.51.100.255 (256 addresses) not asked: a route says unreachable",
				"203.0.113.0-203.0.113.255 (256 addresses) not asked: a route says prohibited"}, 0},
		{"named by itself", Spec{Command: "tcp", Targets: Targets{Words: []string{"198.51.100.7"}}, Ask: Ask{Ports: "80,81"}}, ExitLocal, nil, 2},
		{"beside what has a way", Spec{Command: "tcp", Targets: Targets{Words: []string{"198.51.100.0/24", "10.0.0.2"}}, Ask: Ask{Ports: "80"}}, ExitLocal,
			[]string{"198.51.100.0-198.51.100.255 (256 addresses) not asked: a route says unreachable"}, 1},
	} {
		sent := 0
		o, list, err := virtually(t, onNetwork(t, "lan.net", &sent), &tt.s)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		first := list[0].(*report.Scan)
		if code, why := o.Exit(); code != tt.code || !slices.Equal(first.Notes, tt.notes) || portRecords(list) != tt.ports {
			t.Errorf("%s: exit %d (%s), %d ports, notes:\n%s", tt.name, code, why, portRecords(list), strings.Join(first.Notes, "\n"))
		}
		if len(tt.s.Targets.Words) == 1 && tt.name != "part of a range" && sent > 0 {
			t.Errorf("%s: %d packets left", tt.name, sent)
		}
		for _, r := range list {
			if p, ok := r.(*report.Port); ok && p.State.String() == "filtered" {
				t.Errorf("%s: %v is called filtered", tt.name, p.Addr)
			}
		}
	}
}
