package trace_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
	"sonde/scan/trace"
)

// run traces in virtual time.
func run(t *testing.T, network string, tos uint8, c trace.Config) (trace.Way, time.Duration) {
	t.Helper()
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	var crafts [2]probe.Craft
	for i := range crafts {
		opts, ts, err := wire.ParseOptions("linux", i == 1)
		if err != nil {
			t.Fatal(err)
		}
		crafts[i] = probe.Craft{TOS: tos, TCPOptions: opts, Timestamp: ts, Window: 64240}
	}
	if c.Hops == 0 {
		c.Hops = 30
	}
	if c.Times == 0 {
		c.Times = 3
	}
	var way trace.Way
	var took time.Duration
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: start, Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			var err error
			way, err = trace.Run(context.Background(), e, scan.Plan{Craft: crafts[:1], Craft6: crafts[1:]}, c)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		took = time.Since(start)
	})
	return way, took
}

// show is a way in one line: each hop's address, what ends it, and its TOS as
// it was quoted.
func show(w trace.Way) string {
	var b strings.Builder
	for _, h := range w.Hops {
		switch {
		case !h.From.IsValid():
			b.WriteString("* ")
			continue
		case h.Quoted > 0:
			fmt.Fprintf(&b, "%v/%#x", h.From, h.Quote.IP.TOS)
		default:
			fmt.Fprintf(&b, "%v", h.From)
		}
		if h.Reached || h.Ends {
			fmt.Fprintf(&b, "!%v", h.Reason)
		}
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

const threeRouters = `
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
	line delay 1ms
router r2 10.2.0.1 fd02::1 %s
	line delay 2ms
router r3 10.3.0.1 fd03::1 %s
	line delay 3ms
path 10.9.0.0/16 r1 r2 r3
path fd09::/64 r1 r2 r3
hosts 10.9.0.5
	tcp open 80
	line delay 4ms
hosts fd09::5
	tcp open 80
	line delay 4ms
`

// asking is a way of asking the target.
type asking struct {
	name string
	kind probe.Kind
	port uint16
	end  string // what the target says
}

var asked = []asking{
	{"icmp", probe.Echo, 0, "!echo-reply"},
	{"udp", probe.UDP, 33434, "/0xb8!port-unreach"},
	{"tcp open", probe.SYN, 80, "!syn-ack"},
	{"tcp closed", probe.SYN, 81, "!reset"},
}

func TestWay(t *testing.T) {
	for _, a := range asked {
		for _, v6 := range []bool{false, true} {
			target, hops := "10.9.0.5", "10.0.0.2/0xb8 10.2.0.1/0xb8 10.3.0.1/0xb8 10.9.0.5"
			if v6 {
				target, hops = "fd09::5", "fd00::2/0xb8 fd02::1/0xb8 fd03::1/0xb8 fd09::5"
			}
			w, took := run(t, fmt.Sprintf(threeRouters, "", ""), 0xb8, trace.Config{Target: netip.MustParseAddr(target), Kind: a.kind, Port: a.port})
			if got, want := show(w), hops+a.end; got != want || !w.Reached {
				t.Errorf("%s to %s:\n got %s\nwant %s", a.name, target, got, want)
			}
			if took > 320*time.Millisecond {
				t.Errorf("%s to %s took %v", a.name, target, took)
			}
			for i, h := range w.Hops {
				if h.Sent != 3 && !h.Reached || h.Timed == 0 {
					t.Errorf("%s to %s, hop %d: %d sent, %d received, %d timed", a.name, target, i+1, h.Sent, h.Received, h.Timed)
				}
				if want := []time.Duration{2, 6, 12, 20}[i] * time.Millisecond; h.Timed > 0 && (h.Min < want || h.Min > want+time.Millisecond) {
					t.Errorf("%s to %s, hop %d: round trip %v, want %v", a.name, target, i+1, h.Min, want)
				}
			}
			if !w.Stats.Complete || w.Stats.Unsolicited != 0 {
				t.Errorf("%s to %s: %+v", a.name, target, w.Stats)
			}
		}
	}
}

// TestWiped shows a mark wiped by the second router at the hop behind it, and
// one wiped by the last router in what the target quotes.
func TestWiped(t *testing.T) {
	for _, a := range asked {
		w, _ := run(t, fmt.Sprintf(threeRouters, "dscp 0", ""), 0xb8, trace.Config{Target: netip.MustParseAddr("10.9.0.5"), Kind: a.kind, Port: a.port})
		if got, want := show(w), "10.0.0.2/0xb8 10.2.0.1/"; !strings.HasPrefix(got, want) || !strings.Contains(got, "10.3.0.1/0x0") {
			t.Errorf("%s: %s", a.name, got)
		}
	}
	w, _ := run(t, fmt.Sprintf(threeRouters, "", "dscp 0"), 0xb8, trace.Config{Target: netip.MustParseAddr("10.9.0.5"), Kind: probe.UDP, Port: 33434})
	if got := show(w); !strings.HasSuffix(got, "10.9.0.5/0x0!port-unreach") {
		t.Errorf("wiped behind the last router: %s", got)
	}
}

// TestScrubbed: a router that writes a new IP ID into every packet loses nothing.
func TestScrubbed(t *testing.T) {
	for _, a := range asked {
		w, _ := run(t, fmt.Sprintf(threeRouters, "scrub", "scrub"), 0xb8, trace.Config{Target: netip.MustParseAddr("10.9.0.5"), Kind: a.kind, Port: a.port})
		if got, want := show(w), "10.0.0.2/0xb8 10.2.0.1/0xb8 10.3.0.1/0xb8 10.9.0.5"+a.end; got != want || w.Stats.Unsolicited != 0 {
			t.Errorf("%s:\n got %s\nwant %s", a.name, got, want)
		}
	}
}

// TestHalfOpen: further SYNs to a port that has answered the first one, which nobody
// takes back, make an open port no closed one, whatever they bring.
func TestHalfOpen(t *testing.T) {
	for _, how := range []string{"strict", "linux"} {
		for _, target := range []string{"10.9.0.5", "fd09::5"} {
			network := strings.ReplaceAll(fmt.Sprintf(threeRouters, "", ""), "hosts "+target+"\n", "hosts "+target+" half-open "+how+"\n")
			w, _ := run(t, "kernel-rst off\n"+network, 0, trace.Config{Target: netip.MustParseAddr(target), Kind: probe.SYN, Port: 80})
			if got := show(w); len(w.Hops) != 4 || !strings.HasSuffix(got, target+"!syn-ack") {
				t.Errorf("%s, %s: %s", how, target, got)
			}
		}
	}
}

// TestSilentHop is a gap, not the end.
func TestSilentHop(t *testing.T) {
	for _, a := range asked {
		w, took := run(t, fmt.Sprintf(threeRouters, "silent", ""), 0xb8, trace.Config{Target: netip.MustParseAddr("10.9.0.5"), Kind: a.kind, Port: a.port})
		if got, want := show(w), "10.0.0.2/0xb8 * 10.3.0.1/0xb8 10.9.0.5"+a.end; got != want {
			t.Errorf("%s:\n got %s\nwant %s", a.name, got, want)
		}
		if took > 2*time.Second {
			t.Errorf("%s took %v", a.name, took)
		}
		w, _ = run(t, fmt.Sprintf(threeRouters, "", "silent"), 0xb8, trace.Config{Target: netip.MustParseAddr("10.9.0.5"), Kind: a.kind, Port: a.port})
		if got, want := show(w), "10.0.0.2/0xb8 10.2.0.1/0xb8 * 10.9.0.5"+a.end; got != want {
			t.Errorf("%s, the last router silent:\n got %s\nwant %s", a.name, got, want)
		}
	}
}

// TestTenHops takes little more than the longest round trip.
func TestTenHops(t *testing.T) {
	network := "iface eth0 10.0.0.1/24\nroute 0.0.0.0/0 via 10.0.0.2\n"
	path := "path 10.9.0.0/16"
	for i := range 10 {
		address := fmt.Sprintf("10.%d.1.1", i+20)
		if i == 0 {
			address = "10.0.0.2"
		}
		network += fmt.Sprintf("router r%d %s\n\tline delay 25ms\n", i, address)
		path += fmt.Sprintf(" r%d", i)
	}
	network += path + "\nhosts 10.9.0.5\n\ttcp open 80\n"
	for _, a := range asked {
		w, took := run(t, network, 0, trace.Config{Target: netip.MustParseAddr("10.9.0.5"), Kind: a.kind, Port: a.port})
		if len(w.Hops) != 11 || !w.Reached {
			t.Errorf("%s: %s", a.name, show(w))
		}
		limit := 500*time.Millisecond + 400*time.Millisecond
		if a.end == "!reset" { // an echo follows
			limit += 500 * time.Millisecond
		}
		if took > limit {
			t.Errorf("%s took %v, at most %v", a.name, took, limit)
		}
	}
}

// TestFarHop waits for a hop that is much farther than those before it.
func TestFarHop(t *testing.T) {
	network := strings.Replace(fmt.Sprintf(threeRouters, "", ""), "line delay 3ms", "line delay 300ms", 1)
	for _, a := range asked {
		w, _ := run(t, network, 0, trace.Config{Target: netip.MustParseAddr("10.9.0.5"), Kind: a.kind, Port: a.port})
		if len(w.Hops) != 4 || !w.Reached || w.Hops[2].Timed != 3 {
			t.Errorf("%s: %s", a.name, show(w))
		}
	}
}

// TestRefused ends at the router that refuses, which is the next hop of the one
// where packets expire on it; TestUnreached at the last that
// answers.
func TestRefused(t *testing.T) {
	network := strings.Replace(fmt.Sprintf(threeRouters, "", ""), "router r3 10.3.0.1 fd03::1 \n", "router r3 10.3.0.1 fd03::1\n\trule admin-prohibited tcp 80\n", 1)
	w, _ := run(t, network, 0, trace.Config{Target: netip.MustParseAddr("10.9.0.5"), Kind: probe.SYN, Port: 80})
	if got := show(w); got != "10.0.0.2/0x0 10.2.0.1/0x0 10.3.0.1/0x0 10.3.0.1/0x0!admin-prohibited" || w.Reached {
		t.Errorf("%s, reached %v", got, w.Reached)
	}
	w, _ = run(t, fmt.Sprintf(threeRouters, "", ""), 0, trace.Config{Target: netip.MustParseAddr("10.9.0.77"), Kind: probe.Echo})
	if got := show(w); !strings.HasPrefix(got, "10.0.0.2/0x0 10.2.0.1/0x0 10.3.0.1/0x0") || w.Reached {
		t.Errorf("%s, reached %v", got, w.Reached)
	}
}
