package trace_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/trace"
)

// most is how many packets a trace may have sent that ended behind hop n at once: each
// hop three times, and some TTLs beyond that were under way or that show that nobody
// answers there.
func most(n int) int { return 3*n + 30 }

// TestRefusals: one router's prohibition ends only what it ended.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, script, want string
		reached            bool
	}{
		{"expiring on it", "A B!admin C T*", "A B!admin-prohibited C T=", true},
		{"the first", "A!admin B T*", "A!admin-prohibited B T=", true},
		{"the last", "A B C!host T*", "A B C!host-unreach T=", true},
		{"the one before the target for its own TTL", "A B B!admin T*", "A B B!admin-prohibited T=", true},
		{"some TTLs", "A B!admin B!admin B!admin C T*", "A B!admin-prohibited B!admin-prohibited B!admin-prohibited C T=", true},
		{"more than are looked behind", "A B!admin B!admin B!admin B!admin B!admin B!admin B!admin C T*",
			"A B!admin-prohibited B!admin-prohibited B!admin-prohibited B!admin-prohibited B!admin-prohibited B!admin-prohibited B!admin-prohibited C T=", true},
		{"two routers", "A B!admin C!net D T*", "A B!admin-prohibited C!net-unreach D T=", true},
		{"and silence behind it", "A B!admin - - - - - - T*", "A B!admin-prohibited - - - - - - T=", true},
		{"far away", "slow A B!admin C T*", "A B!admin-prohibited C T=", true},
		{"far away, and silence behind it", "slow A B!admin - - - - - - T*", "A B!admin-prohibited - - - - - - T=", true},
		{"a target that seems to be near", "near A B B!admin T*", "A B B!admin-prohibited T=", true},
		{"the first packet only", "A B!net/B C!net/C T*", "A B+net-unreach C+net-unreach T=", true},
		{"the first packet of each", "A!net/A B!net/B C!net/C T!net/T*", "A+net-unreach B+net-unreach C+net-unreach T=", true},
		{"at one of two ways", "A B!admin/C D T*", "A C+admin-prohibited D T=", true},
		{"the target itself", "A B T!admin*", "A B T=", true},
		{"a way that goes on to a silent target", "A B!admin C D -*", "A B!admin-prohibited C D", false},
		{"a way that goes on there behind silent hops", "A B!admin - - - C D -*", "A B!admin-prohibited - - - C D", false},

		{"all that goes through", "A B B!admin*", "A B B!admin-prohibited.", false},
		{"all, from its own TTL on", "A B!admin*", "A B!admin-prohibited.", false},
		{"all, at the first hop", "A!net*", "A!net-unreach.", false},
		{"and nothing more", "A B C!admin -*", "A B C!admin-prohibited.", false},
		{"a parameter problem", "A B!param*", "A B!param-problem.", false},
		{"two routers in turn", "A (B!admin C!admin)*", "A B!admin-prohibited C!admin-prohibited.", false},
		{"as a firewall does", "A B B!port*", "A B B!port-unreach.", false},
		{"as a firewall does for a protocol", "A B B!proto*", "A B B!proto-unreach.", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, v6 bool, c trace.Config) {
				p := play(t, tt.script, c)
				want := tt.want
				if v6 {
					want = in6(want)
				}
				if got := p.hops(); got != want || p.Reached != tt.reached {
					t.Errorf("the way is %s, reached %v, want %s", got, p.Reached, want)
				}
				state, reason := p.State()
				if (state == probe.Up) != tt.reached || (reason == probe.NoResponse) != strings.HasPrefix(tt.name, "a way that goes on") {
					t.Errorf("%v, %v", state, reason)
				}
				if n := len(p.Hops); n > 0 && p.Hops[n-1].Ends && p.sent > most(n) {
					t.Errorf("%d packets: %v", p.sent, p.asked)
				}
				if p.Stats.Unsolicited > 0 {
					t.Errorf("%d packets are unsolicited", p.Stats.Unsolicited)
				}
			})
		})
	}
}

