package trace_test

import (
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/trace"
)

// TestLoops: a routing loop is named, and not asked to its end.
func TestLoops(t *testing.T) {
	for _, tt := range []struct {
		name, script, routers string
		hop, ends             int
	}{
		{"two routers", "A (B C)*", "B C", 2, 6},
		{"from the first hop on", "(A B)*", "A B", 1, 5},
		{"three", "A (B C D)*", "B C D", 2, 7},
		{"four", "(A B C D)*", "A B C D", 1, 7},
		{"five behind three", "A B C (D E F G H)*", "D E F G H", 4, 11},
		{"one of two silent", "A (B -)*", "B", 2, 10},
		{"two of three silent", "A (B - -)*", "B", 2, 14},
		{"behind a silent hop", "A - (B C)*", "B C", 3, 7},
		{"one router alone", "A B*", "B", 2, 6},
		{"answers that are missing", "A B C - C B - B (C B)*", "B C", 2, 8},
		{"errors that are limited", "A B C B C B C B C -*", "B C", 2, 6},
		{"with labels", "A (B[16] C[17,18])*", "B C", 2, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, v6 bool, c trace.Config) {
				p := play(t, tt.script, c)
				f := p.Finding()
				if f == nil || p.Loop == nil {
					t.Fatalf("no loop in %s", p.hops())
				}
				routers := ""
				for i, r := range f.Routers {
					if i > 0 {
						routers += " "
					}
					b := r.AsSlice()
					routers += string(b[len(b)-1])
				}
				if routers != tt.routers || int(f.Hop) != tt.hop || f.Doubt != probe.Loop || f.Addr != c.Target {
					t.Errorf("between %s from hop %d on, want %s from %d: %+v", routers, f.Hop, tt.routers, tt.hop, f)
				}
				if len(p.Hops) != tt.ends || p.Reached {
					t.Errorf("%d hops, want %d, reached %v: %s", len(p.Hops), tt.ends, p.Reached, p.hops())
				}
				if state, reason := p.State(); state != probe.Unknown || reason != probe.TimeExceeded {
					t.Errorf("%v, %v", state, reason)
				}
				if p.sent > 3*tt.ends+30 || p.asked[30] == 0 {
					t.Errorf("%d packets: %v", p.sent, p.asked)
				}
			})
		})
	}
}

// TestNoLoops: what only looks like a loop is none.
func TestNoLoops(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"a router that does not count down", "A B B C T*", "A B B C T="},
		{"two of them", "A B B C C T*", "A B B C C T="},
		{"one that does not, before silence", "A B B -*", "A B B"},
		{"three times the same", "A B B B C T*", "A B B B C T="},
		{"four times, before silence", "A B B B B -*", "A B B B B"},
		{"somebody who says so of all packets", "A B~*", "A" + strings.Repeat(" B", 29)},
		{"others behind what seems to be one", "A" + strings.Repeat(" B C", 14) + " D", "A" + strings.Repeat(" B C", 14) + " D"},
		{"TTL 0 passed on", "A C C D T*", "A C C D T="},
		{"ways of different length", "A B/C C/B D T*", "A B C D T="},
		{"one router on two ways", "A B C B D T*", "A B C B D T="},
		{"to and fro once", "A B A B C T*", "A B A B C T="},
		{"to and fro once, before silence", "A B A B -*", "A B A B"},
		{"through a firewall and back", "A B F B C F C D T*", "A B F B C F C D T="},
		{"a target behind what seems to be one", "A B C B C B C B C D T*", "A B C B C B C B C D T="},
		{"a silent way", "A B C -*", "A B C"},
		{"the same address in many places", "A B A C A D A E A F T*", "A B A C A D A E A F T="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, v6 bool, c trace.Config) {
				p := play(t, tt.script, c)
				if got := p.hops(); got != tt.want || p.Loop != nil || p.Finding() != nil {
					t.Errorf("the way is %s, want %s, loop %+v", got, tt.want, p.Loop)
				}
			})
		})
	}
}
