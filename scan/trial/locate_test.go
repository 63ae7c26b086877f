package trial_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
	"sonde/scan/trial"
)

// chain is a host behind four routers, in both families. routers has what the routers
// are like, rules the rules of each, line what all lines do.
type chain struct {
	routers [4]string
	rules   [4]string
	line    string
}

// text is the network as a file has it.
func (c *chain) text() string {
	var b strings.Builder
	b.WriteString("iface eth0 10.0.0.1/24 fd00::1/64\nroute 0.0.0.0/0 via 10.0.0.2\nroute ::/0 via fd00::2\n")
	for i := range c.routers {
		fmt.Fprintf(&b, "router r%d 10.%d.0.2 fd0%d::2 %s\n", i+1, i, i, c.routers[i])
		if c.line != "" {
			fmt.Fprintf(&b, "\tline %s\n", c.line)
		}
		if c.rules[i] != "" {
			fmt.Fprintf(&b, "\trule %s\n", c.rules[i])
		}
	}
	b.WriteString("path 10.9.0.0/16 r1 r2 r3 r4\npath fd09::/64 r1 r2 r3 r4\n")
	for _, host := range []string{"10.9.0.5", "fd09::5"} {
		fmt.Fprintf(&b, "hosts %s limit 1/s burst 6\n\ttcp open 80; udp echo 53; udp closed 54; udp silent 55\n", host)
	}
	return b.String()
}

// located is what a search came to.
type located struct {
	*trial.Location
	took  time.Duration
	stats scan.Stats
	truth simnet.Counts
}

// question is a way of asking the target.
type question struct {
	name string
	kind probe.Kind
	port uint16
}

var questions = []question{{"syn open", probe.SYN, 80}, {"syn closed", probe.SYN, 81}, {"udp open", probe.UDP, 53}, {"udp closed", probe.UDP, 54}, {"echo", probe.Echo, 0}}

// crafts are the guilty and the innocent variant: they differ in the TOS, in the options
// and in the size.
func crafts(t *testing.T, v6 bool) (guilty, innocent probe.Craft) {
	opts, ts, err := wire.ParseOptions("mss,sackok,ts,nop,wscale=7", v6)
	if err != nil {
		t.Fatal(err)
	}
	without, ts2, err := wire.ParseOptions("mss,ts,nop,wscale=7", v6)
	if err != nil {
		t.Fatal(err)
	}
	return probe.Craft{TOS: 0xb8, TCPOptions: opts, Timestamp: ts, Window: 64240}, probe.Craft{TCPOptions: without, Timestamp: ts2, Window: 64240}
}

// locate searches in virtual time.
func locate(t *testing.T, text string, seed uint64, target string, q question) (got located) {
	t.Helper()
	n, err := simnet.Parse(t.Name(), text)
	if err != nil {
		t.Fatal(err)
	}
	n.Seed = seed
	a := netip.MustParseAddr(target)
	l := trial.Locate{Target: a, Kind: q.kind, Port: q.port}
	l.Guilty, l.Innocent = crafts(t, a.Is6())
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: start, Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 2200}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			var err error
			got.Location, got.stats, err = l.Run(context.Background(), e, scan.Plan{Seed: seed})
			return err
		})
		if err != nil {
			t.Error(err)
		}
		got.took = time.Since(start)
		got.truth = link.Counts()
	})
	return got
}

// show is where the difference begins, in one line.
func (g *located) show() string {
	if !g.Found {
		return fmt.Sprintf("nothing, enough %v", g.Enough)
	}
	end := fmt.Sprint(g.Far.TTL)
	if g.Far.Target {
		end = "target"
	}
	s := fmt.Sprintf("%d to %s", g.Near.TTL, end)
	if len(g.Between) > 0 {
		s += fmt.Sprint(" over ", g.Between)
	}
	if !g.Enough {
		s += ", not enough"
	}
	return s
}

// everyFourthPort are the source ports of a quarter of the flows, as a dead one of four ways
// has them.
func everyFourthPort() string {
	var list []string
	for port := 61000; port < 63200; port += 4 {
		list = append(list, fmt.Sprint(port))
	}
	return strings.Join(list, ",")
}

// linuxLimit is how a Linux router limits its errors (icmp_ratelimit).
const linuxLimit = "limit 1/s burst 6"

// each runs a search for every kind and family.
func each(t *testing.T, run func(t *testing.T, q question, target string)) {
	t.Helper()
	for _, q := range questions {
		for _, target := range []string{"10.9.0.5", "fd09::5"} {
			t.Run(q.name+" "+target, func(t *testing.T) { run(t, q, target) })
		}
	}
}

