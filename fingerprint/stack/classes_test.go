package stack

import (
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		window, mss uint16
		scale       int
		ts          bool
		want        string
	}{
		{65160, 1460, 7, true, "fill"}, {64240, 1460, 7, false, "fill"}, {64260, 1440, 7, true, "fill"}, {64800, 1440, 7, false, "fill"},
		{65483, 65495, 7, true, "fill"}, {65495, 65495, 7, false, "fill"}, {62636, 8960, 7, true, "fill"},
		{65236, 1400, 7, true, "fill"},
		{65160, 1360, 7, true, "fill"}, // the MSS was lowered on the way
		{28960, 1460, 7, true, "20x"}, {29200, 1460, 7, false, "20x"}, {14600, 1460, 7, false, "10x"}, {5840, 1460, 7, false, "4x"},
		{29184, 1460, 7, true, "20m"}, {28800, 1440, 7, true, "20m"}, {29184, 1460, 0, true, "29184"}, {16384, 1460, 3, true, "16384"}, {65535, 1460, 7, true, "65535"}, {0, 1460, 7, false, "0"}, {8192, 0, 0, false, "8192"}, {8192, 10, 99, true, "8192"},
	} {
		if got := Window(c.window, c.mss, c.scale, c.ts); got != c.want {
			t.Errorf("%d at MSS %d, timestamps %v: %s, want %s", c.window, c.mss, c.ts, got, c.want)
		}
	}
}

func TestBegan(t *testing.T) {
	for ttl, want := range map[uint8]string{1: "32", 32: "32", 33: "64", 57: "64", 64: "64", 65: "128", 128: "128", 129: "255", 255: "255"} {
		if got := Began(ttl); got != want {
			t.Errorf("%d: %s, want %s", ttl, got, want)
		}
	}
}

// series is two flows that are asked at 0 and at 620 ms; the second 1 ms behind the first.
func series(number func(flow int, at time.Duration, n uint32) uint32) []Ask {
	var list []Ask
	for n, at := range []time.Duration{0, time.Millisecond, 620 * time.Millisecond, 621 * time.Millisecond} {
		v := number(n%2, at, uint32(n))
		list = append(list, Ask{Flow: n % 2, At: at, ISN: v, TS: v, ID: uint16(v)})
	}
	return list
}

// ticks is a clock that each flow has at another place, near the wrap of 32 bits.
func ticks(rate float64) func(int, time.Duration, uint32) uint32 {
	return func(flow int, at time.Duration, _ uint32) uint32 {
		return uint32(4e9) + uint32(flow)*777777777 + uint32(at.Seconds()*rate)
	}
}

func dice(flow int, at time.Duration, n uint32) uint32 {
	x := (n + 7) * 0x9e3779b9
	return (x ^ x>>15) * 0x85ebca6b
}

func TestISNClass(t *testing.T) {
	for _, c := range []struct {
		number func(int, time.Duration, uint32) uint32
		want   string
	}{
		{ticks(15.625e6), "15.6M"}, {ticks(15.4e6), "15.6M"}, {ticks(7.8125e6), "7.8M"}, {ticks(31.25e6), "31.3M"}, {ticks(250e3), "0.25M"},
		{ticks(22e6), "random"}, {dice, "random"},
		{func(_ int, _ time.Duration, n uint32) uint32 { return 6510 + n }, "counter"},
		{func(_ int, _ time.Duration, n uint32) uint32 { return 300000*n - 3 }, "counter"},
		{func(_ int, _ time.Duration, n uint32) uint32 { return 6510 + n/2 }, "counter"},
		{func(_ int, _ time.Duration, n uint32) uint32 { return 5 + 64000*n }, "+64000"},
		{func(_ int, _ time.Duration, n uint32) uint32 { return 42 }, "same"},
		{func(flow int, _ time.Duration, n uint32) uint32 { return uint32(flow+1) * 99999 }, ""}, // still half-open
	} {
		if got := ISNClass(series(c.number)); got != c.want {
			t.Errorf("%v: %q, want %q", series(c.number), got, c.want)
		}
	}
	if got := ISNClass(series(ticks(15.625e6))[:2]); got != "" {
		t.Errorf("two answers: %q", got)
	}
}

func TestTimestamps(t *testing.T) {
	for _, c := range []struct {
		number      func(int, time.Duration, uint32) uint32
		rate, scope string
	}{
		{ticks(1000), "1000", "connection"}, {ticks(100), "100", "connection"},
		{func(_ int, at time.Duration, _ uint32) uint32 { return 99 + uint32(at.Milliseconds()) }, "1000", "host"},
		{dice, "other", ""},
	} {
		if rate, scope := Timestamps(series(c.number)); rate != c.rate || scope != c.scope {
			t.Errorf("%v: %q %q, want %q %q", series(c.number), rate, scope, c.rate, c.scope)
		}
	}
	if rate, scope := Timestamps(series(ticks(1000))[:2]); rate != "" || scope != "" {
		t.Errorf("two answers: %q %q", rate, scope)
	}
}

func TestIDClass(t *testing.T) {
	for _, c := range []struct {
		number func(int, time.Duration, uint32) uint32
		want   string
	}{
		{func(int, time.Duration, uint32) uint32 { return 0 }, "zero"}, {func(int, time.Duration, uint32) uint32 { return 7 }, "same"},
		{func(_ int, _ time.Duration, n uint32) uint32 { return 65534 + n }, "incr"},
		{func(_ int, _ time.Duration, n uint32) uint32 { return (5 + n) << 8 }, "swapped"}, {dice, "random"},
	} {
		if got := IDClass(series(c.number)); got != c.want {
			t.Errorf("%v: %q, want %q", series(c.number), got, c.want)
		}
	}
}