// TestFew: where a router refuses and answers fast, little more is asked.
func TestFew(t *testing.T) {
	eachWay(t, func(t *testing.T, v6 bool, c trace.Config) {
		p := play(t, "A A!admin*", c)
		for ttl, n := range p.asked {
			if ttl > 2 && n > 1 {
				t.Errorf("TTL %d was asked %d times: %v", ttl, n, p.asked)
			}
		}
		if p.asked[30] != 1 || p.asked[1] != 3 || p.asked[2] != 3 || p.sent > 2*3+4+1 {
			t.Errorf("asked %v", p.asked)
		}
	})
}

// TestOtherAddress: a target that answers from another of its addresses is reached.
func TestOtherAddress(t *testing.T) {
	for _, a := range []struct {
		name   string
		kind   probe.Kind
		port   uint16
		reason string
	}{
		{"icmp", probe.Echo, 0, "echo-reply"},
		{"udp closed", probe.UDP, 33434, "port-unreach"},
		{"udp open", probe.UDP, 53, "udp-response"},
		{"tcp open", probe.SYN, 80, "syn-ack"},
		{"tcp closed", probe.SYN, 81, "reset"},
	} {
		for _, target := range []netip.Addr{target4, target6} {
			t.Run(a.name+" "+target.String(), func(t *testing.T) {
				c := trace.Config{Target: target, Kind: a.kind, Port: a.port}
				p := play(t, "A B X+*", c)
				if got := p.hops(); got != "A B X=" || !p.Reached || p.Hops[2].Reason.String() != a.reason {
					t.Errorf("the way is %s, reached %v: %+v", got, p.Reached, p.Hops)
				}
				if state, reason := p.State(); state != probe.Up || reason.String() != a.reason {
					t.Errorf("%v, %v", state, reason)
				}
			})
		}
	}
	// What a router says of itself is no answer of the target, whatever the words.
	for _, target := range []netip.Addr{target4, target6} {
		p := play(t, "A B A!port*", trace.Config{Target: target, Kind: probe.UDP, Port: 33434})
		if got := p.hops(); got != "A B A!port-unreach." || p.Reached {
			t.Errorf("the way is %s, reached %v", got, p.Reached)
		}
		p = play(t, "A B X!admin*", trace.Config{Target: target, Kind: probe.UDP, Port: 33434})
		if got := p.hops(); got != "A B X!admin-prohibited." || p.Reached {
			t.Errorf("the way is %s, reached %v", got, p.Reached)
		}
		// A router that has the target's address and sends packets on to the host that
		// they are for says that they expired: that is an answer of the target.
		p = play(t, "A t -*", trace.Config{Target: target, Kind: probe.Echo})
		if got := p.hops(); got != "A T=" || !p.Reached {
			t.Errorf("the way is %s, reached %v", got, p.Reached)
		}
		if p = play(t, "A t B T*", trace.Config{Target: target, Kind: probe.Echo}); p.hops() != "A T B T=" {
			t.Errorf("the way is %s", p.hops())
		}
	}
}

// TestLabelsOfHops: the MPLS labels of each hop come through.
func TestLabelsOfHops(t *testing.T) {
	eachWay(t, func(t *testing.T, v6 bool, c trace.Config) {
		p := play(t, "A B[416243] C[16,17,1048575] D[3]!admin T*", c)
		if len(p.Hops) != 5 {
			t.Fatal(p.hops())
		}
		for i, want := range [][]uint32{nil, {416243}, {16, 17, 1048575}, {3}, nil} {
			var got []uint32
			for _, l := range p.Hops[i].Labels {
				got = append(got, l.Value())
			}
			if !slices.Equal(got, want) {
				t.Errorf("hop %d: %v, want %v", i+1, got, want)
			}
		}
	})
}

// TestNothingBeyondTheTarget: where the target answers fast, no TTL beyond it is asked, not
// even the highest; but where it resets, it is asked for an echo.
func TestNothingBeyondTheTarget(t *testing.T) {
	eachWay(t, func(t *testing.T, v6 bool, c trace.Config) {
		p := play(t, "A B T*", c)
		if p.asked[64] == 1 && p.Hops[2].Reason == probe.Reset {
			delete(p.asked, 64)
		}
		if !p.Reached || len(p.Hops) != 3 || len(p.asked) != 3 {
			t.Errorf("reached %v by %d hops; by TTL, so many packets left: %v", p.Reached, len(p.Hops), p.asked)
		}
	})
}
