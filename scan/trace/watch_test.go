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
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/simnet"
	"sonde/scan/trace"
)

// watched is what came of a watched trace.
type watched struct {
	rounds   []report.Round
	reroutes []*report.Reroute
	hops     []*report.Hop
	way      *trace.Watched
}

// watch watches one target in virtual time, for so long.
func watch(t *testing.T, network string, c trace.Config, long time.Duration) (got watched) {
	t.Helper()
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	c.Hops, c.Times = 30, 3
	if c.Every == 0 {
		c.Every = time.Second
	}
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			ctx, stop := context.WithTimeout(t.Context(), long)
			defer stop()
			w, err := trace.Watch(ctx, e, scan.Plan{}, c, new(trace.Watches))
			if err != nil {
				return err
			}
			defer w.Close()
			err = w.Rounds(ctx, func(r report.Record) {
				switch r := r.(type) {
				case *report.Round:
					got.rounds = append(got.rounds, *r)
				case *report.Reroute:
					got.reroutes = append(got.reroutes, r)
				}
			})
			got.way, got.hops = w, w.Records()
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	return got
}

// count is how many rounds are complete, and an error where their hops are not in order.
func (w *watched) count(t *testing.T) (n uint32) {
	t.Helper()
	ttl := uint8(0)
	for i := range w.rounds {
		r := &w.rounds[i]
		if r.Number != n {
			if r.Number != n+1 || i > 0 && w.rounds[i-1].TTL != w.rounds[i-1].Last || i > 0 && r.At <= w.rounds[i-1].At {
				t.Fatalf("round %d behind round %d, %+v", r.Number, n, r)
			}
			n, ttl = r.Number, 0
		}
		if ttl++; r.TTL != ttl || r.TTL > r.Last {
			t.Fatalf("round %d has hop %d of %d behind %d", r.Number, r.TTL, r.Last, ttl-1)
		}
	}
	return n
}

// events are the changes in words: "20: 10.0.0.2 10.1.1.1 …", with "again" of a way that was seen before.
func (w *watched) events() (list []string) {
	for _, r := range w.reroutes {
		line := fmt.Sprintf("%v: %v", r.At.Round(time.Second), way(r.Now))
		if r.Known {
			line += " again"
		}
		if len(r.Balanced) > 0 {
			line += fmt.Sprint(" balanced ", r.Balanced)
		}
		list = append(list, line)
	}
	return list
}

