package job

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sonde/scan/simnet"
)

// TestTraceBothFamilies: targets of both families cost what those of each cost by themselves:
// what the ways of a family have in common is asked once.
func TestTraceBothFamilies(t *testing.T) {
	text := "iface eth0 10.0.0.1/24 fd00::1/64\nroute 0.0.0.0/0 via 10.0.0.2\nroute ::/0 via fd00::2\n"
	names := ""
	for i := range 8 {
		text += fmt.Sprintf("router r%d 10.%d.0.2 fd0%d::2\n\tline delay 5ms\n", i, i, i)
		names += fmt.Sprintf(" r%d", i)
	}
	text += "path 10.9.0.0/16" + names + "\npath fd09::/64" + names + "\nhosts 10.9.0.0/24\nhosts fd09::/120\n"
	simulated, err := simnet.Parse("both", text)
	if err != nil {
		t.Fatal(err)
	}
	var four, six []string
	for i := range 20 {
		four, six = append(four, fmt.Sprintf("10.9.0.%d", i+1)), append(six, fmt.Sprintf("fd09::%x", i+1))
	}
	for _, watch := range []bool{false, true} {
		sent := func(words ...string) int {
			n := 0
			s := &Spec{Command: "trace", Targets: Targets{Words: words}}
			if watch {
				s = watchSpec(words, 5*time.Second)
			}
			o, _, err := virtually(t, world(simulated, &n), s)
			if code, reason := o.Exit(); err != nil || code != ExitYes {
				t.Fatalf("watch %v: exit %d (%s), %v", watch, code, reason, err)
			}
			return n
		}
		apart, both := sent(four...)+sent(six...), sent(strings.Fields(strings.Join(four, " ")+" "+strings.Join(six, " "))...)
		// A question or two more for each target may leave before its answer is there.
		if t.Logf("watch %v: %d packets together, %d apart", watch, both, apart); both > apart+2*len(four) {
			t.Errorf("watch %v: %d packets together, %d apart", watch, both, apart)
		}
	}
}
