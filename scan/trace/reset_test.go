package trace_test

import (
	"fmt"
	"net/netip"
	"testing"

	"sonde/probe"
	"sonde/scan/trace"
)

// guarded is a way of three routers, the second of which resets port 81 in the name of a
// host behind the third.
func guarded(host string) string {
	return fmt.Sprintf(`
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
	line delay 1ms
router r2 10.2.0.1 fd02::1 ttl 64
	line delay 2ms
	rule rst tcp 81
router r3 10.3.0.1 fd03::1
	line delay 3ms
path 10.9.0.0/16 r1 r2 r3
path fd09::/64 r1 r2 r3
hosts 10.9.0.5 %s
	tcp open 80
hosts fd09::5 %s
	tcp open 80
`, host, host)
}

// TestResetOnTheWay: a reset in the target's name that a router sends is not the target's.
// A port that is open or closed behind that router is as ever.
func TestResetOnTheWay(t *testing.T) {
	for _, host := range []string{"", "no echo", "ttl 128", "ttl 255"} {
		for _, v6 := range []bool{false, true} {
			for port, want := range map[uint16]string{80: "syn-ack", 81: "", 82: "reset"} {
				target, by, beyond := "10.9.0.5", "10.2.0.1", "10.3.0.1"
				if v6 {
					target, by, beyond = "fd09::5", "fd02::1", "fd03::1"
				}
				w, _ := run(t, guarded(host), 0, trace.Config{Target: netip.MustParseAddr(target), Kind: probe.SYN, Port: port})
				last := w.Hops[len(w.Hops)-1]
				f := w.Finding()
				switch {
				case want != "" && (!w.Reached || last.Reason.String() != want || len(w.Hops) != 4 || f != nil || w.Hops[2].From.String() != beyond):
					t.Errorf("%s, %s, port %d: %s, %+v", host, target, port, show(w), f)
				case want == "" && (w.Reached || !last.Ends || last.Reason != probe.Reset || len(w.Hops) != 3 || f == nil || f.Doubt != probe.ResetInPlace || f.By.String() != by):
					t.Errorf("%s, %s, port %d: %s, %+v", host, target, port, show(w), f)
				}
				if state, reason := w.State(); want == "" && (state != probe.Unknown || reason != probe.Reset) {
					t.Errorf("%s, %s: %v, %v", host, target, state, reason)
				}
			}
		}
	}
}

// TestResetBeforeOthers: where a packet expires farther away than a reset comes from, the
// target cannot have sent that: the way goes on.
func TestResetBeforeOthers(t *testing.T) {
	eachWay(t, func(t *testing.T, v6 bool, c trace.Config) {
		if c.Kind != probe.SYN || c.Port == 80 {
			return
		}
		p := play(t, "slow A T B C T*", c)
		if !p.Reached || len(p.Hops) != 5 || p.Hops[1].Reached || p.Hops[1].Reason != probe.Reset || p.Hops[3].Reached {
			t.Errorf("%s, reached %v", p.hops(), p.Reached)
		}
	})
}