func way(list []netip.Addr) string {
	var words []string
	for _, a := range list {
		word := "*"
		if a.IsValid() {
			word = a.String()
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// flapping is a way whose second router sends what comes one way and the other by turns.
const flapping = `
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router a 10.1.1.1 fd01::a %s
	line delay 2ms
router b 10.1.2.1 fd01::b
	line delay 3ms
router c 10.1.3.1 fd01::c
	line delay 1ms
router r3 10.3.0.1 fd03::1 %s
	line delay 1ms
router r1 10.0.0.2 fd00::2
	line delay 1ms
	split %s
path 10.9.0.0/16 r1 r3
path fd09::/64 r1 r3
hosts 10.9.0.5
	tcp open 80
	udp %s
	line delay 1ms %s
hosts fd09::5
	tcp open 80
	udp %s
	line delay 1ms %s
`

func flaps(split, host string) string {
	return fmt.Sprintf(flapping, "", "", split, "closed 33434", host, "closed 33434", host)
}

// TestWatchFlips: a way that flips every 20 s is shown as two ways, by an event each time, and
// by nothing as loss; by every protocol and in both families, in one round each second.
func TestWatchFlips(t *testing.T) {
	for _, target := range []netip.Addr{target4, target6} {
		for _, c := range []trace.Config{{Kind: probe.Echo}, {Kind: probe.SYN, Port: 80}, {Kind: probe.UDP, Port: 33434}} {
			c.Target = target
			got := watch(t, flaps("every 20s a b", ""), c, 2*time.Minute)
			if n := got.count(t); n < 117 || n > 120 {
				t.Errorf("%v: %d rounds", c, n)
			}
			for i, r := range got.reroutes {
				at := r.At.Round(time.Second)
				if at%(20*time.Second) > 2*time.Second || r.Known != (i > 0) || len(r.Was) != 4 || len(r.Now) != 4 || r.Was[1] == r.Now[1] || r.Was[2] != r.Now[2] || len(r.Balanced) > 0 {
					t.Errorf("%v: after %v %v", c, at, got.events())
				}
			}
			if len(got.reroutes) != 5 {
				t.Errorf("%v: %d events: %v", c, len(got.reroutes), got.events())
			}
			for _, h := range got.hops {
				if h.Repeat.Lost() != 0 || h.Repeat.Sent < 115 || h.Counted == nil || h.Counted.Missing != report.MissingNone {
					t.Errorf("%v: hop %d %+v %+v", c, h.TTL, h.Repeat, h.Counted)
				}
			}
			if len(got.hops) != 4 || len(got.hops[1].Others) != 1 || !got.hops[3].Reached {
				t.Errorf("%v: %d hops", c, len(got.hops))
			}
		}
	}
}

// TestWatchGrows: a way that gets longer, and shorter again.
func TestWatchGrows(t *testing.T) {
	for _, c := range []trace.Config{{Kind: probe.Echo}, {Kind: probe.SYN, Port: 80}, {Kind: probe.UDP, Port: 33434}} {
		c.Target = target4
		got := watch(t, flaps("every 30s a b,c", ""), c, 100*time.Second)
		want := []string{
			"30s: 10.0.0.2 10.1.2.1 10.1.3.1 10.3.0.1 10.9.0.5",
			"1m0s: 10.0.0.2 10.1.1.1 10.3.0.1 10.9.0.5 again",
			"1m30s: 10.0.0.2 10.1.2.1 10.1.3.1 10.3.0.1 10.9.0.5 again",
		}
		if list := got.events(); len(list) != 3 || strings.Join(list, "\n") != strings.Join(want, "\n") {
			t.Errorf("%v: %s", c, strings.Join(list, "\n"))
		}
		got.count(t)
		for _, h := range got.hops {
			if h.Repeat.Lost() != 0 {
				t.Errorf("%v: hop %d %+v", c, h.TTL, h.Repeat)
			}
		}
	}
}

// TestWatchVanishes: a target that does not answer for a while is lost for so long, and nothing
// else has changed; and one that is not there at first is found when it is.
func TestWatchVanishes(t *testing.T) {
	got := watch(t, flaps("flow by dst a a", "down 30s-50s"), trace.Config{Target: target4, Kind: probe.Echo}, 90*time.Second)
	n := got.count(t)
	if len(got.reroutes) > 0 || n < 85 {
		t.Errorf("%d rounds, %v", n, got.events())
	}
	for _, h := range got.hops {
		lost := int(h.Repeat.Sent - h.Repeat.Answered)
		if want := map[bool]int{true: 20}[h.TTL == 4]; lost < want-1 || lost > want+1 {
			t.Errorf("hop %d: %d of %d lost, want %d", h.TTL, lost, h.Repeat.Sent, want)
		}
	}
	got = watch(t, flaps("flow by dst a a", "down 0s-50s"), trace.Config{Target: target4, Kind: probe.Echo}, 90*time.Second)
	if len(got.reroutes) > 0 || len(got.hops) != 4 || !got.hops[3].Reached || got.hops[3].Repeat.Answered < 20 {
		t.Errorf("%v, %d hops", got.events(), len(got.hops))
	}
	if state, _ := got.way.State(); state != probe.Up {
		t.Errorf("the target is %v", state)
	}
}

// TestWatchBalanced: where each packet goes its own way, that is said once, after some changes,
// and not in each round.
func TestWatchBalanced(t *testing.T) {
	got := watch(t, flaps("packet a b", ""), trace.Config{Target: target4, Kind: probe.Echo}, 10*time.Minute)
	balanced := 0
	for _, r := range got.reroutes {
		balanced += len(r.Balanced)
	}
	if len(got.reroutes) > 8 || balanced != 1 || got.count(t) < 590 {
		t.Errorf("%d events, %d times balanced: %s", len(got.reroutes), balanced, strings.Join(got.events(), "\n"))
	}
	for _, h := range got.hops {
		if h.Repeat.Lost() != 0 {
			t.Errorf("hop %d: %+v", h.TTL, h.Repeat)
		}
	}
	one := watch(t, flaps("flow a b", ""), trace.Config{Target: target4, Kind: probe.SYN, Port: 80}, 5*time.Minute)
	if len(one.reroutes) > 0 {
		t.Errorf("of one flow: %v", one.events())
	}
}

// TestWatchLoss: a router that sends one reply in two seconds limits them, and 5 % that gets lost
// behind it is loss.
func TestWatchLoss(t *testing.T) {
	for seed := range 4 {
		network := fmt.Sprintf("seed %d\n", seed+1) + fmt.Sprintf(flapping, "limit 0.5/s burst 3", "", "flow by dst a a", "closed", "loss 2.6%", "closed", "loss 2.6%")
		for _, target := range []netip.Addr{target4, target6} {
			got := watch(t, network, trace.Config{Target: target, Kind: probe.Echo}, 8*time.Minute)
			want := []report.Missing{report.MissingNone, report.MissingLimited, report.MissingNone, report.MissingWay}
			for i, h := range got.hops {
				if h.Counted.Missing != want[i] {
					t.Errorf("seed %d, %v: hop %d %v: %+v", seed, target, h.TTL, h.Counted.Missing, h.Repeat)
				}
			}
			if len(got.reroutes) > 0 {
				t.Errorf("seed %d, %v: %v", seed, target, got.events())
			}
		}
	}
}

// TestWatchWithoutEnd: a way that ends in a loop, and one that a router refuses, stay as long as
// they are, and nothing is told of them round by round.
func TestWatchWithoutEnd(t *testing.T) {
	loop := strings.ReplaceAll(flaps("flow by dst a a", ""), " r1 r3\n", " r1 r3 loop\n")
	got := watch(t, loop, trace.Config{Target: target4, Kind: probe.Echo}, time.Minute)
	if len(got.reroutes) > 0 || len(got.hops) > 8 || got.count(t) < 55 {
		t.Errorf("in a loop: %v, %d hops", got.events(), len(got.hops))
	}
	refuses := fmt.Sprintf(flapping, "", "\n\trule admin-prohibited", "flow by dst a a", "closed", "", "closed", "")
	got = watch(t, refuses, trace.Config{Target: target4, Kind: probe.SYN, Port: 80}, time.Minute)
	state, why := got.way.State()
	if len(got.reroutes) > 0 || len(got.hops) != 4 || got.count(t) < 55 || state != probe.Unknown || why != probe.AdminProhibited {
		t.Errorf("refused: %v, %d hops, %v %v", got.events(), len(got.hops), state, why)
	}
}
