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
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	hosts := map[netip.Addr]sweep.Host{}
	var stats scan.Stats
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			var err error
			stats, err = sweep.Run(context.Background(), e, scan.Plan{}, parts, func(h *sweep.Host) {
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
		for i, ports := range []string{"", "tcp open 443", "tcp closed 443", "tcp rst 80"} {
			h := fmt.Sprintf(family.host, i+1)
			if ports == "" {
				network += "hosts " + h + "\n\ttcp drop all\n"
			} else {
				network += "hosts " + h + " no echo\n\ttcp drop all\n\t" + ports + "\n"
			}
		}
		hosts, stats := find(t, network, sweep.Part{Targets: set(t, family.prefix), Pings: sweep.Default()})
		want := []probe.Reason{probe.EchoReply, probe.SynAck, probe.Reset, probe.Reset}
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
		{"fd01::9/128", sweep.Default(), probe.Down, probe.AddrUnreach},
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
