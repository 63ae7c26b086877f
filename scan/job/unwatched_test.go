package job

import (
	"errors"
	"slices"
	"testing"

	"sonde/scan/network"
	"sonde/scan/report"
)

// TestUnwatched: where the kernel has ceased to tell of changes in the middle of a run,
// that is said at its end, by whichever of its links; where it has not, nothing is.
func TestUnwatched(t *testing.T) {
	gone := errors.New("recvfrom: no more")
	for _, tt := range []struct {
		name   string
		spec   Spec
		failed int // which of the links; 0: none
	}{
		{"a scan, nothing", Spec{Command: "tcp", Ask: Ask{Ports: "80"}}, 0},
		{"a scan", Spec{Command: "tcp", Ask: Ask{Ports: "80"}}, 1},
		{"a trial, nothing", Spec{Command: "trial", Ask: Ask{Ports: "80"}, Pace: Pace{Count: new(4)}, Trial: Trial{Vary: []string{"source-port=4000|5000"}}}, 0},
		{"a trial, its second link", Spec{Command: "trial", Ask: Ask{Ports: "80"}, Pace: Pace{Count: new(4)}, Trial: Trial{Vary: []string{"source-port=4000|5000"}}}, 2},
	} {
		var told []string
		env := onNetwork(t, "lan.net", nil)
		open, links := env.Open, 0
		env.Open = func(r *network.Request) (*network.Network, error) {
			n, err := open(r)
			if links++; err == nil && links == tt.failed {
				n.Unwatched = func() error { return gone }
			}
			return n, err
		}
		env.Note = func(note string) { told = append(told, note) }
		tt.spec.Targets.Words = []string{"10.0.0.2"}
		_, list, err := virtually(t, env, &tt.spec)
		if err != nil || links < tt.failed || len(list) == 0 {
			t.Fatalf("%s: %v, %d links", tt.name, err, links)
		}
		end, _ := list[len(list)-1].(*report.End)
		want := map[bool]string{true: gone.Error()}[tt.failed > 0]
		if said := slices.Contains(told, network.Blind(gone)); said != (tt.failed > 0) || end == nil || end.Unwatched != want {
			t.Errorf("%s: told %q, %+v", tt.name, told, end)
		}
	}
}
