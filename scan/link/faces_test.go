package link

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestInterfaces: what there is of interfaces, with what each needs to reach a
// neighbour, whether it can, and our addresses.
func TestInterfaces(t *testing.T) {
	n := labtest.New(t)
	client, near, off, gone := n.Host("client"), n.Host("near"), n.Host("off"), n.Host("gone")
	n.Link(client, near, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(client, off, "10.2.0.1/24", "10.2.0.2/24")
	n.Link(client, gone, "10.3.0.1/24", "10.3.0.2/24")
	client.Addr("eth0", "10.1.0.9/25")
	client.MTU("eth0", 1400)
	client.Down("eth1")
	gone.Down("eth0")
	want := map[string]string{
		"lo":   "up loopback 65536 [127.0.0.1/8 ::1/128]",
		"eth0": "up ethernet 1400 [10.1.0.1/24 10.1.0.9/25 fd01::1/64]",
		"eth1": "down ethernet 1500 [10.2.0.1/24]",
		"eth2": "no-carrier ethernet 1500 [10.3.0.1/24]",
	}
	if err := lab.CanTUN(); err != nil {
		t.Logf("without TUN: %v", err)
	} else {
		n.TUN(client, near, "10.8.0.1/24", "10.8.0.2/24")
		want["tun0"] = "up ip 1500 [10.8.0.1/24]"
	}
	var list []Interface
	on(t, client, func() (err error) { list, err = Interfaces(); return err })
	if len(list) != len(want) {
		t.Errorf("%d interfaces, want %d", len(list), len(want))
	}
	for i, f := range list {
		addrs := slices.DeleteFunc(slices.Clone(f.Addrs), func(p netip.Prefix) bool { return p.Addr().IsLinkLocalUnicast() })
		if got := fmt.Sprint(f.Carrier, " ", f.Medium, " ", f.MTU, " ", addrs); got != want[f.Name] {
			t.Errorf("%s: %s, want %s", f.Name, got, want[f.Name])
		}
		if hasMAC := f.MAC != ([6]byte{}); hasMAC != (f.Medium == Ethernet) || hasMAC && f.MAC != mac(client, f.Name) {
			t.Errorf("%s: MAC %x", f.Name, f.MAC)
		}
		if f.Index != client.Index(f.Name) || i > 0 && list[i-1].Index >= f.Index {
			t.Errorf("%s: index %d", f.Name, f.Index)
		}
	}
}

// TestDefaultRoutes: those of all tables, whatever they lead to.
func TestDefaultRoutes(t *testing.T) {
	client := routeLab(t)
	client.RouteTable(101, "0.0.0.0/0", "prohibit")
	client.RouteTable(102, "0.0.0.0/0", "eth1")
	var list []DefaultRoute
	on(t, client, func() (err error) { list, err = DefaultRoutes(); return err })
	var got []string
	for _, d := range list {
		got = append(got, fmt.Sprint(d.V6, " ", d.Table, " ", d.Kind, " ", d.Iface, " ", d.Next, " ", d.Metric))
	}
	slices.Sort(got)
	want := []string{
		"false 100 unicast eth1 10.2.0.2 0",
		"false 101 prohibit  invalid IP 0",
		"false 102 unicast eth1 invalid IP 0",
		"false 254 unicast eth0 10.1.0.2 0",
		"true 100 unicast eth1 fd02::2 1024",
		"true 254 unicast eth0 fd01::2 1024",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestStretches: what a network falls into, cut to what is asked for.
func TestStretches(t *testing.T) {
	client := routeLab(t)
	tab := table(t, client, RouteOptions{}, nil, "172.16.0.0/12", "8.8.8.0/24", "10.1.0.0/24")
	for within, want := range map[string][]string{
		"172.16.0.0/12":              {"172.16.0.0-172.17.4.255 eth1", "172.17.5.0-172.17.5.127 eth0", "172.17.5.128-172.17.5.255 eth1", "172.17.6.0-172.31.255.255 eth1"},
		"172.17.5.100-172.17.5.130":  {"172.17.5.100-172.17.5.127 eth0", "172.17.5.128-172.17.5.130 eth1"},
		"8.8.8.8":                    {"8.8.8.8-8.8.8.8 eth0"},
		"10.1.0.0-10.1.0.9":          {"10.1.0.0-10.1.0.0 eth0", "10.1.0.1-10.1.0.1 lo", "10.1.0.2-10.1.0.9 eth0"},
		"9.9.9.0/24":                 nil,
		"8.8.7.0-8.8.9.255":          {"8.8.8.0-8.8.8.255 eth0"},
		"172.31.255.255-172.32.0.10": {"172.31.255.255-172.31.255.255 eth1"},
	} {
		var got []string
		tab.Stretches(ranges(t, within)[0], func(first, last netip.Addr, way uint16) {
			got = append(got, fmt.Sprint(first, "-", last, " ", tab.Ways()[way].Name))
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", within, got, want)
		}
	}
}

// TestMostSockets: a part of the descriptors is left to others.
func TestMostSockets(t *testing.T) {
	for files, want := range map[uint64]int{0: 1, 1: 1, 4: 3, 64: 48, 1024: 960, 1 << 40: 1<<20 - 64} {
		if got := socketsOf(files); got != want {
			t.Errorf("of %d files: %d sockets, want %d", files, got, want)
		}
	}
	files, sockets, err := MostSockets()
	if err != nil || sockets != socketsOf(files) {
		t.Errorf("%d files, %d sockets, %v", files, sockets, err)
	}
}
