package simnet

import (
	"math"
	"slices"
	"testing"
	"time"

	"sonde/probe/wire"
)

// lineNet has a host behind a line on our interface.
func lineNet(line string) string {
	return "seed 11\nkernel-rst off\niface eth0 10.0.0.1/24\n\t" + line + "\nhosts 10.0.0.2\n"
}

// pings sends n echo requests, one every gap, and returns the answers.
func (r *rig) pings(n int, gap time.Duration) []got {
	for i := range n {
		b := wire.AppendICMP(nil, header("10.0.0.2"), &wire.ICMP{Type: 8, ID: uint16(i >> 16), Seq: uint16(i)}, nil)
		r.send(b)
		if gap > 0 {
			time.Sleep(gap)
		}
	}
	return r.wait(10 * time.Second)
}

func TestLoss(t *testing.T) {
	const n = 20000
	for _, test := range []struct {
		line        string
		there, back float64
	}{
		{"line", 0, 0},
		{"line loss 5%", .05, .05},
		{"line loss 30%", .3, .3},
		{"line there loss 10%", .1, 0},
		{"line back loss 0.5%", 0, .005},
		{"line loss 100%", 1, 0},
	} {
		bubble(t, lineNet(test.line), func(r *rig) {
			got := len(r.pings(n, 0))
			c := r.Counts()
			// 4 standard deviations.
			near := func(what string, got, of uint64, p float64) {
				if d := math.Abs(float64(got) - p*float64(of)); d > 4*math.Sqrt(p*(1-p)*float64(of)) {
					t.Errorf("%s: %s %d of %d, want %.1f %%", test.line, what, got, of, 100*p)
				}
			}
			near("there", c.Lost[there], n, test.there)
			near("back", c.Lost[back], n-c.Lost[there], test.back)
			if uint64(got) != n-c.Lost[there]-c.Lost[back] {
				t.Errorf("%s: %d answers, %+v", test.line, got, c)
			}
		})
	}
}

func TestDelayAndJitter(t *testing.T) {
	bubble(t, lineNet("line there delay 10ms; line back delay 20ms jitter 30ms"), func(r *rig) {
		const n = 5000
		g := r.pings(n, 0)
		var sum time.Duration
		lo, hi := time.Hour, time.Duration(0)
		reordered := 0
		for i, p := range g {
			sum += p.at
			lo, hi = min(lo, p.at), max(hi, p.at)
			if i > 0 && p.ICMP.Seq < g[i-1].ICMP.Seq {
				reordered++
			}
		}
		mean := sum / n
		if len(g) != n || lo < 30*time.Millisecond || hi >= 60*time.Millisecond || mean < 44*time.Millisecond || mean > 46*time.Millisecond || reordered < n/3 {
			t.Errorf("%d answers from %v to %v, mean %v, %d out of order", len(g), lo, hi, mean, reordered)
		}
		if !slices.IsSortedFunc(g, func(a, b got) int { return int(a.at - b.at) }) {
			t.Error("not in the order of time")
		}
	})
}

func TestDuplication(t *testing.T) {
	bubble(t, lineNet("line there dup 10%; line back dup 20%"), func(r *rig) {
		const n = 10000
		got := len(r.pings(n, 0))
		c := r.Counts()
		if want := n + int(c.Duplicated[there]) + int(c.Duplicated[back]); got != want {
			t.Errorf("%d answers, want %d", got, want)
		}
		if c.Duplicated[there] < 900 || c.Duplicated[there] > 1100 || c.Duplicated[back] < 2000 || c.Duplicated[back] > 2400 {
			t.Errorf("%v", c.Duplicated)
		}
	})
}

