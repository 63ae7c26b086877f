package lab_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

func TestRoutes(t *testing.T) {
	n := labtest.New(t)
	client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
	n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	server.Default("10.2.0.2", "fd02::2")
	server.TCP(80)
	for _, tt := range []struct {
		prefix, via, addr string
		want              error
	}{
		{"10.2.0.0/24", "10.1.0.2", "10.2.0.10:80", nil},
		{"fd02::/64", "fd01::2", "[fd02::10]:80", nil},
		{"10.3.0.0/24", "blackhole", "10.3.0.1:80", syscall.EINVAL},
		{"fd03::/64", "blackhole", "[fd03::1]:80", syscall.EINVAL},
		{"10.4.0.0/24", "unreachable", "10.4.0.1:80", syscall.EHOSTUNREACH},
		{"fd04::/64", "unreachable", "[fd04::1]:80", syscall.EHOSTUNREACH},
		{"10.5.0.0/24", "prohibit", "10.5.0.1:80", syscall.EACCES},
		{"fd05::/64", "prohibit", "[fd05::1]:80", syscall.EACCES},
	} {
		if err := dial(client, tt.addr); !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("%s before: %v", tt.prefix, err)
		}
		client.Route(tt.prefix, tt.via)
		if err := dial(client, tt.addr); !errors.Is(err, tt.want) {
			t.Errorf("%s via %s: %v, want %v", tt.prefix, tt.via, err, tt.want)
		}
	}
}

// TestPolicy: who comes from the second address goes the second way.
func TestPolicy(t *testing.T) {
	n := labtest.New(t)
	client, first, second := n.Host("client"), n.Host("first"), n.Host("second")
	n.Link(client, first, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(client, second, "10.9.0.1/24", "10.9.0.2/24", "fd09::1/64", "fd09::2/64")
	client.Default("10.1.0.2", "fd01::2")
	client.RouteTable(100, "0.0.0.0/0", "10.9.0.2")
	client.RouteTable(100, "::/0", "fd09::2")
	client.Policy(100, "10.9.0.1/32", "")
	client.Policy(100, "fd09::1/128", "")
	for _, tt := range []struct{ src, dst, iface string }{
		{"10.1.0.1", "12.92.96.37", "eth0"},
		{"10.9.0.1", "12.92.96.37", "eth1"},
		{"fd01::1", "2001:db8::1", "eth0"},
		{"fd09::1", "2001:db8::1", "eth1"},
	} {
		wire := client.Capture(tt.iface)
		err := client.Do(func() error {
			d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(tt.src)}}
			c, err := d.Dial("udp", net.JoinHostPort(tt.dst, "9"))
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write([]byte("hello"))
			return err
		})
		if err != nil {
			t.Errorf("%v: %v", tt, err)
		}
		if wire.Await(patience, func(p *lab.Packet) bool { return p.Out && p.UDP() != nil }) == nil {
			t.Errorf("%v: not seen on %s:\n%v", tt, tt.iface, wire.Packets())
		}
	}
}

func TestTUN(t *testing.T) {
	labtest.NeedTUN(t)
	n := labtest.New(t)
	client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
	n.TUN(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Default("10.2.0.2", "fd02::2")
	server.TCP(80)
	wire := client.Capture("tun0")
	for _, addr := range []string{"10.2.0.10:80", "[fd02::10]:80"} {
		if err := dial(client, addr); err != nil {
			t.Errorf("dial %s: %v", addr, err)
		}
	}
	syns := wire.Packets().Find(func(p *lab.Packet) bool { return p.TCP() != nil && p.TCP().SYN })
	if len(syns) != 4 || syns[0].IPv4() == nil || syns[2].IPv6() == nil {
		t.Errorf("want SYN and SYN-ACK of each family, got\n%v", syns)
	}
}

func TestMTU(t *testing.T) {
	_, client, router, server := routed(t)
	_ = server
	router.MTU("eth1", 1300)
	wire := client.Capture("eth0")
	err := client.Do(func() error {
		c, err := net.Dial("udp", "10.2.0.10:9")
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write(make([]byte, 1400))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tooBig := func(p *lab.Packet) bool {
		typ, code, ok := p.ICMP()
		return ok && typ == 3 && code == 4
	}
	if wire.Await(patience, tooBig) == nil {
		t.Errorf("no \"fragmentation needed\":\n%v", wire.Packets())
	}
}

// TestGoneAndBack: what is taken away is away, and what comes back works as before, in
// both families.
func TestGoneAndBack(t *testing.T) {
	for _, tt := range []struct {
		name        string
		goes, comes func(n *lab.Network, client, router *lab.Host)
	}{
		{"interface off", func(_ *lab.Network, client, _ *lab.Host) { client.Down("eth0") },
			func(_ *lab.Network, client, _ *lab.Host) { client.Up("eth0"); client.Default("10.1.0.2", "fd01::2") }},
		{"carrier", func(_ *lab.Network, _, router *lab.Host) { router.Down("eth0") },
			func(_ *lab.Network, _, router *lab.Host) { router.Up("eth0") }},
		{"interface", func(_ *lab.Network, client, _ *lab.Host) { client.Unplug("eth0") },
			func(n *lab.Network, client, router *lab.Host) {
				n.Replug(client, "eth0", router, "eth0", "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
				client.Default("10.1.0.2", "fd01::2")
			}},
	} {
		n := labtest.New(t)
		client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
		n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
		n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
		client.Default("10.1.0.2", "fd01::2")
		server.Default("10.2.0.2", "fd02::2")
		server.TCP(80)
		all := func(when string, works bool) {
			for _, addr := range []string{"10.2.0.10:80", "[fd02::10]:80"} {
				if err := dialFor(client, addr, !works); (err == nil) != works {
					t.Errorf("%s, %s, %s: %v", tt.name, when, addr, err)
				}
			}
		}
		all("before", true)
		tt.goes(n, client, router)
		all("gone", false)
		tt.comes(n, client, router)
		all("back", true)
	}
}
