package main

import (
	"fmt"
	"maps"
	"testing"

	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// manners is what a host on any link is asked in these tests, and what it is to
// answer.
var manners = map[string]string{
	"tcp 22":   "open (syn-ack)",
	"tcp 445":  "filtered (no-response)",
	"tcp 9000": "closed (reset)",
	"udp 53":   "open (udp-response)",
	"udp 81":   "closed (port-unreach)",
	"udp 445":  "open|filtered (no-response)",
}

// mannered makes a host answer like that, on all of its addresses.
func mannered(h *lab.Host) {
	h.NoICMPLimit()
	h.TCP(22)
	h.UDP(53, lab.Echo)
	h.Firewall(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop}, lab.Rule{Proto: "udp", Dport: "445", Do: lab.Drop})
}

// wantManners asks hosts that mannered made for everything, and a sweep whether
// they are up. way are flags beside.
func wantManners(t *testing.T, from *lab.Host, addrs []string, way ...string) {
	t.Helper()
	asked := append(way, addrs...)
	got := map[string]map[string]string{}
	for _, line := range []string{"tcp -PN -T4 -p 22,445,9000", "udp -PN -T4 -p 53,81,445"} {
		o := ask(t, from, line, asked...)
		o.wantExit(t, job.ExitYes)
		for _, p := range recordsOf[*report.Port](o.records) {
			addr := p.Addr.String()
			if got[addr] == nil {
				got[addr] = map[string]string{}
			}
			got[addr][fmt.Sprint(line[:3], " ", p.Port)] = portRecord{*p}.state()
		}
	}
	for _, addr := range addrs {
		if !maps.Equal(got[addr], manners) {
			t.Errorf("%s: %v\nwant %v", addr, got[addr], manners)
		}
	}
	for _, line := range []string{"sweep", "sweep -PE", "sweep -PS22"} {
		o := ask(t, from, line, asked...)
		if up := o.up(); len(up) != len(addrs) {
			t.Errorf("%s: up are %v, want %v", line, up, addrs)
		}
		o.wantExit(t, job.ExitYes)
	}
}

// TestLinks: states are the same whatever link they are asked over, on it and
// beyond it, and with the link named.
func TestLinks(t *testing.T) {
	t.Parallel()
	addrs := []string{"10.8.0.1/24", "fd08::1/64"}
	both := []string{"10.8.0.1/24", "10.8.0.2/24", "fd08::1/64", "fd08::2/64"}
	for _, tt := range []struct {
		name  string
		ether bool
		// join connects client and server and returns the client's interface.
		join func(n *lab.Network, client, server *lab.Host) (iface string)
	}{
		{"veth", true, func(n *lab.Network, client, server *lab.Host) string {
			iface, _ := n.Link(client, server, both...)
			return iface
		}},
		{"TUN", false, func(n *lab.Network, client, server *lab.Host) string {
			iface, _ := n.TUN(client, server, both...)
			return iface
		}},
		{"macvlan", true, func(n *lab.Network, client, server *lab.Host) string {
			under, far := n.Link(client, server)
			server.Addr(far, "10.8.0.2/24", "fd08::2/64")
			return client.Macvlan(under, addrs...)
		}},
		{"bridge", true, func(n *lab.Network, client, server *lab.Host) string {
			port, far := n.Link(client, server)
			server.Addr(far, "10.8.0.2/24", "fd08::2/64")
			return client.Bridge(port, addrs...)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !tt.ether {
				labtest.NeedTUN(t)
			}
			n := labtest.New(t)
			client, server := n.Host("client"), n.Host("server")
			iface := tt.join(n, client, server)
			mannered(server)
			server.Addr("lo", "10.99.0.10/32", "fd99::10/128") // behind a gateway, as it were
			client.Default("10.8.0.2", "fd08::2")
			hosts := []string{"10.8.0.2", "fd08::2", "10.99.0.10", "fd99::10"}
			wantManners(t, client, hosts)
			wantManners(t, client, hosts, "-e", iface)
			for _, addr := range []string{"10.8.0.77", "fd08::77"} {
				want := "down (no-neighbour)"
				if !tt.ether { // nobody says that nobody is there
					want = "unknown (no-response)"
				}
				if o := ask(t, client, "sweep", addr); o.hosts[addr].state() != want {
					t.Errorf("%s is %s, want %s", addr, o.hosts[addr].state(), want)
				}
			}
		})
	}
}

// TestOwnAddresses: a host is asked by itself as by others: by loopback
// addresses and by those of its interfaces.
func TestOwnAddresses(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	alone, other := n.Host("alone"), n.Host("other")
	n.Link(alone, other, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	mannered(alone)
	wire := alone.Capture("eth0")
	loopback, own := []string{"127.0.0.1", "127.1.2.3", "::1"}, []string{"10.1.0.1", "fd01::1"}
	for _, way := range []struct {
		addrs []string
		flags []string
	}{
		{append(loopback, own...), nil},
		{loopback, []string{"-e", "lo"}},
		{own, []string{"-e", "eth0"}}, // whose addresses they are
	} {
		wantManners(t, alone, way.addrs, way.flags...)
	}
	if out := wire.Packets().Out(); len(out) > 0 {
		t.Errorf("left the machine:\n%v", out)
	}
}
