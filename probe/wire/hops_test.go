package wire

import "testing"

func TestHops(t *testing.T) {
	for _, tt := range []struct{ ttl, hops uint8 }{
		{0, 0}, // not known
		{1, 32}, {30, 3}, {31, 2}, {32, 1},
		{33, 32}, {60, 5}, {64, 1},
		{65, 64}, {120, 9}, {128, 1},
		{129, 127}, {250, 6}, {255, 1},
	} {
		if got := Hops(tt.ttl); got != tt.hops {
			t.Errorf("TTL %d: %d hops, want %d", tt.ttl, got, tt.hops)
		}
	}
}
