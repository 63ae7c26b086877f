package trace_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
	"sonde/scan/trace"
)

// behindEight are networks behind eight routers: 10.9.x.0/24 is behind the eighth, and
// some of its neighbours behind others.
func behindEight(option string) string {
	var b strings.Builder
	b.WriteString("kernel-rst off\niface eth0 10.0.0.1/24 fd00::1/64\nroute 0.0.0.0/0 via 10.0.0.2\nroute ::/0 via fd00::2\n")
	names := ""
	for i := range 8 {
		fmt.Fprintf(&b, "router r%d 10.%d.0.2 fd0%d::2 %s\n    line delay 5ms\n", i+1, i, i, option)
		names += fmt.Sprintf(" r%d", i+1)
	}
	fmt.Fprintf(&b, "router branch 10.20.0.2 fd20::2 %s\n    line delay 5ms\nrouter farther 10.21.0.2 fd21::2 %s\n    line delay 5ms\n", option, option)
	fmt.Fprintf(&b, "path 10.9.0.0/16%s\npath fd09::/64%s\n", names, names)
	b.WriteString("path 10.8.0.0/16 r1 r2 r3 branch\npath 10.7.0.0/16 r1 r2 r3 r4 r5 r6 r7 r8 branch farther\npath 10.6.0.0/16 r1 r2 r3\npath 10.5.0.0/16 r1 r2 r3 branch farther loop\n")
	b.WriteString("hosts 10.0.0.0/8\n tcp open 80\nhosts fd09::/64\n tcp open 80\n")
	return b.String()
}

// traced are ways to several targets, the first before the others.
type manyTraced struct {
	ways  []trace.Way
	asked map[int]int // packets, by TTL
	first time.Duration
	all   time.Duration
}

func traceMany(t *testing.T, network string, kind probe.Kind, targets []netip.Addr) (m manyTraced) {
	t.Helper()
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	m.ways, m.asked = make([]trace.Way, len(targets)), map[int]int{}
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		var mu sync.Mutex
		link.OnSend = func(_ time.Duration, b []byte, _ bool, _ wire.MAC) {
			mu.Lock()
			defer mu.Unlock()
			if b[0]>>4 == 6 {
				m.asked[int(b[7])]++
			} else {
				m.asked[int(b[8])]++
			}
		}
		start := time.Now()
		cfg := scan.Config{Link: link, Routes: link, Start: start, Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		known := new(trace.Known)
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			one := func(i int) (err error) {
				c := trace.Config{Target: targets[i], Kind: kind, Port: 80, Hops: 30, Times: 3, Known: known}
				if kind == probe.Echo {
					c.Port = 0
				}
				m.ways[i], err = trace.Run(context.Background(), e, scan.Plan{}, c)
				return err
			}
			if err := one(0); err != nil {
				return err
			}
			m.first = time.Since(start)
			var g errgroup.Group
			g.SetLimit(256)
			for i := range targets[1:] {
				g.Go(func() error { return one(i + 1) })
			}
			return g.Wait()
		})
		m.all = time.Since(start)
		if err != nil {
			t.Error(err)
		}
	})
	return m
}

// shape is a way in words: where the hops are, and which were not asked.
func shape(w *trace.Way) string {
	var b strings.Builder
	for i := range w.Hops {
		h := &w.Hops[i]
		switch {
		case h.AsTo.IsValid():
			fmt.Fprintf(&b, "(%v) ", h.From)
		case h.Reached:
			b.WriteString("T ")
		default:
			fmt.Fprintf(&b, "%v ", h.From)
		}
	}
	if w.Loop != nil {
		fmt.Fprintf(&b, "loop from %d", w.Loop.Hop)
	}
	return strings.TrimSpace(b.String())
}

// 256 targets behind the same routers: these are asked as often as one target needs, and
// everything takes no longer than twice the time of one.
func TestKnownNetwork(t *testing.T) {
	for _, kind := range []probe.Kind{probe.SYN, probe.Echo} {
		for _, base := range []string{"10.9.0.0", "fd09::"} {
			for _, option := range []string{"", "limit 1/s burst 6"} {
				var targets []netip.Addr
				for a := netip.MustParseAddr(base); len(targets) < 256; a = a.Next() {
					targets = append(targets, a)
				}
				m := traceMany(t, behindEight(option), kind, targets)
				for i := range m.ways {
					w := &m.ways[i]
					if len(w.Hops) != 9 || !w.Reached || i > 0 && w.Hops[0].AsTo != targets[0] {
						t.Errorf("%s %s %q: %v: %s", kind.Name(), base, option, w.Target, shape(w))
						break
					}
				}
				for ttl := 1; ttl < 9; ttl++ {
					if m.asked[ttl] != 3 {
						t.Errorf("%s %s %q: hop %d was asked %d times", kind.Name(), base, option, ttl, m.asked[ttl])
					}
				}
				t.Logf("%s %s %q: the first %v, all %v; asked %v", kind.Name(), base, option, m.first, m.all, m.asked)
				if option == "" && m.all > 2*m.first {
					t.Errorf("%s %s: the first took %v, all %v", kind.Name(), base, m.first, m.all)
				}
			}
		}
	}
}

// A way that leaves the known ones is followed back to where it does, whether it is longer
// or shorter; so is a loop.
func TestKnownBranches(t *testing.T) {
	for _, kind := range []probe.Kind{probe.SYN, probe.Echo} {
		var targets []netip.Addr
		for _, text := range []string{"10.9.0.5", "10.9.1.5", "10.8.0.5", "10.7.0.5", "10.6.0.5", "10.5.0.5", "fd09::5", "fd09::6"} {
			targets = append(targets, netip.MustParseAddr(text))
		}
		m := traceMany(t, behindEight(""), kind, targets)
		for i, want := range []string{
			"10.0.0.2 10.1.0.2 10.2.0.2 10.3.0.2 10.4.0.2 10.5.0.2 10.6.0.2 10.7.0.2 T",
			"(10.0.0.2) (10.1.0.2) (10.2.0.2) (10.3.0.2) (10.4.0.2) (10.5.0.2) (10.6.0.2) 10.7.0.2 T",
			"(10.0.0.2) 10.1.0.2 10.2.0.2 10.20.0.2 T",
			"(10.0.0.2) (10.1.0.2) (10.2.0.2) (10.3.0.2) (10.4.0.2) (10.5.0.2) (10.6.0.2) 10.7.0.2 10.20.0.2 10.21.0.2 T",
			"(10.0.0.2) 10.1.0.2 10.2.0.2 T",
			"(10.0.0.2) 10.1.0.2 10.2.0.2 10.20.0.2 10.21.0.2 10.20.0.2 10.21.0.2 10.20.0.2 loop from 4",
			"", "",
		} {
			if got := shape(&m.ways[i]); want != "" && got != want {
				t.Errorf("%s to %v:\ngot  %s\nwant %s", kind.Name(), targets[i], got, want)
			}
		}
		if w := &m.ways[6]; len(w.Hops) != 9 || !w.Reached || m.ways[7].Hops[0].From != w.Hops[0].From {
			t.Errorf("%s: %s; %s", kind.Name(), shape(w), shape(&m.ways[7]))
		}
	}
}
