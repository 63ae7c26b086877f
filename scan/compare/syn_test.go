package compare

import (
	"fmt"
	"testing"
	"time"
)

// TestSYNs: of 10,000 SYNs that a NAT, a firewall and a bad network had in their hands,
// nearly all get the right verdict, and none a wrong one.
func TestSYNs(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(w *world)
	}{
		{"as usual", func(w *world) { w.syns(10_000, 2*time.Millisecond, true) }},
		{"fast", func(w *world) { w.syns(10_000, 50*time.Microsecond, true) }},
		{"IDs rewritten", func(w *world) { w.nat.ids, w.nat.labels = true, true; w.syns(3_000, 2*time.Millisecond, true) }},
		{"no NAT", func(w *world) { w.nat.addrs, w.nat.ports = false, false; w.syns(10_000, 2*time.Millisecond, false) }},
		{"ports kept", func(w *world) { w.nat.ports = false; w.syns(3_000, 2*time.Millisecond, false) }},
		{"numbers kept", func(w *world) { w.nat.seqs = false; w.syns(10_000, 2*time.Millisecond, false) }},
		{"longer back", func(w *world) { w.back = 30 * time.Millisecond; w.syns(3_000, 2*time.Millisecond, true) }},
		{"without jitter", func(w *world) { w.jitter, w.late, w.copies = 0, 0, 0; w.syns(3_000, 2*time.Millisecond, true) }},
		{"clocks alike", func(w *world) { w.offset, w.drift = 0, 0; w.syns(3_000, 2*time.Millisecond, true) }},
		{"an hour behind", func(w *world) { w.offset, w.drift = -time.Hour, -50; w.syns(3_000, 2*time.Millisecond, true) }},
		{"slow", func(w *world) { w.syns(3_000, 100*time.Millisecond, true) }},
		{"few", func(w *world) { w.syns(10, 300*time.Millisecond, true) }},
	} {
		for _, v6 := range []bool{false, true} {
			for seed := range uint64(2) {
				t.Run(fmt.Sprintf("%s, IPv6 %v, seed %d", tt.name, v6, seed), func(t *testing.T) {
					w := newWorld(seed, v6)
					tt.set(w)
					r := w.compare(t)
					right, unsure, wrong := w.score(t, r)
					t.Logf("%d right, %d unsure, %d wrong; clock %+v", right, unsure, wrong, r.all.Clock)
					if wrong > 0 || unsure > max(1, len(w.truth)/1000) {
						t.Errorf("%d right, %d unsure, %d wrong", right, unsure, wrong)
					}
				})
			}
		}
	}
}
