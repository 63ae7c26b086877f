package trace_test

import (
	"slices"
	"testing"

	"sonde/scan/trace"
)

// TestReturn: how far an answer has come is told from what is left of its TTL, and of a
// target whose answers come another way it is not as far as the way there.
func TestReturn(t *testing.T) {
	eachWay(t, func(t *testing.T, _ bool, c trace.Config) {
		for text, want := range map[string][]uint8{"A B C T": {1, 2, 3, 4}, "near A - C T": {1, 0, 3, 1}} {
			if text[0] == 'n' && c.Port == 80 {
				continue // a SYN-ACK from so near moves the target: see pull
			}
			p := play(t, text, c)
			var got []uint8
			for _, r := range p.Records() {
				got = append(got, r.Return)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", text, got, want)
			}
		}
	})
}
