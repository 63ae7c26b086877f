package link

import (
	"net/netip"
	"testing"
	"time"

	"sonde/probe/wire"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/link/linktest"
)

// TestConformance runs the suite of all links over every path through this one.
func TestConformance(t *testing.T) {
	ether := newPair(t)
	tun := func(t *testing.T) *pair {
		labtest.NeedTUN(t)
		n := labtest.New(t)
		p := &pair{net: n, client: n.Host("client"), server: n.Host("server"),
			ours: []string{"10.8.0.1", "fd08::1"}, theirs: []string{"10.8.0.2", "fd08::2"}}
		n.TUN(p.client, p.server, "10.8.0.1/24", "10.8.0.2/24", "fd08::1/64", "fd08::2/64")
		return p
	}
	alone := func(t *testing.T) *pair {
		n := labtest.New(t)
		h := n.Host("alone")
		h.Addr("lo", "192.0.2.1/32")
		return &pair{net: n, client: h, server: h, ours: []string{"127.0.0.1", "::1"}, theirs: []string{"127.0.0.1", "::1"}}
	}
	for _, path := range []struct {
		name  string
		hosts func(t *testing.T) *pair
		needs Needs
		large bool // packets larger than the MTU are refused
	}{
		{"raw", func(*testing.T) *pair { return ether }, Needs{}, true},
		{"frames", func(*testing.T) *pair { return ether }, Needs{Frames: true}, true},
		{"rings", func(*testing.T) *pair { return ether }, Needs{Frames: true, Rings: true}, true},
		{"tun raw", tun, Needs{}, true},
		{"tun frames", tun, Needs{Frames: true}, true},
		{"tun rings", tun, Needs{Frames: true, Rings: true}, true},
		{"loopback raw", alone, Needs{}, false},
		{"loopback frames", alone, Needs{Frames: true}, false},
		{"loopback rings", alone, Needs{Frames: true, Rings: true}, false},
	} {
		t.Run(path.name, func(t *testing.T) {
			p := path.hosts(t)
			for i, family := range []string{"IPv4", "IPv6"} {
				t.Run(family, func(t *testing.T) {
					linktest.Run(t, func(t *testing.T) *linktest.Env {
						return newEnv(t, p.client, p.server, p.theirs[i], path.needs, path.large)
					})
				})
			}
		})
	}
}

func newEnv(t *testing.T, client, server *lab.Host, target string, needs Needs, large bool) *linktest.Env {
	start := time.Now()
	addr := netip.MustParseAddr(target)
	needs.V4, needs.V6, needs.ICMP = addr.Is4(), addr.Is6(), true
	table, l := openLink(t, client, RouteOptions{}, needs, start, target)
	e := &linktest.Env{Link: l, Way: table.Way(addr), Target: addr, Frame: needs.Frames, Start: start}
	w := table.Ways()[e.Way]
	if w.Err != nil {
		t.Fatalf("no way to %v: %v", addr, w.Err)
	}
	e.Source = w.Src
	if large {
		e.MTU = w.MTU
	}
	if w.Ether {
		e.MAC = mac(server, "eth0")
		if e.MAC == (wire.MAC{}) {
			t.Fatal("the server has no MAC")
		}
	}
	return e
}
