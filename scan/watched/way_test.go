package watched

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sonde/scan/report"
)

// TestWays: which rounds are of one way. A letter is who answered, the target T.
func TestWays(t *testing.T) {
	for _, tt := range []struct {
		rounds string
		want   string
	}{
		{"ABT ABT ABT", "1:ABT×3"},
		{"ABT A*T *BT AB* *** ABT", "1:ABT×5"},     // loss makes no ways
		{"ABT ACT ABT ACT ABT", "1:ABT×3 2:ACT×2"}, // it flips
		{"A*T ABT ACT", "1:ABT×2 2:ACT×1"},         // who was silent is known by and by
		{"ABT ABCT ABT", "1:ABT×2 2:ABCT×1"},       // it is longer
		{"ABT AB*T ABT", "1:ABT×2 2:AB*T×1"},       // also where somebody stays silent
		{"AB*T ABT", "1:AB*T×1 2:ABT×1"},           // or was before
		{"AB AB*T ABC* ABCT", "1:ABCT×4"},          // the way is found beyond
		{"ABT ACT A*T ABT A*T", "1:ABT×3 2:ACT×2"}, // who may be either is of the latest
		{"ABT ***** *", "1:ABT×1"},                 // nobody answered
		{"ABT AB** ABT", "1:ABT×3"},                // beyond a target that was silent
		{"T T", "1:T×2"},                           // on the link
	} {
		var w Ways
		for i, round := range strings.Fields(tt.rounds) {
			var from []string
			for _, c := range round {
				from = append(from, map[bool]string{true: "*", false: "10.0.0." + fmt.Sprint(int(c))}[c == '*'])
			}
			var m Model
			put(&m, addr("10.0.0.84"), 1, time.Millisecond, from...)
			hops := m.Targets[0].round.from
			w.count(hops, m.Targets[0].Reached > 0, time.Duration(i)*time.Second)
		}
		var got []string
		for i := range w.List {
			way := ""
			for _, h := range w.List[i].Hops {
				if h.IsValid() {
					way += string(rune(h.As4()[3]))
				} else {
					way += "*"
				}
			}
			got = append(got, fmt.Sprintf("%d:%s×%d", w.List[i].Number(), way, w.List[i].Rounds))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.rounds, s, tt.want)
		}
	}
}

// TestBalanced: where several answer by turns, nobody is told from the others.
func TestBalanced(t *testing.T) {
	var m Model
	target := targets[0].String()
	m.Add(&report.Reroute{Addr: targets[0], Balanced: []uint8{2}})
	for n := range uint32(20) {
		put(&m, targets[0], n+1, time.Millisecond, "10.0.0.1", fmt.Sprintf("10.0.1.%d", n%7), "10.0.0.3", target)
	}
	got := m.Targets[0]
	if len(got.Ways.List) != 1 || got.Ways.List[0].Rounds != 20 || len(got.Hops[1].Who) != 7 {
		t.Errorf("%d ways, %d answer", len(got.Ways.List), len(got.Hops[1].Who))
	}
	if e := got.Events.All(); len(e) != 1 || len(e[0].Balanced) != 1 {
		t.Errorf("%+v", e)
	}
}
