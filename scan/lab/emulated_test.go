package lab_test

import (
	"encoding/binary"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// emulated is two hosts and a link between them, in both families.
func emulated(t *testing.T, there, back lab.Impair) (a, b *lab.Host) {
	t.Helper()
	labtest.NeedTUN(t)
	n := labtest.New(t)
	a, b = n.Host("a"), n.Host("b")
	n.Emulated(a, b, there, back, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	return a, b
}

// settled is how long nothing may come before count believes that all has come.
const settled = 500 * time.Millisecond

// count sends numbered datagrams to port 9, with pause between two of them, and
// returns the numbers in the order in which they arrive.
func count(t *testing.T, a, b *lab.Host, addr string, n int, pause time.Duration) (numbers []int) {
	t.Helper()
	wire := b.Capture("tun0")
	err := a.Do(func() error {
		c, err := net.Dial("udp", net.JoinHostPort(addr, "9"))
		if err != nil {
			return err
		}
		defer c.Close()
		for i := range n {
			if _, err := c.Write(binary.BigEndian.AppendUint32(nil, uint32(i))); err != nil {
				return err
			}
			time.Sleep(pause)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range wire.PacketsAfter(settled).In() {
		if u := p.UDP(); u != nil {
			numbers = append(numbers, int(binary.BigEndian.Uint32(u.Payload)))
		}
	}
	return numbers
}

// TestEmulatedLoss: of what is sent a share arrives, the same again with the
// same seed, in order and once.
func TestEmulatedLoss(t *testing.T) {
	const n, loss = 4000, 0.3
	for _, addr := range []string{"10.1.0.2", "fd01::2"} {
		var before []int
		for range 2 {
			a, b := emulated(t, lab.Impair{Seed: 3, Loss: loss}, lab.Impair{})
			b.UDP(9, lab.Sink)
			got := count(t, a, b, addr, n, 0)
			want, spread := n*(1-loss), 5*math.Sqrt(n*loss*(1-loss))
			if math.Abs(float64(len(got))-want) > spread {
				t.Errorf("%s: %d of %d arrived, want %.0f ± %.0f", addr, len(got), n, want, spread)
			}
			if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
				t.Errorf("%s: not in order, or twice", addr)
			}
			if before != nil && !slices.Equal(before, got) {
				t.Errorf("%s: the same seed loses others", addr)
			}
			before = got
		}
	}
}

// TestEmulatedDuplicates: a share arrives twice, and nothing is lost.
func TestEmulatedDuplicates(t *testing.T) {
	const n, share = 4000, 0.1
	a, b := emulated(t, lab.Impair{Seed: 4, Duplicate: share, Delay: time.Millisecond}, lab.Impair{})
	b.UDP(9, lab.Sink)
	got := count(t, a, b, "10.1.0.2", n, 0)
	if spread := 5 * math.Sqrt(n*share*(1-share)); math.Abs(float64(len(got)-n)-n*share) > spread {
		t.Errorf("%d of %d arrived twice, want %v ± %.0f", len(got)-n, n, n*share, spread)
	}
	if once := slices.Compact(got); len(once) != n || !slices.IsSorted(once) {
		t.Errorf("%d different ones, want all %d, in order", len(once), n)
	}
}

// TestEmulatedReorder: jitter keeps the order; reordering lets others overtake
// about the share that was asked for.
func TestEmulatedReorder(t *testing.T) {
	const n, share = 1000, 0.1
	for _, tt := range []struct {
		name   string
		impair lab.Impair
		want   float64
	}{
		{"jitter", lab.Impair{Seed: 5, Delay: time.Millisecond, Jitter: 5 * time.Millisecond}, 0},
		{"reorder", lab.Impair{Seed: 5, Delay: time.Millisecond, Reorder: share, Late: 20 * time.Millisecond}, share},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := emulated(t, tt.impair, lab.Impair{})
			b.UDP(9, lab.Sink)
			got := count(t, a, b, "10.1.0.2", n, 100*time.Microsecond)
			if len(got) != n {
				t.Fatalf("%d of %d arrived", len(got), n)
			}
			overtaken, highest := 0, -1
			for _, i := range got {
				if i < highest {
					overtaken++
				}
				highest = max(highest, i)
			}
			// The last ones have nobody behind them.
			if spread := 5*math.Sqrt(n*tt.want*(1-tt.want)) + n*tt.want/5; math.Abs(float64(overtaken)-n*tt.want) > spread {
				t.Errorf("%d of %d were overtaken, want %v ± %.0f", overtaken, n, n*tt.want, spread)
			}
		})
	}
}

// TestEmulatedDelay: each direction has its own.
func TestEmulatedDelay(t *testing.T) {
	const there, back = 40 * time.Millisecond, 20 * time.Millisecond
	a, b := emulated(t, lab.Impair{Delay: there}, lab.Impair{Delay: back})
	b.UDP(7, lab.Echo)
	for _, addr := range []string{"10.1.0.2:7", "[fd01::2]:7"} {
		near, far := a.Capture("tun0"), b.Capture("tun0")
		send(t, a, addr, 1)
		udp := func(p *lab.Packet) bool { return p.UDP() != nil }
		near.Await(patience, func(p *lab.Packet) bool { return !p.Out && udp(p) })
		out, in := near.PacketsAfter(300*time.Millisecond).Find(udp), far.Packets().Find(udp)
		if len(out) != 2 || len(in) != 2 {
			t.Fatalf("%s: want a datagram and its echo, got\n%v%v", addr, out, in)
		}
		// A busy machine makes it later, never earlier.
		if d := in[0].At.Sub(out[0].At); d < there || d > there+patience {
			t.Errorf("%s: %v on the way there, want %v", addr, d, there)
		}
		if d := out[1].At.Sub(in[1].At); d < back || d > back+patience {
			t.Errorf("%s: %v on the way back, want %v", addr, d, back)
		}
	}
}

// TestEmulatedThroughput: a fast sender loses nothing, with a delay too.
func TestEmulatedThroughput(t *testing.T) {
	const n = 8000 // as many as a capture can hold
	a, b := emulated(t, lab.Impair{Delay: 5 * time.Millisecond}, lab.Impair{})
	b.UDP(9, lab.Sink)
	start := time.Now()
	got := count(t, a, b, "10.1.0.2", n, 0)
	took := time.Since(start) - settled
	if len(got) != n || !slices.IsSorted(got) {
		t.Errorf("%d of %d arrived", len(got), n)
	}
	t.Logf("%.0f packets a second", n/took.Seconds()) // how fast is the machine's business
}
