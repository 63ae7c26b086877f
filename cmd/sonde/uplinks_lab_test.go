package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// uplinks is a client with two ways to the same server: by eth0 and the first
// router, which the main table prefers, and by eth1 and the second, which is for
// what comes from eth1's address, and for what goes to one network.
//
//	client eth0 10.1.0.1, 10.1.0.3 ─ 10.1.0.2 first  ─┐
//	       eth1 10.9.0.1           ─ 10.9.0.2 second ─┴ server 10.97.0.10, 10.98.0.10
type uplinks struct {
	net    *lab.Network
	client *lab.Host
	wires  map[string]*lab.Capture
}

const secondTable = 100

func newUplinks(t *testing.T) *uplinks {
	t.Helper()
	n := labtest.New(t)
	client, first, second, server := n.Host("client"), n.Router("first"), n.Router("second"), n.Host("server")
	n.Link(client, first, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(client, second, "10.9.0.1/24", "10.9.0.2/24", "fd09::1/64", "fd09::2/64")
	client.Addr("eth0", "10.1.0.3/24", "fd01::3/64")
	client.Sysctl("net/ipv4/ping_group_range", "0 2147483647")
	client.Default("10.1.0.2", "fd01::2")
	client.RouteTable(secondTable, "0.0.0.0/0", "10.9.0.2")
	client.RouteTable(secondTable, "::/0", "fd09::2")
	client.Policy(secondTable, "10.9.0.1/32", "")
	client.Policy(secondTable, "fd09::1/128", "")
	client.Policy(secondTable, "", "10.98.0.0/24")
	client.Policy(secondTable, "", "fd98::/64")

	n.Link(first, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	n.Link(second, server, "10.3.0.2/24", "10.3.0.10/24", "fd03::2/64", "fd03::10/64")
	server.Addr("lo", "10.97.0.10/32", "10.98.0.10/32", "fd97::10/128", "fd98::10/128")
	for _, prefix := range []string{"10.97.0.0/24", "10.98.0.0/24"} {
		first.Route(prefix, "10.2.0.10")
		second.Route(prefix, "10.3.0.10")
	}
	for _, prefix := range []string{"fd97::/64", "fd98::/64"} {
		first.Route(prefix, "fd02::10")
		second.Route(prefix, "fd03::10")
	}
	server.Route("10.9.0.0/24", "10.3.0.2")
	server.Route("fd09::/64", "fd03::2")
	server.Default("10.2.0.2", "fd02::2")
	server.TCP(80, 443)
	server.UDP(53, lab.Echo)
	return &uplinks{n, client, map[string]*lab.Capture{"eth0": client.Capture("eth0"), "eth1": client.Capture("eth1")}}
}

// TestUplinks: what is asked leaves by the interface and from the source that
// the flags name, or that the kernel's policy rules say, whoever makes the
// packets; and nothing leaves by the other one.
func TestUplinks(t *testing.T) {
	t.Parallel()
	asks := []string{"tcp -PN -p 80", "udp -PN -p 53", "sweep", "sweep -PE",
		"tcp -PN -p 80 --via connect", "udp -PN -p 53 --via connect", "sweep -PE --via connect"}
	ways := []struct {
		flags, target string
		iface, source string
	}{
		{"", "10.97.0.10", "eth0", "10.1.0.1"},
		{"-S 10.1.0.3", "10.97.0.10", "eth0", "10.1.0.3"},
		{"-S 10.9.0.1", "10.97.0.10", "eth1", "10.9.0.1"},
		{"-e eth0", "10.97.0.10", "eth0", "10.1.0.1"},
		{"-e eth1", "10.97.0.10", "eth1", "10.9.0.1"},
		{"-e eth1 -S 10.9.0.1", "10.97.0.10", "eth1", "10.9.0.1"},
		{"-e eth0 -S 10.1.0.3", "10.97.0.10", "eth0", "10.1.0.3"},
		{"", "10.98.0.10", "eth1", "10.9.0.1"},
		{"-e eth1", "10.98.0.10", "eth1", "10.9.0.1"},
		{"-S 10.1.0.1", "10.98.0.10", "eth1", "10.1.0.1"},

		{"", "fd97::10", "eth0", "fd01::1 fd01::3"},
		{"-S fd01::3", "fd97::10", "eth0", "fd01::3"},
		{"-S fd09::1", "fd97::10", "eth1", "fd09::1"},
		{"-e eth0", "fd97::10", "eth0", "fd01::1 fd01::3"},
		{"-e eth1", "fd97::10", "eth1", "fd09::1"},
		{"-e eth1 -S fd09::1", "fd97::10", "eth1", "fd09::1"},
		{"-e eth0 -S fd01::3", "fd97::10", "eth0", "fd01::3"},
		{"", "fd98::10", "eth1", "fd09::1"},
		{"-e eth1", "fd98::10", "eth1", "fd09::1"},
		{"-S fd01::1", "fd98::10", "eth1", "fd01::1"},
	}
	for _, question := range asks {
		t.Run(question, func(t *testing.T) {
			t.Parallel()
			u := newUplinks(t)
			for _, tt := range ways {
				t.Run(tt.flags+" "+tt.target, func(t *testing.T) {
					u.forget()
					o := ask(t, u.client, question+" "+tt.flags, tt.target)
					o.wantExit(t, job.ExitYes)
					u.wantLeft(t, tt.iface, tt.source)
				})
			}
		})
	}
}

// forget drops what was captured so far.
func (u *uplinks) forget() {
	for _, w := range u.wires {
		w.Forget()
	}
}

// wantLeft fails unless something left, all of it by iface and from one of
// sources, beside ARP and ND.
func (u *uplinks) wantLeft(t *testing.T, iface, sources string) {
	t.Helper()
	left := 0
	for name, w := range u.wires {
		for _, p := range w.Packets().Out().Probes() {
			if src, _ := p.Addrs(); name != iface || !anyOf(src, sources) {
				t.Errorf("by %s: %v", name, p)
			}
			left++
		}
	}
	if left == 0 {
		t.Error("nothing left this machine")
	}
}

// anyOf tells whether src is one of sources: of IPv6 addresses that are equally
// good the kernel may choose any (RFC 6724 §5).
func anyOf(src netip.Addr, sources string) bool {
	return slices.Contains(strings.Fields(sources), src.String())
}

// TestRuleByPort: where a policy rule looks at the port, packets of our own cannot
// follow it, which is said; the kernel's connect does, and so nothing is said there.
func TestRuleByPort(t *testing.T) {
	t.Parallel()
	u := newUplinks(t)
	u.client.PolicyPort(secondTable, 443)
	const rule = "ipproto tcp dport 443 lookup 100"
	for _, target := range []string{"10.97.0.10", "fd97::10"} {
		for _, tt := range []struct {
			line string
			said bool
		}{{"tcp -PN -p 80", true}, {"doctor", true}, {"tcp -PN -sT -p 80,443", false}} {
			o := ask(t, u.client, tt.line, target)
			if notes := strings.Join(o.scan.Notes, "\n"); strings.Contains(notes, rule) != tt.said || strings.Contains(o.text, rule) != tt.said {
				t.Errorf("%s %s: the rule is named: want %v; notes %q", tt.line, target, tt.said, notes)
			}
		}
	}
}
