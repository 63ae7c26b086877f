package link

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"go4.org/netipx"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// routeLab is a client with two uplinks, a tunnel's worth of special routes and
// policy rules.
func routeLab(t *testing.T) (client *lab.Host) {
	n := labtest.New(t)
	client, a, b := n.Host("client"), n.Router("a"), n.Router("b")
	n.Link(client, a, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(client, b, "10.2.0.1/24", "10.2.0.2/24", "fd02::1/64", "fd02::2/64")
	client.Addr("eth1", "10.2.0.77/24", "2001:db8:77::1/64", "2001:db8:77:8000::1/64")
	client.Default("10.1.0.2", "fd01::2")
	for _, r := range [][2]string{
		{"172.16.0.0/12", "10.2.0.2"}, {"172.17.5.0/24", "10.1.0.2"}, {"172.17.5.128/25", "eth1"},
		{"192.168.1.0/24", "blackhole"}, {"192.168.2.0/24", "unreachable"}, {"192.168.3.0/24", "prohibit"},
		{"2001:db8:1::/48", "fd02::2"}, {"2001:db8:2::/48", "blackhole"},
		{"2001:db8:3::/48", "unreachable"}, {"2001:db8:4::/48", "prohibit"}, {"2001:db8::/32", "eth1"},
	} {
		client.Route(r[0], r[1])
	}
	client.RouteTable(100, "0.0.0.0/0", "10.2.0.2")
	client.RouteTable(100, "203.0.113.64/26", "unreachable")
	client.RouteTable(100, "::/0", "fd02::2")
	client.Policy(100, "", "203.0.113.0/24")
	client.Policy(100, "10.2.0.77/32", "")
	client.Policy(100, "", "2001:db8:f::/48")
	return client
}

// table makes a Table on a host.
func table(t *testing.T, h *lab.Host, opt RouteOptions, zoned []netip.Addr, targets ...string) (tab *Table) {
	t.Helper()
	on(t, h, func() (err error) {
		tab, err = NewTable(slices.Values(ranges(t, targets...)), zoned, opt)
		return err
	})
	return tab
}

// The ways to the gateways are known although nobody asked for them: before a
// frame can leave, the gateway's own address on the link is asked for.
func TestGatewayWays(t *testing.T) {
	client := routeLab(t)
	for _, tt := range []struct{ source, target, gateway, other, own, near string }{
		{"10.42.48.1", "8.8.8.8", "10.1.0.2", "10.2.0.2", "10.1.0.1", "10.1.0.7"},
		{"fd42::1", "2001:db8:f::1", "fd02::2", "fd01::2", "fd02::1", "fd02::7"},
	} {
		tab := table(t, client, RouteOptions{Source: netip.MustParseAddr(tt.source)}, nil, tt.target)
		way := tab.Ways()[tab.Way(netip.MustParseAddr(tt.gateway))]
		if way.Err != nil || way.Next.IsValid() || !way.Frames || !way.Hops || way.Own != netip.MustParseAddr(tt.own) {
			t.Errorf("way to the gateway %s: %+v", tt.gateway, way)
		}
		if n := tab.Way(netip.MustParseAddr(tt.other)); n != 0 {
			t.Errorf("way to %s, which is no gateway here: %d", tt.other, n)
		}
		if way := tab.Ways()[tab.Way(netip.MustParseAddr(tt.target))]; way.Err != nil || way.Hops || way.Next.String() != tt.gateway {
			t.Errorf("way to the target %s: %+v", tt.target, way)
		}
		tab = table(t, client, RouteOptions{Source: netip.MustParseAddr(tt.source)}, nil, tt.target, tt.near)
		for _, addr := range []string{tt.near, tt.gateway} {
			if way := tab.Ways()[tab.Way(netip.MustParseAddr(addr))]; way.Err != nil || way.Hops || way.Next.IsValid() {
				t.Errorf("way to %s, with a target on its link: %+v", addr, way)
			}
		}
	}
}

func TestWays(t *testing.T) {
	client := routeLab(t)
	everything := []string{"0.0.0.0/0", "::/0"}
	tab := table(t, client, RouteOptions{}, nil, everything...)
	lo := func(addr string) scan.Way { return scan.Way{Name: "lo", Src: netip.MustParseAddr(addr)} }
	way := func(name, src, next string) scan.Way {
		w := scan.Way{Name: name}
		if src != "" { // otherwise two addresses are equally good
			w.Src = netip.MustParseAddr(src)
		}
		if next != "" {
			w.Next = netip.MustParseAddr(next)
		}
		return w
	}
	for target, want := range map[string]scan.Way{
		"8.8.8.8":               way("eth0", "10.1.0.1", "10.1.0.2"),
		"10.1.0.9":              way("eth0", "10.1.0.1", ""),
		"10.2.0.9":              way("eth1", "10.2.0.1", ""),
		"172.16.1.1":            way("eth1", "10.2.0.1", "10.2.0.2"),
		"172.17.5.1":            way("eth0", "10.1.0.1", "10.1.0.2"),
		"172.17.5.200":          way("eth1", "10.2.0.1", ""),
		"172.17.6.0":            way("eth1", "10.2.0.1", "10.2.0.2"),
		"203.0.113.1":           way("eth1", "10.2.0.1", "10.2.0.2"),
		"203.0.113.65":          {Err: probe.RouteUnreachable},
		"192.168.1.1":           {Err: probe.RouteBlackhole},
		"192.168.2.1":           {Err: probe.RouteUnreachable},
		"192.168.3.1":           {Err: probe.RouteProhibited},
		"127.0.0.1":             lo("127.0.0.1"),
		"127.3.4.5":             lo("127.0.0.1"),
		"10.2.0.77":             lo("10.2.0.1"), // a secondary address is not preferred, not even towards itself
		"0.0.0.0":               lo("127.0.0.1"),
		"fd01::9":               way("eth0", "fd01::1", ""),
		"2001:db8:1::1":         way("eth1", "", "fd02::2"),
		"2001:db8:77::5":        way("eth1", "2001:db8:77::1", ""),
		"2001:db8:77:8000:1::5": way("eth1", "2001:db8:77:8000::1", ""),
		"2001:db8:2::1":         {Err: probe.RouteBlackhole},
		"2001:db8:3::1":         {Err: probe.RouteUnreachable},
		"2001:db8:4::1":         {Err: probe.RouteProhibited},
		"2001:db8:f::1":         way("eth1", "", "fd02::2"),
		"2606:4700::1111":       way("eth0", "fd01::1", "fd01::2"),
		"::1":                   lo("::1"),
		"fd01::1":               lo("fd01::1"),
		"fe80::1":               {Err: probe.NoZone},
	} {
		got := tab.Ways()[tab.Way(netip.MustParseAddr(target))]
		if got.Err != want.Err || want.Src.IsValid() && got.Src != want.Src || got.Next != want.Next || want.Name != "" && got.Name != want.Name {
			t.Errorf("%s: %+v, not %+v", target, got, want)
		}
		if got.Err != nil {
			continue
		}
		if got.Own != got.Src || got.Frames || got.Ether != (got.Name != "lo") || got.Iface == 0 || got.MTU < 1280 {
			t.Errorf("%s: %+v", target, got)
		}
		if got.Ether && got.MAC != mac(client, got.Name) {
			t.Errorf("%s: MAC %x", target, got.MAC)
		}
	}
	if n := len(tab.Ways()); n > 40 {
		t.Errorf("%d ways, more than there can be different ones", n)
	}
}

// TestTableIsTheKernels compares the table with the kernel's own answer, asked
// for each address by itself.
func TestTableIsTheKernels(t *testing.T) {
	client := routeLab(t)
	var targets []string
	var addrs []netip.Addr
	random := rand.New(rand.NewPCG(1, 2))
	for _, s := range []string{
		"10.0.0.0/14", "0.0.0.0/5", "172.16.0.0/11", "192.168.0.0/21", "203.0.112.0/23", "127.0.0.0/8", "8.0.0.0/8",
		"2001:db8::/44", "2001:db8:70::/44", "fd00::/13", "::/126", "2600::/12",
	} {
		p := netip.MustParsePrefix(s)
		targets = append(targets, s)
		for range 150 {
			b := p.Addr().AsSlice()
			// Few bits differ from the prefix: near the edges is where errors are.
			for bit := p.Bits(); bit < len(b)*8; bit++ {
				if random.IntN(6) == 0 {
					b[bit/8] |= 0x80 >> (bit % 8)
				}
			}
			a, _ := netip.AddrFromSlice(b)
			addrs = append(addrs, a)
		}
	}
	for _, opt := range []RouteOptions{{}, {Iface: "eth1"}, {Source: netip.MustParseAddr("10.2.0.77")}, {Source: netip.MustParseAddr("fd02::1")}} {
		tab := table(t, client, opt, nil, targets...)
		on(t, client, func() error {
			k, err := askKernel(netlink.FAMILY_V4, netlink.FAMILY_V6)
			if err != nil {
				return err
			}
			for _, a := range addrs {
				want := &Table{opt: opt, local: k.local, iface: tab.iface}
				i := want.ask(k, a, tab.iface)
				if got, want := tab.Ways()[tab.Way(a)], want.Ways()[i]; got != want {
					t.Errorf("%+v: way to %v is %+v, the kernel says %+v", opt, a, got, want)
				}
			}
			return nil
		})
		if n := len(tab.Ways()); n > 60 {
			t.Errorf("%+v: %d ways", opt, n)
		}
	}
}

func TestUnplanned(t *testing.T) {
	client := routeLab(t)
	tab := table(t, client, RouteOptions{}, nil, "8.8.8.0/24", "9.9.9.9", "2606::1")
	for _, s := range []string{"8.8.7.255", "9.9.9.10", "255.255.255.255", "0.0.0.0", "2606::", "::", "fe80::1%eth0"} {
		if i := tab.Way(netip.MustParseAddr(s)); i != 0 || !errors.Is(tab.Ways()[i].Err, syscall.ENETUNREACH) {
			t.Errorf("%s: way %d", s, i)
		}
	}
	// What lies between targets of one stretch has their way.
	for _, s := range []string{"8.8.8.0", "8.8.8.255", "8.8.9.0", "9.9.9.8", "9.9.9.9", "::ffff:9.9.9.9", "2606::1"} {
		if i := tab.Way(netip.MustParseAddr(s)); i == 0 || tab.Ways()[i].Err != nil {
			t.Errorf("%s: way %d", s, i)
		}
	}
	target := netip.MustParseAddr("8.8.8.8")
	if n := testing.AllocsPerRun(100, func() { tab.Way(target); tab.Local(target) }); n != 0 {
		t.Errorf("a look-up allocates %v times", n)
	}
}

func TestInterface(t *testing.T) {
	client := routeLab(t)
	on(t, client, func() error {
		_, err := NewTable(slices.Values([]netipx.IPRange(nil)), nil, RouteOptions{Iface: "wlan7"})
		if err == nil || !strings.Contains(err.Error(), "wlan7") || !strings.Contains(err.Error(), "lo, ") || !strings.Contains(err.Error(), "eth1") {
			t.Errorf("an interface that does not exist: %v", err)
		}
		return nil
	})
	tab := table(t, client, RouteOptions{Iface: "eth1"}, nil, "10.2.0.9", "172.16.0.1", "fd02::9", "fe80::9")
	for _, s := range []string{"10.2.0.9", "172.16.0.1", "fd02::9", "fe80::9"} {
		if w := tab.Ways()[tab.Way(netip.MustParseAddr(s))]; w.Err != nil || w.Name != "eth1" {
			t.Errorf("%s by -e eth1: %+v", s, w)
		}
	}
}

func TestSource(t *testing.T) {
	client := routeLab(t)
	own, foreign := netip.MustParseAddr("10.2.0.77"), netip.MustParseAddr("198.51.100.1")
	target := netip.MustParseAddr("8.8.8.8")

	// The policy rule "from 10.2.0.77" is obeyed.
	tab := table(t, client, RouteOptions{Source: own}, nil, "8.8.8.8", "2606::1")
	if w := tab.Ways()[tab.Way(target)]; w.Err != nil || w.Name != "eth1" || w.Src != own || w.Own != own || w.Frames || tab.Foreign() {
		t.Errorf("-S %v: %+v", own, w)
	}
	if w := tab.Ways()[tab.Way(netip.MustParseAddr("2606::1"))]; w.Err != syscall.EAFNOSUPPORT {
		t.Errorf("IPv6 from an IPv4 source: %+v", w)
	}
	tab = table(t, client, RouteOptions{Source: foreign}, nil, "8.8.8.8")
	if w := tab.Ways()[tab.Way(target)]; w.Err != nil || w.Name != "eth0" || w.Src != foreign || w.Own != netip.MustParseAddr("10.1.0.1") || !w.Frames || !tab.Foreign() {
		t.Errorf("-S %v: %+v", foreign, w)
	}
	tab = table(t, client, RouteOptions{Source: netip.MustParseAddr("2001:db8:ffff::1")}, nil, "2606::1")
	if w := tab.Ways()[tab.Way(netip.MustParseAddr("2606::1"))]; w.Err != nil || w.Src != tab.opt.Source || !w.Frames || w.Own != netip.MustParseAddr("fd01::1") {
		t.Errorf("foreign IPv6 source: %+v", w)
	}
}

func TestLocal(t *testing.T) {
	client := routeLab(t)
	// Routes, here the one to 127.0.0.0/8, are read of the families that are asked.
	four, six := table(t, client, RouteOptions{}, nil, "8.8.8.8"), table(t, client, RouteOptions{}, nil, "2606::1")
	for s, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "10.1.0.1": true, "10.2.0.77": true, "::1": true, "fd01::1": true,
		"::ffff:10.1.0.1": true, "10.1.0.2": false, "10.1.0.255": false, "fd01::2": false, "8.8.8.8": false,
	} {
		addr, tab := netip.MustParseAddr(s), six
		if addr.Unmap().Is4() {
			tab = four
		}
		if tab.Local(addr) != want {
			t.Errorf("Local(%s) is not %v", s, want)
		}
	}
	on(t, client, func() error {
		k, err := askKernel(netlink.FAMILY_V4, netlink.FAMILY_V6)
		for _, p := range k.own {
			if !four.Local(p.Addr()) {
				t.Errorf("%v is not local", p)
			}
		}
		return err
	})
}