// between is where a rule of router at, from 1, shows: behind it. hidden are the routers
// that are not heard.
func between(at int, hidden ...int) string {
	near, far := at, at+1
	var over []int
	for slices.Contains(hidden, near) {
		over = append([]int{near}, over...)
		near--
	}
	for slices.Contains(hidden, far) {
		over = append(over, far)
		far++
	}
	s := fmt.Sprintf("%d to %d", near, far)
	if far == 5 {
		s = fmt.Sprintf("%d to target", near)
	}
	if len(over) > 0 {
		s += fmt.Sprint(" over ", over)
	}
	return s
}

// right tells whether the search named just the hops between which router at drops, or, in
// the time that it had, a stretch of which these are part, and says so.
func (g *located) right(at int, want string) (exact, honest bool) {
	honest = !g.Found && !g.Enough || g.Found && !g.Enough && int(g.Near.TTL) <= at && int(g.Far.TTL) > at
	return g.show() == want, honest
}

// TestLocate: a rule at each of four routers, that drops everything or three in ten, with
// routers that answer all or as Linux limits it.
func TestLocate(t *testing.T) {
	runs, vague := 0, 0
	for _, limit := range []string{"", linuxLimit} {
		for share, most := range map[string]time.Duration{"100%": 15 * time.Second, "30%": 124 * time.Second} {
			each(t, func(t *testing.T, q question, target string) {
				most := most
				if q.name == "udp closed" { // its answers are limited, too
					most += 5 * time.Second
				}
				for at := 1; at <= 4; at++ {
					c := chain{routers: [4]string{limit, limit, limit, limit}, line: "delay 3ms jitter 1ms"}
					c.rules[at-1] = "drop tos 184 " + share
					got := locate(t, c.text(), uint64(at), target, q)
					runs++
					exact, honest := got.right(at, between(at))
					switch {
					case share == "30%" && !exact && honest:
						vague++
					case !exact || got.took > most:
						t.Errorf("%q %s at %d: %s, want %s, after %v", limit, share, at, got.show(), between(at), got.took)
					}
				}
			})
		}
	}
	if vague > runs/20 {
		t.Errorf("%d of %d searches named a stretch only", vague, runs)
	}
}

// TestLocateSilent: one router sends no errors, before, at or behind the rule; or none
// does, so that only the target is heard.
func TestLocateSilent(t *testing.T) {
	each(t, func(t *testing.T, q question, target string) {
		for at := range 4 {
			for mute := range 5 {
				var c chain
				c.rules[at] = "drop tos 184"
				hidden := []int{mute + 1}
				if mute < 4 {
					c.routers[mute] = "silent"
				} else {
					c.routers, hidden = [4]string{"silent", "silent", "silent", "silent"}, []int{1, 2, 3, 4}
				}
				got := locate(t, c.text(), uint64(mute), target, q)
				if got.show() != between(at+1, hidden...) {
					t.Errorf("at %d, %v silent: %s, want %s", at+1, hidden, got.show(), between(at+1, hidden...))
				}
			}
		}
	})
}

// TestLocateNothing: where there is no difference, none is found, whatever gets lost.
func TestLocateNothing(t *testing.T) {
	runs, found := 0, 0
	for _, c := range []chain{
		{},
		{routers: [4]string{linuxLimit, linuxLimit, linuxLimit, linuxLimit}},
		{routers: [4]string{"silent", "limit 0.3/s burst 3", "limit 3/s burst 2", linuxLimit}},
		{line: "loss 5%"},
		{line: "there loss 10%", routers: [4]string{"", linuxLimit, "", linuxLimit}},
		{rules: [4]string{"", "drop 50%"}},
		{rules: [4]string{"", "", "drop tcp sport " + everyFourthPort(), ""}},
	} {
		each(t, func(t *testing.T, q question, target string) {
			for seed := range uint64(2) {
				got := locate(t, c.text(), seed, target, q)
				runs++
				if got.Found {
					found++
					t.Logf("%+v: %s, P %v", c, got.show(), got.P)
				}
			}
		})
	}
	if found > runs/20 {
		t.Errorf("a difference was found %d times of %d, where there is none", found, runs)
	}
}

