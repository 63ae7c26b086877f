package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/probe/wire"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// wayText is one line of what a way record says.
func wayText(t *testing.T, w *report.Way) string {
	t.Helper()
	if w.Errno != 0 {
		return strings.TrimSpace(jsonWord(t, w, "why") + " " + w.Iface)
	}
	next := w.Next.String()
	switch {
	case w.Local:
		next = "self"
	case !w.Next.IsValid():
		next = "link"
	}
	return strings.TrimSpace(fmt.Sprint(w.Iface, " from ", w.Source, " to ", next, " ", w.Neighbour))
}

// examined asks doctor for the ways to targets, with JSON beside the text.
func examined(t *testing.T, h *lab.Host, args ...string) (*outcome, []*report.Way) {
	t.Helper()
	o := ask(t, h, "doctor", args...)
	return o, recordsOf[*report.Way](o.records)
}

// clinic is a client with two uplinks, a cable that is pulled out, special
// routes and rules.
func clinic(t *testing.T) (n *lab.Network, client *lab.Host) {
	n = labtest.New(t)
	client = n.Host("client")
	a, b, off := n.Router("a"), n.Router("b"), n.Host("off")
	n.Link(client, a, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(client, b, "10.2.0.1/24", "10.2.0.2/24", "fd02::1/64", "fd02::2/64")
	n.Link(client, off, "10.3.0.1/24", "10.3.0.2/24", "fd03::1/64", "fd03::2/64")
	client.Addr("eth1", "10.2.0.77/24", "fd02::77/64")
	client.Default("10.1.0.2", "fd01::2")
	b.Addr("eth0", "fe80::b/64")
	for _, r := range [][2]string{
		{"192.168.1.0/24", "blackhole"}, {"192.168.2.0/24", "unreachable"}, {"192.168.3.0/24", "prohibit"},
		{"2001:db8:1::/48", "blackhole"}, {"2001:db8:2::/48", "unreachable"}, {"2001:db8:3::/48", "prohibit"},
		{"2001:db8:4::/48", "fe80::b%eth1"}, {"172.16.0.0/16", "10.2.0.2"}, {"10.4.0.0/22", "eth0"},
	} {
		client.Route(r[0], r[1])
	}
	client.RouteTable(100, "0.0.0.0/0", "10.2.0.2")
	client.RouteTable(100, "::/0", "fd02::2")
	client.Policy(100, "", "203.0.113.0/24")
	client.Policy(100, "10.2.0.77/32", "")
	client.Policy(100, "", "2001:db8:f::/48")
	client.Policy(100, "fd02::77/128", "")
	client.Neighbour("eth0", "10.1.0.9", net.HardwareAddr{2, 0, 0, 0, 0, 9})
	client.Neighbour("eth0", "fd01::9", net.HardwareAddr{2, 0, 0, 0, 0, 0x19})
	client.Neighbour("eth0", "fe80::9", net.HardwareAddr{2, 0, 0, 0, 0, 0x29})
	client.Neighbour("eth1", "fe80::9", net.HardwareAddr{2, 0, 0, 0, 0, 0x39})
	client.Neighbour("eth1", "10.2.0.2", net.HardwareAddr{2, 0, 0, 0, 0, 0x22})
	client.Neighbour("eth1", "fe80::b", net.HardwareAddr{2, 0, 0, 0, 0, 0x2b})
	client.Down("eth2")
	return n, client
}

// TestDoctorWays: interface, source, next hop and its MAC are the kernel's
// choice; where there is no way it is said why, with exit 4. No packet leaves.
func TestDoctorWays(t *testing.T) {
	t.Parallel()
	n, client := clinic(t)
	tun := lab.CanTUN() == nil
	if tun {
		far := n.Host("far")
		n.TUN(client, far, "10.8.0.1/24", "10.8.0.2/24", "fd08::1/64", "fd08::2/64")
	}
	client.NoNeighbour("eth0", "10.1.0.99")
	client.NoNeighbour("eth0", "fd01::99")
	wires := []*lab.Capture{client.Capture("eth0"), client.Capture("eth1")}
	for _, tt := range []struct {
		line, want string
		mac        string
	}{
		{"10.1.0.9", "eth0 from 10.1.0.1 to link known", "02:00:00:00:00:09"},
		{"fd01::9", "eth0 from fd01::1 to link known", "02:00:00:00:00:19"},
		{"10.1.0.50", "eth0 from 10.1.0.1 to link unknown", ""},
		{"fd01::50", "eth0 from fd01::1 to link unknown", ""},
		{"10.1.0.99", "eth0 from 10.1.0.1 to link failed", ""},
		{"fd01::99", "eth0 from fd01::1 to link failed", ""},
		{"8.8.8.8", "eth0 from 10.1.0.1 to 10.1.0.2 unknown", ""},
		{"2606::1", "eth0 from fd01::1 to fd01::2 unknown", ""},
		{"203.0.113.9", "eth1 from 10.2.0.1 to 10.2.0.2 known", "02:00:00:00:00:22"},
		{"-S 10.2.0.77 8.8.8.8", "eth1 from 10.2.0.77 to 10.2.0.2 known", "02:00:00:00:00:22"},
		{"-S fd02::77 2606::1", "eth1 from fd02::77 to fd02::2 unknown", ""},
		{"-e eth1 172.16.0.9", "eth1 from 10.2.0.1 to 10.2.0.2 known", "02:00:00:00:00:22"},
		{"fe80::9%eth0", "eth0 from LINKLOCAL to link known", "02:00:00:00:00:29"},
		{"fe80::9%eth1", "eth1 from LINKLOCAL to link known", "02:00:00:00:00:39"},
		{"fe80::77%3", "eth1 from LINKLOCAL to link unknown", ""},
		{"-e eth0 fe80::9", "eth0 from LINKLOCAL to link known", "02:00:00:00:00:29"},
		{"127.0.0.1", "lo from 127.0.0.1 to self", ""},
		{"::1", "lo from ::1 to self", ""},
		{"10.2.0.1", "lo from 10.2.0.1 to self", ""},
		{"fd01::1", "lo from fd01::1 to self", ""},
		{"224.0.0.1", "eth0 from 10.1.0.1 to ANY", ""},
		{"10.8.0.9", "tun0 from 10.8.0.1 to link", ""},
		{"fd08::9", "tun0 from fd08::1 to link", ""},
		{"192.168.1.1", "blackhole", ""},
		{"192.168.2.1", "unreachable", ""},
		{"192.168.3.1", "prohibited", ""},
		{"2001:db8:1::1", "blackhole", ""},
		{"2001:db8:2::1", "unreachable", ""},
		{"2001:db8:3::1", "prohibited", ""},
		{"fe80::9%eth2", "no-route eth2", ""},
		{"fe80::9", "no-zone", ""},
		{"fe80::9%eth7", "no-interface", ""},
	} {
		if strings.Contains(tt.want, "tun0") && !tun {
			continue
		}
		t.Run(tt.line, func(t *testing.T) {
			o, ways := examined(t, client, strings.Fields(tt.line)...)
			if len(ways) != 1 || len(o.records) != 3 {
				t.Fatalf("%d ways, %d records", len(ways), len(o.records))
			}
			w := ways[0]
			got, want := wayText(t, w), tt.want
			if w.Source.IsLinkLocalUnicast() {
				want = strings.Replace(want, "LINKLOCAL", w.Source.String(), 1)
			}
			if w.Next.IsValid() {
				want = strings.Replace(want, "ANY", w.Next.String(), 1)
			}
			want = strings.Replace(want, "ANY", "link", 1)
			mac := ""
			if w.MAC != (wire.MAC{}) {
				mac = net.HardwareAddr(w.MAC[:]).String()
			}
			if got != want || mac != tt.mac {
				t.Errorf("%s, MAC %q; want %s, MAC %q", got, mac, want, tt.mac)
			}
			exit := job.ExitYes
			if w.Errno != 0 {
				exit = job.ExitLocal
			}
			o.wantExit(t, exit)
			if o.stderr != "" {
				t.Errorf("stderr: %s", o.stderr)
			}
			if w.Errno == 0 {
				o.wantText(t, w.Addr.String()+"\n", "  interface  "+w.Iface+", ", "  source     "+w.Source.String()+"\n", "  next hop   ", mac)
			}
		})
	}
	for i, w := range wires {
		if sent := w.Packets().Out(); len(sent) > 0 {
			t.Errorf("eth%d: something was sent:\n%v", i, sent)
		}
	}
}

// TestDoctorText: what people read of a few ways, whole.
func TestDoctorText(t *testing.T) {
	_, client := clinic(t)
	o := typed(t, client, "doctor", "10.1.0.9", "203.0.113.9", "2001:db8:4::1", "192.168.3.1", "fd01::50")
	golden(t, "doctor-ways.txt", strings.Replace(o.text, "fd02::77\n", "fd02::1\n", 1)) // both are equally good
	o.wantExit(t, job.ExitLocal)
}

// TestDoctorNetworks: a network is shown as stretches, and large ones without
// walking through them; those that are the same way stand together in the text.
func TestDoctorNetworks(t *testing.T) {
	_, client := clinic(t)
	for _, tt := range []struct {
		line  string
		want  []string
		parts []string // of the text
		exit  int
	}{
		{"172.15.255.0-172.16.0.255", []string{"172.15.255.0-172.15.255.255 eth0 from 10.1.0.1 to 10.1.0.2 unknown",
			"172.16.0.0-172.16.0.255 eth1 from 10.2.0.1 to 10.2.0.2 known"}, nil, job.ExitYes},
		{"192.168.0.0/22", []string{"192.168.0.0-192.168.0.255 eth0 from 10.1.0.1 to 10.1.0.2 unknown", "192.168.1.0-192.168.1.255 blackhole",
			"192.168.2.0-192.168.2.255 unreachable", "192.168.3.0-192.168.3.255 prohibited"}, []string{"192.168.1.0-192.168.1.255  blackhole"}, job.ExitLocal},
		{"192.168.0.0/22 --exclude 192.168.1.0-192.168.3.255", []string{"192.168.0.0-192.168.0.255 eth0 from 10.1.0.1 to 10.1.0.2 unknown"}, nil, job.ExitYes},
		{"10.1.0.0/29", []string{"10.1.0.0-10.1.0.0 eth0 from 10.1.0.1 to link each", "10.1.0.1-10.1.0.1 lo from 10.1.0.1 to self",
			"10.1.0.2-10.1.0.7 eth0 from 10.1.0.1 to link each"}, []string{"\n10.1.0.0, 10.1.0.2-10.1.0.7\n", "\n10.1.0.1\n"}, job.ExitYes},
		{"10.1.0.8/30 10.1.0.10", []string{"10.1.0.10 eth0 from 10.1.0.1 to link unknown", "10.1.0.8-10.1.0.9 eth0 from 10.1.0.1 to link each",
			"10.1.0.11-10.1.0.11 eth0 from 10.1.0.1 to link each"}, []string{"  known      1 MAC on the link"}, job.ExitYes},
		{"2001:db8:f::/108", []string{"2001:db8:f::-2001:db8:f::f:ffff eth1 from fd02::1 to fd02::2 unknown"}, nil, job.ExitYes},
	} {
		t.Run(tt.line, func(t *testing.T) {
			o, ways := examined(t, client, strings.Fields(tt.line)...)
			var got []string
			for _, w := range ways {
				who := w.Addr.String()
				if w.Last.IsValid() {
					who = fmt.Sprint(who, "-", w.Last)
				}
				got = append(got, who+" "+strings.Replace(wayText(t, w), "from fd02::77 ", "from fd02::1 ", 1)) // both are equally good
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			o.text = "\n" + o.text
			o.wantText(t, tt.parts...)
			o.wantExit(t, tt.exit)
		})
	}
}

// TestDoctorMethods: how the other commands would ask is how they do.
func TestDoctorMethods(t *testing.T) {
	_, client := clinic(t)
	for _, tt := range []struct{ line, tcp, udp, sweep, pings, source string }{
		{"10.1.0.9", "raw-ip", "raw-ip", "frames", "[ARP]", "10.1.0.1"},
		{"fd01::9", "raw-ip", "raw-ip", "frames", "[ND]", "fd01::1"},
		{"8.8.8.8", "raw-ip", "raw-ip", "raw-ip", "[echo syn 443 ack 80 timestamp udp 53]", "10.1.0.1"},
		{"127.0.0.1", "raw-ip", "raw-ip", "raw-ip", "[echo syn 443 ack 80 timestamp udp 53]", "127.0.0.1"},
		{"-S 10.42.48.1 8.8.8.8", "frames", "frames", "frames", "[echo]", "10.42.48.1"},
		{"-S fd42::1 fd01::9", "frames", "frames", "frames", "[echo]", "fd42::1"},
		{"-S 10.42.48.1 127.0.0.1", "raw-ip", "raw-ip", "raw-ip", "[echo]", "10.42.48.1"},
		{"--via connect 10.1.0.9", "sockets", "sockets", "sockets", "[connect 443 connect 80]", "10.1.0.1"},
		{"10.4.0.9 10.4.0.0/22", "frames", "frames", "frames", "[ARP]", "10.1.0.1"}, // more than the kernel's neighbour table is left with
	} {
		_, ways := examined(t, client, strings.Fields(tt.line)...)
		w := ways[0]
		if w.TCP != tt.tcp || w.UDP != tt.udp || w.Sweep != tt.sweep || fmt.Sprint(w.Pings) != tt.pings || w.Source.String() != tt.source {
			t.Errorf("%s: tcp %s, udp %s, sweep %s %v, from %s", tt.line, w.TCP, w.UDP, w.Sweep, w.Pings, w.Source)
		}
		if foreign := strings.Contains(tt.source, "42:") || strings.Contains(tt.source, ".42."); w.Foreign != foreign {
			t.Errorf("%s: foreign %v", tt.line, w.Foreign)
		}
	}
}

// TestDoctorNames: all addresses of a name, and which of them the name means; a
// spare one without a way is no failure.
func TestDoctorNames(t *testing.T) {
	n := newOffice(t)
	addr := netip.MustParseAddr
	n.router.UDP(53, lab.DNS(map[string][]netip.Addr{
		"both.test": {addr("10.2.0.10"), addr("10.2.0.11"), addr("fd02::10")},
	}))
	nameServer(t, n.net, "10.1.0.2")
	o, ways := examined(t, n.client, "both.test")
	spare := 0
	for _, w := range ways {
		if w.Name != "both.test" {
			t.Errorf("%s has the name %q", w.Addr, w.Name)
		}
		if w.Spare {
			spare++
			o.wantText(t, w.Addr.String()+" (both.test), only with --all-addresses\n")
		}
	}
	if len(ways) != 3 || spare != 2 {
		t.Errorf("%d addresses, %d of them spare", len(ways), spare)
	}
	o.wantExit(t, job.ExitYes)
	_, ways = examined(t, n.client, "-6", "both.test")
	if len(ways) != 1 || ways[0].Addr.String() != "fd02::10" || ways[0].Spare {
		t.Errorf("-6: %+v", ways)
	}
	o, ways = examined(t, n.client, "gone.test", "10.2.0.10")
	if len(ways) != 1 || !strings.Contains(o.stderr, "gone.test") {
		t.Errorf("%+v, %s", ways, o.stderr)
	}
	o.wantExit(t, job.ExitName)
	n.client.Route("10.2.0.11/32", "unreachable")
	o, _ = examined(t, n.client, "-4", "both.test")
	o.wantText(t, "10.2.0.11 (both.test), only with --all-addresses  unreachable")
	o.wantExit(t, job.ExitYes)
}

// TestDoctorLonely: a machine without any network.
func TestDoctorLonely(t *testing.T) {
	lonely := labtest.New(t).Host("lonely")
	for _, target := range []string{"8.8.8.8", "2606::1"} {
		o, ways := examined(t, lonely, target)
		if len(ways) != 1 || wayText(t, ways[0]) != "no-route" {
			t.Errorf("%+v", ways)
		}
		o.wantText(t, target+"  no route\n")
		o.wantExit(t, job.ExitLocal)
	}
	o := typed(t, lonely, "doctor")
	o.wantText(t, "DEFAULT ROUTE  INTERFACE\nIPv4           none\nIPv6           none\n")
	o.wantExit(t, job.ExitYes)
}

// TestDoctorMachine: interfaces, default routes and limits, all of them or those
// of one interface.
func TestDoctorMachine(t *testing.T) {
	_, client := clinic(t)
	client.Sysctl("net/ipv4/ip_local_port_range", "40000 50000")
	o := ask(t, client, "doctor")
	got := map[string]int{}
	for _, r := range o.records {
		got[jsonWord(t, r, "type")]++
	}
	if want := map[string]int{"scan": 1, "privilege": 5, "interface": 4, "route": 4, "limit": 4, "end": 1}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	o.wantText(t, "\neth0       2      up     Ethernet  1500   "+client.MAC("eth0").String()+"\n", "\n  10.1.0.1/24, fd01::1/64, ",
		"\neth2       4      down   Ethernet  1500   ", "\nIPv4           eth1       10.2.0.2  0       100\n", "\nIPv6           eth0       fd01::2   1024\n",
		"\nlocal ports   40000-50000  ", "\nsource ports  50001-65535  where sonde takes its own from\n")
	o.wantExit(t, job.ExitYes)

	o = ask(t, client, "doctor", "-e", "eth1")
	for _, i := range recordsOf[*report.Interface](o.records) {
		if !slices.Contains(i.Addrs, netip.MustParsePrefix("10.2.0.77/24")) {
			t.Errorf("-e eth1: %+v", i)
		}
	}
	for _, r := range recordsOf[*report.Route](o.records) {
		if r.Iface != "eth1" {
			t.Errorf("-e eth1: %+v", r)
		}
	}
	o.wantExit(t, job.ExitYes)

	client.Sysctl("net/ipv4/ip_local_port_range", "1024 65000")
	o = typed(t, client, "doctor")
	o.wantText(t, "\nsource ports  61000-65535  where sonde takes its own from, and the kernel too\n")
}
