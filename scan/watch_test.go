package scan_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// serve calls body with an engine on a simulated network, in virtual time.
func serve(t *testing.T, network string, tap scan.Tap, body func(t *testing.T, e *scan.Engine) error) {
	t.Helper()
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: firstPort, N: 4000}, Tap: tap}
		if err := scan.Serve(cfg, func(e *scan.Engine) error { return body(t, e) }); err != nil {
			t.Error(err)
		}
	})
}

// stuckTap stands still at the first reply until it is let go.
type stuckTap struct {
	mu             sync.Mutex
	sent, received int
	stuck, free    chan struct{}
}

func (s *stuckTap) Sent(scan.Passed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
}

func (s *stuckTap) Received(scan.Passed) {
	if s.received++; s.received == 1 {
		close(s.stuck)
		<-s.free
	}
}

// TestTapThatBlocks: while somebody who looks at packets stands still, runs tell how
// far they are, others begin, send and are ended. Nothing is told twice, or not at all.
func TestTapThatBlocks(t *testing.T) {
	tap := &stuckTap{stuck: make(chan struct{}), free: make(chan struct{})}
	var stats [2]scan.Stats
	serve(t, "rcvbuf 1000\n"+mixedHost, tap, func(t *testing.T, e *scan.Engine) error {
		tap.stuck, tap.free = make(chan struct{}), make(chan struct{}) // of this bubble
		var wg sync.WaitGroup
		wg.Go(func() {
			p := scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 120)...), Craft: linux(t)}
			var err error
			if stats[0], err = e.Run(context.Background(), &p, func(*scan.Result) {}); err != nil {
				t.Error(err)
			}
		})
		<-tap.stuck
		if p := e.Progress(); p.Questions != 120 || p.Received == 0 {
			t.Errorf("%+v", p)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p := scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.UDP}, Asks: asks(0, portRange(1, 50)...)}
		var err error
		if stats[1], err = e.Run(ctx, &p, func(*scan.Result) {}); err != nil || stats[1].Sent < 50 || !stats[1].Interrupted {
			t.Errorf("beside it: %+v, %v", stats[1], err)
		}
		close(tap.free)
		wg.Wait()
		return nil
	})
	if sum := stats[0].Plus(stats[1]); !stats[0].Complete || uint64(tap.sent) != sum.Sent || uint64(tap.received) != sum.Received {
		t.Errorf("%d sent and %d received were told of %+v", tap.sent, tap.received, sum)
	}
}

// curious is a Watcher that asks the engine whenever it is told something, and stops
// the run when it has been told often enough.
type curious struct {
	scan.NoWatcher
	engine                              *scan.Engine
	plan                                *scan.Plan
	leaving, stray, later, heard, stops int
}

func (c *curious) Leaving(probe.Probe, time.Duration, []byte) {
	c.engine.Progress()
	c.leaving++
}

func (c *curious) Stray(q probe.Probe, r *probe.Reply) { c.told(&c.stray, q.Port == 23) }
func (c *curious) Later(q probe.Probe, r *probe.Reply) { c.told(&c.later, q.Port == 22) }
func (c *curious) Heard(r *scan.Result)                { c.told(&c.heard, r.Verdict != (probe.Verdict{})) }

func (c *curious) told(n *int, right bool) {
	c.engine.Progress()
	if right {
		*n++
	}
	if c.stops > 0 && *n == c.stops {
		c.engine.Stop(c.plan)
	}
}

const answersTwice = "iface eth0 10.0.0.1/24\nroute 0.0.0.0/0 via 10.0.0.2\nrouter r1 10.0.0.2\n\tline delay 5ms\n\tline back dup 100%\npath 10.1.0.0/16 r1\nhosts 10.1.0.5\n\ttcp open 22\n\ttcp drop 445\n\tudp echo 23\n"