// TestLocateAnswered: a router on the way answers the guilty ones, by a RST in the target's
// name or by a prohibition in its own; also where other routers are silent, so that none
// but the guilty are answered there, and where it does so three times in ten.
func TestLocateAnswered(t *testing.T) {
	each(t, func(t *testing.T, q question, target string) {
		for _, verdict := range []string{"rst tcp", "admin-prohibited", "port-unreach"} {
			if verdict == "rst tcp" && q.kind != probe.SYN {
				continue
			}
			for _, share := range []string{"100%", "30%"} {
				for at := range 4 {
					if at == 3 && q.name == "syn closed" && verdict == "rst tcp" {
						continue // no other RST than the target's own
					}
					c := chain{routers: [4]string{"", "", "silent", ""}}
					c.rules[at] = verdict + " tos 184 " + share
					got := locate(t, c.text(), uint64(at), target, q)
					want := between(at+1, 3)
					if got.show() != want && got.show() != between(at+1) { // by answers of the guilty silent hops tell, too
						t.Errorf("%s %s at %d: %s, want %s", verdict, share, at+1, got.show(), want)
						continue
					}
					if at == 2 && verdict != "rst tcp" {
						continue // this router makes no errors, so it only drops
					}
					h := got.Hops[at+1].Guilty
					if by := h.Refused; verdict == "admin-prohibited" && by == 0 || verdict == "rst tcp" && h.Reached == 0 {
						t.Errorf("%s %s at %d: hop %d: %+v", verdict, share, at+1, at+2, h)
					}
				}
			}
		}
	})
}

// TestLocateLossy: what gets lost of both alike, at random, by flow or by bursts, does not
// hide a rule, nor become one.
func TestLocateLossy(t *testing.T) {
	each(t, func(t *testing.T, q question, target string) {
		for _, line := range []string{"loss 5%", "there loss 8%", "loss 8%", "delay 5ms jitter 5ms dup 10%"} {
			c := chain{line: line}
			c.rules[1] = "drop tos 184"
			got := locate(t, c.text(), 1, target, q)
			if got.show() != between(2) {
				t.Errorf("%s: %s after %v", line, got.show(), got.took)
			}
		}
		c := chain{rules: [4]string{"", "drop tcp sport " + everyFourthPort(), "drop tos 184", ""}}
		if got := locate(t, c.text(), 1, target, q); got.show() != between(3) {
			t.Errorf("a quarter of the flows dead: %s after %v", got.show(), got.took)
		}
	})
}

// TestLocateTwo: of two rules the first is where the difference begins, also if the second
// is the heavier one.
func TestLocateTwo(t *testing.T) {
	each(t, func(t *testing.T, q question, target string) {
		c := chain{rules: [4]string{"", "drop tos 184 40%", "", "drop tos 184"}}
		got := locate(t, c.text(), 1, target, q)
		if got.show() != between(2) {
			t.Errorf("%s, want %s", got.show(), between(2))
		}
	})
}

// TestLocateFacts: what became of the packets of each variant with each TTL, and who says
// so, is told as it is.
func TestLocateFacts(t *testing.T) {
	each(t, func(t *testing.T, q question, target string) {
		c := chain{rules: [4]string{"", "admin-prohibited tos 184"}}
		got := locate(t, c.text(), 1, target, q)
		router := func(i int) netip.Addr {
			if strings.Contains(target, ":") {
				return netip.MustParseAddr(fmt.Sprintf("fd0%d::2", i-1))
			}
			return netip.MustParseAddr(fmt.Sprintf("10.%d.0.2", i-1))
		}
		if len(got.Hops) != 5 || got.Near.TTL != 2 || !slices.Equal(got.Near.From, []netip.Addr{router(2)}) || got.Far.TTL != 3 || !slices.Equal(got.Far.From, []netip.Addr{router(3)}) {
			t.Fatalf("%+v", got.Location)
		}
		for i, h := range got.Hops {
			g, in := h.Guilty, h.Innocent
			switch {
			case int(h.TTL) != i+1 || h.Target != (i == 4):
				t.Errorf("hop %d: %+v", i+1, h)
			case h.TTL < 5 && (in.Expired != in.Sent || len(in.Heard) != 1 || in.Heard[0] != trial.Heard{From: router(i + 1), Reason: probe.TimeExceeded, N: in.Sent}):
				t.Errorf("hop %d, innocent: %+v", i+1, in)
			case h.TTL == 5 && (in.Reached != in.Sent && q.name != "udp closed" || in.Reached == 0 || len(in.Heard) == 0 || in.Heard[0].From.String() != target):
				t.Errorf("target, innocent: %+v", in)
			case h.TTL <= 2 && g.Expired != g.Sent:
				t.Errorf("hop %d, guilty: %+v", i+1, g)
			case h.TTL > 2 && (g.Refused != g.Sent || len(g.Heard) != 1 || g.Heard[0] != trial.Heard{From: router(2), Reason: probe.AdminProhibited, N: g.Sent}):
				t.Errorf("hop %d, guilty: %+v", i+1, g)
			}
		}
	})
}