func TestZones(t *testing.T) {
	client := routeLab(t)
	addr := func(s string) netip.Addr { return netip.MustParseAddr(s) }
	zoned := []netip.Addr{addr("fe80::9%eth0"), addr("fe80::9%eth1"), addr("fe80::9%nix"), addr("fe80::9%2")}
	tab := table(t, client, RouteOptions{}, zoned)
	for _, name := range []string{"eth0", "eth1"} {
		w := tab.Ways()[tab.Way(addr("fe80::9%"+name))]
		if w.Err != nil || w.Name != name || !w.Src.IsLinkLocalUnicast() || w.Next.IsValid() {
			t.Errorf("zone %s: %+v", name, w)
		}
	}
	if w := tab.Ways()[tab.Way(addr("fe80::9%nix"))]; w.Err != syscall.ENODEV {
		t.Errorf("zone nix: %+v", w)
	}
	if w := tab.Ways()[tab.Way(addr("fe80::9%2"))]; w.Iface != 2 {
		t.Errorf("zone 2: %+v", w)
	}
	tab = table(t, client, RouteOptions{Iface: "eth0"}, zoned)
	if w := tab.Ways()[tab.Way(addr("fe80::9%eth1"))]; w.Err != syscall.ENODEV {
		t.Errorf("zone eth1 with -e eth0: %+v", w)
	}
}