// TestWatcher: a Watcher is told of every packet, of answers that are stray or come
// later, and of results, and may ask the engine then.
func TestWatcher(t *testing.T) {
	for name, plan := range map[string]scan.Plan{
		"TTLs":  {TTLs: 5, KeepFlow: true, Settle: scan.SettleNever, Asks: asks(0, 23), Kinds: []probe.Kind{probe.UDP}}, // a datagram tells no TTL
		"ports": {Asks: asks(0, 22, 445), Kinds: []probe.Kind{probe.SYN}},
	} {
		w := &curious{plan: &plan}
		results := 0
		var stats scan.Stats
		serve(t, answersTwice, nil, func(t *testing.T, e *scan.Engine) (err error) {
			plan.Targets, plan.Craft, plan.Watcher = targets(t, "10.1.0.5/32"), linux(t), w
			w.engine = e
			stats, err = e.Run(t.Context(), &plan, func(*scan.Result) { results++ })
			return err
		})
		if w.leaving != int(stats.Sent) || w.heard != results || results != int(plan.Len()) || name == "TTLs" != (w.stray > 0) || name == "ports" != (w.later > 0) {
			t.Errorf("%s: %+v of %d results, %+v", name, w, results, stats)
		}
	}
}

// TestStop ends runs from within: there are no further results, but statistics of a
// run that is complete, though its context has ended, too, and no socket stays open.
func TestStop(t *testing.T) {
	for _, kernel := range []bool{false, true} {
		network, err := simnet.Parse(t.Name(), mixedHost)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			link, sockets := network.Open(), newFewSockets(t, 100)
			plan := scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 200)...)}
			if kernel {
				plan.Sockets, plan.Kinds = true, []probe.Kind{probe.Connect}
			}
			w := &curious{plan: &plan, stops: 7}
			plan.Watcher = w
			cfg := scan.Config{Link: link, Routes: link, Sockets: sockets, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: firstPort, N: 4000}}
			err := scan.Serve(cfg, func(e *scan.Engine) error {
				w.engine = e
				e.Stop(&plan) // it is not under way: that does nothing
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				results := 0
				stats, err := e.Run(ctx, &plan, func(*scan.Result) {
					if results++; results == 7 {
						cancel()
					}
				})
				if w.heard != 7 || results != 7 || !stats.Complete || stats.Interrupted || stats.Sent < 7 || stats.Sent >= 200 || stats.Silent != 0 {
					t.Errorf("kernel %v: %d heard, %d results, %+v", kernel, w.heard, results, stats)
				}
				if len(sockets.open) > 0 {
					t.Errorf("%d sockets are open", len(sockets.open))
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLaterComesAfterItsResult: of two answers that come at the same moment the first is
// handed out before the second is told, however the goroutines fall: else who compares
// them does so with nothing.
func TestLaterComesAfterItsResult(t *testing.T) {
	var ports []uint16
	for n := range uint16(2000) {
		ports = append(ports, n+1)
	}
	w := &ordered{known: map[uint16]bool{}}
	p := scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, ports...), Watcher: w}
	simulate(t, job{network: mute, plan: p, link: answersTo(func(_ int, sent *wire.Packet, _ []byte) [][]byte {
		back := tcpBack(sent, wire.TCP{Flags: wire.SYN | wire.ACK, Ack: sent.TCP.Seq + 1})
		return [][]byte{back, back}
	})})
	if w.later != len(ports) || w.early > 0 {
		t.Errorf("%d of %d told, %d of them before their results", w.later, len(ports), w.early)
	}
}

// ordered is a Watcher that counts later answers to questions without a result.
type ordered struct {
	scan.NoWatcher
	known        map[uint16]bool
	later, early int
}

func (o *ordered) Heard(r *scan.Result) { o.known[r.Probe.Port] = true }

func (o *ordered) Later(q probe.Probe, _ *probe.Reply) {
	if o.later++; !o.known[q.Port] {
		o.early++
	}
}