// A bottleneck of 5,000 packets/s with a queue of 50, by how fast one sends.
func TestBottleneck(t *testing.T) {
	for _, test := range []struct {
		name   string
		n      int
		gap    time.Duration
		lo, hi int // answers
	}{ // all after a rest, which saves up nothing
		{"below", 2000, 250 * time.Microsecond, 2000, 2000},
		{"at the rate", 2000, 200 * time.Microsecond, 2000, 2000},
		{"a burst that fits", 51, 0, 51, 51},
		{"a burst that does not", 1000, 0, 51, 51},
		{"twice the rate", 2000, 100 * time.Microsecond, 1050, 1052},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, lineNet("line there delay 10ms rate 5000/s queue 50"), func(r *rig) {
				time.Sleep(time.Second)
				g := r.pings(test.n, test.gap)
				if len(g) < test.lo || len(g) > test.hi {
					t.Errorf("%d of %d passed, want %d to %d", len(g), test.n, test.lo, test.hi)
				}
				for i, p := range g {
					if i > 0 && p.at-g[i-1].at < 200*time.Microsecond {
						t.Fatalf("packets %v apart", p.at-g[i-1].at)
					}
				}
				if c := r.Counts(); int(c.QueueDrops[there]) != test.n-len(g) || c.QueueDrops[back] != 0 {
					t.Errorf("%+v", c)
				}
			})
		})
	}
}

// Replies of hosts with different delays meet in the bottleneck in the order of
// time, whatever order they were caused in: none is dropped for a queue that
// was not there yet.
func TestBottleneckSeesTheOrderOfTime(t *testing.T) {
	text := "kernel-rst off\niface eth0 10.0.0.1/24\n\tline back rate 2000/s queue 2\n" +
		"hosts 10.0.0.2\n\tline back delay 500ms\nhosts 10.0.0.3\n"
	bubble(t, text, func(r *rig) {
		for range 500 { // 1 ms apart: half of the bottleneck for each host
			r.send(message("10.0.0.2", wire.EchoRequest, ""))
			r.send(message("10.0.0.3", wire.EchoRequest, ""))
			time.Sleep(time.Millisecond)
		}
		if g := r.wait(2 * time.Second); len(g) != 1000 {
			t.Errorf("%d of 1000 answers: %+v", len(g), r.Counts())
		}
	})
}

func TestDown(t *testing.T) {
	bubble(t, lineNet("line down 1s-2s down 3s-4s"), func(r *rig) {
		g := r.pings(50, 100*time.Millisecond)
		for _, p := range g {
			if s := p.at / time.Second; s == 1 || s == 3 {
				t.Errorf("answer at %v", p.at)
			}
		}
		if len(g) != 30 {
			t.Errorf("%d answers, want 30", len(g))
		}
	})
}

func TestBucket(t *testing.T) {
	m := limit{interval: time.Second, burst: 3}
	var b bucket
	var got []int
	for s := range 10 { // 2 a second
		if b.take(m, time.Duration(s)*time.Second) {
			got = append(got, s)
		}
		if b.take(m, time.Duration(s)*time.Second) {
			got = append(got, s)
		}
	}
	if want := []int{0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for n, want := range []bool{true, true, true, false} {
		if b.take(m, time.Hour) != want {
			t.Errorf("after a rest, packet %d: %v; it is full again, and no fuller", n, !want)
		}
	}
	if b := (&bucket{}); !b.take(limit{}, 0) {
		t.Error("no limit is none")
	}
}

// spread is the same for all packets of one host, and different for others.
func TestSpread(t *testing.T) {
	bubble(t, "iface eth0 10.0.0.1/24\nhosts 10.0.0.0/24\n\tline back spread 100ms\n", func(r *rig) {
		var first []time.Duration
		for _, addr := range []string{"10.0.0.2", "10.0.0.3", "10.0.0.4"} {
			for range 5 {
				sent := r.Elapsed()
				r.send(message(addr, wire.EchoRequest, ""))
				rtt := r.wait1(time.Second).at - sent
				if n := len(first); n == 0 || rtt != first[n-1] {
					first = append(first, rtt)
				}
			}
		}
		if len(first) != 3 || slices.Max(first) >= 100*time.Millisecond {
			t.Errorf("round trips %v, want one for each host", first)
		}
	})
}
