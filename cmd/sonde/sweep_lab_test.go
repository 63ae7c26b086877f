package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"sonde/probe/wire"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// shyHost is a host that answers one thing only.
type shyHost struct {
	number string
	what   string
	listen int        // on this port of TCP and UDP; 0: none
	allow  []lab.Rule // and nothing else, but ARP and ND
}

// far tells whether it answers who is not on its link.
func (h shyHost) far(v6 bool) bool {
	return slices.ContainsFunc(h.allow, func(r lab.Rule) bool { return r.Proto != "icmp" || !v6 })
}

// shy are hosts that answer one thing only, by the last number of their address.
var shy = []shyHost{
	{"20", "echo only", 0, []lab.Rule{{Proto: "icmp", ICMPType: "8", Do: lab.Accept}, {Proto: "icmpv6", ICMPType: "128", Do: lab.Accept}}},
	{"21", "TCP 443 only, open", 443, []lab.Rule{{Proto: "tcp", Dport: "443", Do: lab.Accept}}},
	{"22", "TCP 443 only, by a reset", 0, []lab.Rule{{Proto: "tcp", Dport: "443", Do: lab.Accept}}},
	{"23", "TCP 80 only, by a reset to an ACK", 0, []lab.Rule{{Proto: "tcp", Dport: "80", Flags: "A", Do: lab.Accept}}},
	{"24", "ARP and ND only", 0, nil},
	{"25", "timestamp only", 0, []lab.Rule{{Proto: "icmp", ICMPType: "13", Do: lab.Accept}}},
	{"26", "UDP 53 only, by an answer", 53, []lab.Rule{{Proto: "udp", Dport: "53", Do: lab.Accept}}},
	{"27", "UDP 53 only, by port unreachable", 0, []lab.Rule{{Proto: "udp", Dport: "53", Do: lab.Accept}}},
}

// plugShy adds the shy hosts and one that answers everything to a switch.
func plugShy(n *lab.Network, s *lab.Switch, v4, v6 string, gateways ...string) {
	add := func(number, name string) *lab.Host {
		h := n.Host(name)
		s.Plug(h, v4+number+"/24", v6+number+"/120")
		if len(gateways) > 0 {
			h.Default(gateways...)
		}
		return h
	}
	add("7", "willing")
	for _, m := range shy {
		h := add(m.number, m.what)
		if m.listen > 0 {
			h.TCP(m.listen)
			h.UDP(m.listen, lab.Echo)
		}
		h.Firewall(lab.Stateful(m.allow...)...)
	}
}

// wantUp fails unless exactly these numbers of a network are up.
func wantUp(t *testing.T, o *outcome, prefix string, numbers ...string) {
	t.Helper()
	slices.SortFunc(numbers, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	var want []string
	for _, n := range numbers {
		want = append(want, prefix+n)
	}
	if got := o.up(); !slices.Equal(got, want) {
		t.Errorf("up: %v\nwant %v", got, want)
	}
	if len(o.hosts) != len(want) {
		t.Errorf("%d host records, want %d: a range reports only what is up", len(o.hosts), len(want))
	}
	o.wantText(t, fmt.Sprintf("256 addresses: %d up", len(want)))
	o.wantExit(t, 0)
}

// TestSweepLink: on the link everybody is found, by ARP and ND, however shy.
func TestSweepLink(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, lan := n.Host("client"), n.Switch("lan")
	lan.Plug(client, "10.101.192.1/24", "fd65::1/120")
	plugShy(n, lan, "10.101.192.", "fd65::")
	for _, tt := range []struct{ prefix, bits, reason string }{
		{"10.101.192.", "0/24", "arp-reply"},
		{"fd65::", "/120", "nd-reply"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			o := ask(t, client, "sweep", tt.prefix+tt.bits)
			wantUp(t, o, tt.prefix, "1", "7", "20", "21", "22", "23", "24", "25", "26", "27")
			for addr, h := range o.hosts {
				if addr != tt.prefix+"1" && (h.Reason.String() != tt.reason || h.MAC == wire.MAC{}) {
					t.Errorf("%s: %s, MAC %q; want %s with a MAC", addr, h.Reason, h.MAC, tt.reason)
				}
			}
		})
	}
}

// TestSweepRouted: behind a router those are found that answer anything that a
// sweep asks, and nobody else.
func TestSweepRouted(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, router, lan := n.Host("client"), n.Router("router"), n.Switch("lan")
	router.NoICMPLimit()
	n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	client.Default("10.1.0.2", "fd01::2")
	lan.Plug(router, "10.101.192.1/24", "fd65::1/120")
	plugShy(n, lan, "10.101.192.", "fd65::", "10.101.192.1", "fd65::1")
	for _, tt := range []struct{ prefix, bits string }{{"10.101.192.", "0/24"}, {"fd65::", "/120"}} {
		t.Run(tt.prefix, func(t *testing.T) {
			reasons := map[string]string{"20": "echo-reply", "21": "syn-ack", "22": "reset", "23": "reset",
				"25": "timestamp-reply", "26": "udp-response", "27": "port-unreach"}
			if tt.prefix == "fd65::" {
				delete(reasons, "25")        // IPv6 has no timestamp
				reasons[""] = "port-unreach" // the subnet's routers, by anycast (RFC 4291 §2.6.1)
			}
			o := ask(t, client, "sweep", tt.prefix+tt.bits)
			wantUp(t, o, tt.prefix, slices.Concat(slices.Sorted(maps.Keys(reasons)), []string{"1", "7"})...)
			for number, reason := range reasons {
				if h := o.hosts[tt.prefix+number]; h.Reason.String() != reason {
					t.Errorf("%s%s is up by %s, want %s", tt.prefix, number, h.Reason, reason)
				}
			}
		})
	}
}

// TestSweepNobody: an empty network has nobody, which is silence and no error.
func TestSweepNobody(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	for _, network := range []string{"10.2.0.128/28", "fd02::1:0/124"} {
		n.router.Route(network, "blackhole") // else it would say after three seconds that nobody is there
		t.Run(network, func(t *testing.T) {
			o := ask(t, n.client, "sweep", network)
			if len(o.hosts) > 0 {
				t.Errorf("found %v", o.hosts)
			}
			o.wantExit(t, 3)
		})
	}
}

// TestTCPRange: of a range only what a sweep finds up is scanned.
func TestTCPRange(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, lan := n.Host("client"), n.Switch("lan")
	lan.Plug(client, "10.101.192.1/24", "fd65::1/120")
	plugShy(n, lan, "10.101.192.", "fd65::")
	for _, prefix := range []string{"10.101.192.", "fd65::"} {
		t.Run(prefix, func(t *testing.T) {
			o := ask(t, client, "tcp -p 443", prefix+"20-"+prefix+"23")
			if got := o.up(); len(got) != 4 {
				t.Errorf("up: %v, want four", got)
			}
			o.wantText(t, "4 ports: 1 open, 1 closed, 2 filtered. ")
			o.wantExit(t, 0)
		})
	}
}
