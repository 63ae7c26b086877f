package sweep_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"go4.org/netipx"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/simnet"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

func set(t *testing.T, prefix string) *target.Set {
	t.Helper()
	s, err := target.NewSet([]netipx.IPRange{netipx.RangeOfPrefix(netip.MustParsePrefix(prefix))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// find sweeps in virtual time and returns what was reported.
func find(t *testing.T, network string, parts ...sweep.Part) (map[netip.Addr]sweep.Host, scan.Stats) {
	t.Helper()
	return findBy(t, scan.Template(3), network, parts...)
}

func findBy(t *testing.T, timing scan.Timing, network string, parts ...sweep.Part) (map[netip.Addr]sweep.Host, scan.Stats) {
	t.Helper()
	return findFrom(t, scan.Plan{}, timing, network, parts...)
}

func findFrom(t *testing.T, base scan.Plan, timing scan.Timing, network string, parts ...sweep.Part) (map[netip.Addr]sweep.Host, scan.Stats) {
	t.Helper()
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	hosts := map[netip.Addr]sweep.Host{}
	var stats scan.Stats
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: timing, Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			var err error
			stats, err = sweep.Run(context.Background(), e, base, parts, func(h *sweep.Host) {
				if _, ok := hosts[h.Addr]; ok {
					t.Errorf("%v is reported twice", h.Addr)
				}
				hosts[h.Addr] = *h
			})
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	return hosts, stats
}

const oneWay = `
iface eth0 10.0.0.1/24 fd00::1/64 mac 02:00:00:00:00:01
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2 mac 02:00:00:00:00:02
path 10.1.0.0/16 r1 dead host-unreach 10ms
path fd01::/64 r1 dead addr-unreach 10ms
path 10.2.0.0/16 r1
`

// TestOneWay finds hosts that answer in one way only, behind a router.
func TestOneWay(t *testing.T) {
	for _, family := range []struct{ prefix, host string }{{"10.2.0.0/24", "10.2.0.%d"}, {"fd02::/120", "fd02::%d"}} {
		network := oneWay + "path fd02::/64 r1\n"
		want := []probe.Reason{probe.EchoReply, probe.SynAck, probe.Reset, probe.Reset, probe.UDPResponse, probe.PortUnreach}
		for i, answers := range []string{"", "tcp open 443", "tcp closed 443", "tcp rst 80", "udp served 53", "udp closed 53"} {
			h := fmt.Sprintf(family.host, i+1)
			silent := "\n\ttcp drop all; udp drop all; no timestamp\n\t"
			if answers == "" {
				network += "hosts " + h + silent + "\n"
			} else {
				network += "hosts " + h + " no echo" + silent + answers + "\n"
			}
		}
		if family.host == "10.2.0.%d" {
			network += "hosts 10.2.0.7 no echo\n\ttcp drop all; udp drop all\n"
			want = append(want, probe.TimestampReply)
		}
		pings := sweep.For(sweep.Default(), family.host != "10.2.0.%d")
		hosts, stats := find(t, network, sweep.Part{Targets: set(t, family.prefix), Pings: pings})
		for i, reason := range want {
			h := hosts[netip.MustParseAddr(fmt.Sprintf(family.host, i+1))]
			if h.State != probe.Up || h.Reason != reason {
				t.Errorf("host %d is %v (%v), want up (%v)", i+1, h.State, h.Reason, reason)
			}
		}
		if len(hosts) != len(want) {
			t.Errorf("%d hosts found, want %d", len(hosts), len(want))
		}
		if !stats.Complete {
			t.Error("not complete")
		}
	}
}

// TestMask finds who answers nothing but a request for its netmask.
func TestMask(t *testing.T) {
	network := oneWay + "hosts 10.2.0.9 mask no echo no timestamp\n\ttcp drop all; udp drop all\n"
	hosts, _ := find(t, network, sweep.Part{Targets: set(t, "10.2.0.0/28"), Pings: []sweep.Ping{{Kind: probe.Mask}}})
	h := hosts[netip.MustParseAddr("10.2.0.9")]
	if len(hosts) != 1 || h.State != probe.Up || h.Reason != probe.MaskReply {
		t.Errorf("%+v", hosts)
	}
}

// TestSleepers finds who wakes up by the first packet and answers only what comes
// 400 ms later, while others answer at once; and does not claim to where it was
// told how often to ask.
func TestSleepers(t *testing.T) {
	for _, tt := range []struct {
		prefix string
		pings  []sweep.Ping
	}{
		{"10.0.0.64/27", sweep.Link()}, {"fd00::40/123", sweep.Link()},
		{"10.2.0.64/27", sweep.Default()}, {"fd02::40/123", sweep.For(sweep.Default(), true)},
	} {
		all := netip.MustParsePrefix(tt.prefix)
		sleepers := netip.PrefixFrom(all.Addr(), all.Bits()+2) // 8 of 32
		network := oneWay + "path fd02::/64 r1\nhosts " + tt.prefix + "\nhosts " + sleepers.String() + " sleeps 400ms\n"
		hosts, stats := find(t, network, sweep.Part{Targets: set(t, tt.prefix), Pings: tt.pings})
		if len(hosts) != 32 || stats.Loss > 0 {
			t.Errorf("%s: %d hosts found, want 32; loss %v, though nothing was lost", tt.prefix, len(hosts), stats.Loss)
		}
		quick := scan.Template(3)
		quick.MaxRetries = 2
		hosts, _ = findBy(t, quick, network, sweep.Part{Targets: set(t, tt.prefix), Pings: tt.pings})
		if len(hosts) != 24 {
			t.Errorf("%s: %d hosts found by exactly three tries, want those 24 that were awake", tt.prefix, len(hosts))
		}
	}
}

// forging has a router that resets all TCP to two networks: 10.5 and fd05 are
// behind it and have hosts, of 10.6 and fd06 there is nobody.
const forging = oneWay + `
router r2 10.9.0.2 fd09::2 %s
	rule rst tcp to 10.6.0.0/16
	rule rst tcp to fd06::/64
path 10.5.0.0/16 r1 r2
path 10.6.0.0/16 r1 r2
path fd05::/64 r1 r2
path fd06::/64 r1 r2
hosts 10.5.0.0/28 no echo no timestamp
	tcp closed all; udp drop all
hosts fd05::/124 no echo
	tcp closed all; udp drop all
`

// TestForgedResets: hosts that answer nothing but resets are up, where these are
// theirs; a router that sends resets in the place of hosts makes none up, also
// where it tells only some of what it does with SYNs of few hops.
func TestForgedResets(t *testing.T) {
	for _, router := range []string{"", "limit 1/s burst 6", "silent"} {
		network := fmt.Sprintf(forging, router)
		for _, tt := range []struct{ hosts, nobody, by string }{
			{"10.5.0.0/28", "10.6.0.0/28", "10.9.0.2"}, {"fd05::/124", "fd06::/124", "fd09::2"},
		} {
			pings := sweep.For(sweep.Default(), tt.by == "fd09::2")
			up, _ := find(t, network, sweep.Part{Targets: set(t, tt.hosts), Pings: pings})
			for a, h := range up {
				if h.State != probe.Up || h.Reason != probe.Reset || h.By.IsValid() || h.Doubt != probe.NoDoubt {
					t.Errorf("%q: %v is %v (%v), %v", router, a, h.State, h.Reason, h.By)
				}
			}
			down, _ := find(t, network, sweep.Part{Targets: set(t, tt.nobody), Pings: pings})
			for a, h := range down {
				if h.State != probe.Unknown || h.Reason != probe.Reset || router != "silent" && h.By != netip.MustParseAddr(tt.by) || (h.Doubt == probe.ResetUnplaced) != (router == "silent") {
					t.Errorf("%q: %v is %v (%v) by %v, though nobody is there", router, a, h.State, h.Reason, h.By)
				}
			}
			if len(up) != 16 || len(down) != 16 {
				t.Errorf("%q: %d and %d hosts reported, want 16 each", router, len(up), len(down))
			}
		}
	}
}

// TestResetsToOnePort: with a source port for everything it cannot be asked who sent
// a reset; it counts as the host's, as it always did.
func TestResetsToOnePort(t *testing.T) {
	for _, target := range []string{"10.5.0.0/28", "fd05::/124"} {
		hosts, _ := findFrom(t, scan.Plan{SourcePort: 4025}, scan.Template(3), fmt.Sprintf(forging, ""),
			sweep.Part{Targets: set(t, target), Pings: []sweep.Ping{{Kind: probe.SYN, Port: 80}}})
		for a, h := range hosts {
			if h.State != probe.Up || h.Doubt != probe.NoDoubt {
				t.Errorf("%v is %v, doubt %q", a, h.State, h.Doubt)
			}
		}
		if len(hosts) != 16 {
			t.Errorf("%s: %d hosts", target, len(hosts))
		}
	}
}

// TestLongWayThere: where packets take one hop more on the way there than back, a
// SYN with as many hops as the reset came does not reach the host, but neither is
// the router that says so who sent the reset: it is nearer. (Initial TTLs of 65 stand
// for the shorter way back.)
func TestLongWayThere(t *testing.T) {
	network := oneWay + "router r2 10.9.0.2 fd09::2 ttl 65\npath 10.5.0.0/16 r1 r2\npath fd05::/64 r1 r2\n" +
		"hosts 10.5.0.7 ttl 65 no echo no timestamp\n\ttcp closed all; udp drop all\n" +
		"hosts fd05::7 ttl 65 no echo\n\ttcp closed all; udp drop all\n"
	for _, target := range []string{"10.5.0.7/32", "fd05::7/128"} {
		pings := []sweep.Ping{{Kind: probe.SYN, Port: 80}}
		hosts, _ := find(t, network, sweep.Part{Targets: set(t, target), Pings: pings})
		h := hosts[netip.MustParsePrefix(target).Addr()]
		if h.State != probe.Up {
			t.Errorf("%s is %v, %+v", target, h.State, h)
		}
	}
}

// TestOnLink finds by ARP and ND who answers nothing else, and calls the rest
// down.
func TestOnLink(t *testing.T) {
	for _, family := range []struct{ prefix, host string }{{"10.0.0.0/28", "10.0.0.7"}, {"fd00::/124", "fd00::7"}} {
		network := oneWay + "hosts " + family.host + " no echo\n\ttcp drop all\n"
		hosts, _ := find(t, network, sweep.Part{Targets: set(t, family.prefix), Pings: sweep.Link(), All: true})
		for a, h := range hosts {
			want := probe.Down
			if a == netip.MustParseAddr(family.host) {
				want = probe.Up
			}
			if a.As16()[15] <= 2 { // ourselves and the router
				continue
			}
			if h.State != want {
				t.Errorf("%v is %v (%v), want %v", a, h.State, h.Reason, want)
			}
		}
		if len(hosts) != 16 {
			t.Errorf("%d hosts reported, want 16", len(hosts))
		}
	}
}

// TestDownNeedsEvidence calls a host down only when its last router said twice
// that it is not there.
func TestDownNeedsEvidence(t *testing.T) {
	for _, tt := range []struct {
		target string
		pings  []sweep.Ping
		want   probe.State
		reason probe.Reason
	}{
		{"10.1.0.9/32", sweep.Default(), probe.Down, probe.HostUnreach},
		{"fd01::9/128", sweep.For(sweep.Default(), true), probe.Down, probe.AddrUnreach},
		{"10.1.0.9/32", sweep.Default()[:1], probe.Unknown, probe.HostUnreach},
		{"10.2.0.9/32", sweep.Default(), probe.Unknown, probe.NoResponse},
	} {
		hosts, _ := find(t, oneWay, sweep.Part{Targets: set(t, tt.target), Pings: tt.pings, All: true})
		h := hosts[netip.MustParsePrefix(tt.target).Addr()]
		if h.State != tt.want || h.Reason != tt.reason {
			t.Errorf("%s asked in %d ways is %v (%v), want %v (%v)", tt.target, len(tt.pings), h.State, h.Reason, tt.want, tt.reason)
		}
	}
}
