package scan

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
)

// oneWay routes everything by one way.
type oneWay []Way

func (w oneWay) Ways() []Way           { return w }
func (w oneWay) Way(netip.Addr) uint16 { return 0 }
func (w oneWay) Local(netip.Addr) bool { return false }

// repeating is a Link on which the same packets come in so many times.
type repeating struct {
	packets []Packet
	times   int
	before  func() // called before they come in again
}

func (l *repeating) Recv(into []Packet) (int, error) {
	if l.times--; l.times < 0 {
		return 0, ErrClosed
	}
	if l.before != nil {
		l.before()
	}
	return copy(into, l.packets), nil
}

func (l *repeating) Send(packets []Packet) (int, error) { return len(packets), nil }
func (l *repeating) Waiting() bool                      { return false }

func (l *repeating) Takes(p *Packet, _ *wire.Packet) bool {
	return wire.Intact(p.B, p.Type, p.Sums)
}

func (l *repeating) Drops() uint64 { return 0 }
func (l *repeating) Close() error  { return nil }

// hearing is an engine with so many runs of one plan each. On link come the
// answers to what the first of them has asked; burst of them are there at a time.
func hearing(t testing.TB, runs int) (*Engine, *repeating) {
	t.Helper()
	link := &repeating{}
	own := netip.MustParseAddr("192.0.2.1")
	e := newEngine(Config{Link: link, Routes: oneWay{{Src: own, Own: own}}, Start: time.Now(), Timing: Template(5), Ports: probe.Ports{First: 61000, N: 4000}})
	for range runs {
		p := &Plan{Targets: hosts(1 << 12), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}}
		if err := p.Compile(); err != nil {
			t.Fatal(err)
		}
		r := newRun(e, e.number(), p)
		r.borrow(t.Context())
		a := r.asker()
		r.askers = append(r.askers, a)
		a.take(time.Millisecond, burst)
		for i := range a.asks {
			packet, _ := a.build(time.Millisecond, &a.asks[i], nil)
			if len(e.runs) == 0 {
				answer := probetest.Replies(packet.B, packet.Type)[0]
				link.packets = append(link.packets, Packet{Type: answer.Type, B: answer.B, At: 2 * time.Millisecond})
			}
		}
		e.add(r)
	}
	if len(link.packets) != burst {
		t.Fatalf("%d questions", len(link.packets))
	}
	return e, link
}

// TestReceive hears answers, and as many forgeries of them, with several runs under
// way: each forgery is unsolicited once, and nothing is allocated for a packet.
func TestReceive(t *testing.T) {
	const rounds = 100
	for _, runs := range []int{1, 3} {
		e, link := hearing(t, runs)
		for i := range link.packets[:burst/2] {
			link.packets[i].B[20+8] ^= 1 // what it acknowledges
		}
		objects := testing.AllocsPerRun(1, func() { // calls it twice
			link.times = rounds
			if err := e.receive(); err != nil {
				t.Error(err)
			}
		})
		if objects > 20 { // of the receive loop itself
			t.Errorf("%d runs: %v objects for %d packets", runs, objects, rounds*burst)
		}
		received, unsolicited := uint64(0), uint64(0)
		for _, r := range e.runs {
			received += r.stats.Received
			unsolicited += r.stats.Unsolicited
		}
		if received != rounds*burst || unsolicited != received || e.runs[0].stats.Received != received {
			t.Errorf("%d runs: %d received and %d unsolicited of %d each", runs, received, unsolicited, rounds*burst)
		}
	}
}

// BenchmarkReceive is what a packet costs in the receive loop, by how many runs are
// under way. All packets are answers to the first of these.
func BenchmarkReceive(b *testing.B) {
	for _, runs := range []int{1, 2, 8} {
		b.Run(fmt.Sprint(runs), func(b *testing.B) {
			e, link := hearing(b, runs)
			link.times = b.N/burst + 1
			b.ReportAllocs()
			b.ResetTimer()
			if err := e.receive(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// counting is a Tap that counts.
type counting struct{ sent, received int }

func (c *counting) Sent(Passed)     { c.sent++ }
func (c *counting) Received(Passed) { c.received++ }

// TestLate: what comes in while a run ends is counted and shown to the Tap, or neither.
func TestLate(t *testing.T) {
	for _, late := range []bool{false, true} {
		e, link := hearing(t, 1)
		tap := &counting{}
		e.cfg.Tap = tap
		r, want := e.runs[0], burst
		if late {
			link.before, want = func() { r.end() }, 0
		}
		link.times = 1
		if err := e.receive(); err != nil {
			t.Fatal(err)
		}
		if s := r.end(); tap.received != want || s.Received != uint64(want) || s.Unsolicited != 0 {
			t.Errorf("late %v: %d were shown, %+v", late, tap.received, s)
		}
	}
}