// TestOneQuestionPerStretch: the number of questions follows from the routes, not
// from the targets.
func TestOneQuestionPerStretch(t *testing.T) {
	client := routeLab(t)
	on(t, client, func() error {
		k, err := askKernel(netlink.FAMILY_V4, netlink.FAMILY_V6)
		if err != nil {
			return err
		}
		all := netipx.RangeOfPrefix(netip.MustParsePrefix("64.0.0.0/4"))
		if n := len(k.edgesWithin(all)); n > 0 {
			t.Errorf("64.0.0.0/4 has %d edges: %v", n, k.edgesWithin(all))
		}
		return nil
	})
}

func TestNeighbours(t *testing.T) {
	p := newPair(t)
	p.client.Neighbour("eth0", "10.9.0.50", []byte{2, 0, 0, 0, 0, 0x50})
	tab := table(t, p.client, RouteOptions{}, nil, "10.9.0.0/24", "fd09::/120")
	var n *Neighbours
	on(t, p.client, func() (err error) { n, err = OpenNeighbours(tab); return err })
	defer n.Close()
	dead := netip.MustParseAddr("10.9.0.99")
	if n.Unresolved(dead) {
		t.Error("unresolved before it was asked for")
	}
	_, l := openLink(t, p.client, RouteOptions{}, Needs{V4: true, V6: true, UDP: true}, start, "10.9.0.0/24", "fd09::/120")
	for _, s := range []string{"10.9.0.99", "fd09::63", "10.9.0.2", "fd09::2"} {
		to := netip.MustParseAddr(s)
		if k, err := sendOne(l, udp(l.table, to, 9, nil)); k != 1 || err != nil {
			t.Fatal(s, k, err)
		}
	}
	await(t, func() bool {
		known, err := n.Known()
		if err != nil {
			t.Fatal(err)
		}
		return known[netip.MustParseAddr("10.9.0.2")] == mac(p.server, "eth0") &&
			known[netip.MustParseAddr("fd09::2")] == mac(p.server, "eth0") &&
			known[netip.MustParseAddr("10.9.0.50")] != [6]byte{} && len(known) >= 3
	})
	for s, want := range map[string]bool{"10.9.0.99": true, "fd09::63": true, "10.9.0.2": false, "fd09::2": false, "10.9.0.50": false, "10.9.0.98": false, "8.8.8.8": false} {
		if n.Unresolved(netip.MustParseAddr(s)) != want {
			t.Errorf("Unresolved(%s) is not %v", s, want)
		}
	}
}
