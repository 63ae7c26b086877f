package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// newTalkative is a client on a link with a router and a host, and a host behind
// the router, all of which answer what goes to everybody, from their own
// addresses; the router passes such packets on.
func newTalkative(t *testing.T) (client *lab.Host, wire *lab.Capture) {
	t.Helper()
	n := labtest.New(t)
	client, lan := n.Host("client"), n.Switch("lan")
	router, near, far := n.Router("router"), n.Host("near"), n.Host("far")
	lan.Plug(client, "10.1.0.1/24", "fd01::1/120")
	lan.Plug(router, "10.1.0.2/24", "fd01::2/120")
	lan.Plug(near, "10.1.0.7/24", "fd01::7/120")
	n.Link(router, far, "10.2.0.1/24", "10.2.0.10/24", "fd02::1/120", "fd02::10/120")
	far.Default("10.2.0.1", "fd02::1")
	client.Default("10.1.0.2", "fd01::2")
	router.NoICMPLimit()
	router.Sysctl("net/ipv4/conf/all/bc_forwarding", "1")
	router.Sysctl("net/ipv4/conf/eth0/bc_forwarding", "1")
	for _, h := range []*lab.Host{router, near, far} {
		h.Sysctl("net/ipv4/icmp_echo_ignore_broadcasts", "0")
		h.TCP(80)
		h.UDP(53, lab.Echo)
	}
	return client, client.Capture("eth0")
}

// TestBroadcastSwept: in a range the address of the network and that of
// everybody are neither up nor down, and spoil no exit code.
func TestBroadcastSwept(t *testing.T) {
	t.Parallel()
	client, wire := newTalkative(t)
	for _, tt := range []struct {
		line string
		exit int
		up   []string
	}{
		{"sweep 10.1.0.0/24", job.ExitYes, []string{"10.1.0.1", "10.1.0.2", "10.1.0.7"}},
		{"sweep -v 10.1.0.0/29", job.ExitYes, []string{"10.1.0.1", "10.1.0.2", "10.1.0.7"}},
		{"sweep -PE 10.1.0.0/24", job.ExitYes, []string{"10.1.0.1", "10.1.0.2", "10.1.0.7"}},
		{"sweep --via connect 10.1.0.0/24", job.ExitYes, []string{"10.1.0.1", "10.1.0.2", "10.1.0.7"}},
		{"sweep 10.1.0.254-10.1.0.255", job.ExitSilence, nil},
		{"sweep -PE 10.1.0.254-10.1.0.255", job.ExitSilence, nil},
		{"sweep 10.2.0.0/24", job.ExitYes, []string{"10.2.0.1", "10.2.0.10"}},
		{"sweep -PE 10.2.0.0/24", job.ExitYes, []string{"10.2.0.1", "10.2.0.10"}},
		{"tcp -T4 -p 80 10.1.0.0/24", job.ExitYes, []string{"10.1.0.1", "10.1.0.2", "10.1.0.7"}},
		{"tcp -T4 -PN -p 80 10.1.0.248/29", job.ExitSilence, nil},
		{"udp -T4 -PN -p 53 10.1.0.248/29", job.ExitSilence, nil},
		{"tcp -T4 -PN -p 80 10.2.0.252/30", job.ExitSilence, nil},
	} {
		t.Run(strings.ReplaceAll(tt.line, "/", "|"), func(t *testing.T) {
			wire.Forget()
			o := ask(t, client, tt.line)
			o.wantExit(t, tt.exit)
			if up := o.up(); !slices.Equal(up, tt.up) {
				t.Errorf("up: %v, want %v", up, tt.up)
			}
			wantHostless(t, o, "10.1.0.0", "10.1.0.255", "10.2.0.0", "10.2.0.255")
			// Whoever is there would be asked by all of them at once.
			for _, p := range wire.Packets().Out().Probes() {
				if _, dst := p.Addrs(); dst.String() == "10.1.0.255" {
					t.Errorf("to everybody on our link: %v", p)
				}
			}
		})
	}
}

// TestBroadcastNamed: named by itself such an address is reported as what could
// not be asked, or was silent.
func TestBroadcastNamed(t *testing.T) {
	t.Parallel()
	client, _ := newTalkative(t)
	for _, tt := range []struct {
		addr string
		exit int
		host string // in a sweep
	}{
		{"10.1.0.255", job.ExitLocal, "unknown (local-error)"},
		{"255.255.255.255", job.ExitLocal, "unknown (local-error)"},
		{"10.1.0.0", job.ExitSilence, "unknown (no-neighbour)"},
		{"224.0.0.1", job.ExitSilence, "unknown (no-neighbour)"},
		{"10.2.0.255", job.ExitSilence, "unknown (no-response)"},
		// 10.2.0.0 is as any address to the router, which may say that nobody has it.
	} {
		for _, line := range []string{"sweep", "sweep -PE", "tcp -T4 -p 80", "udp -T4 -p 53", "tcp -T4 -p 80 --via connect"} {
			t.Run(line+" "+tt.addr, func(t *testing.T) {
				o := ask(t, client, line, tt.addr)
				if multicast := tt.addr == "224.0.0.1"; !multicast || line == "sweep" {
					o.wantExit(t, tt.exit) // what a kernel says of a connect to a group differs
				}
				if got := o.hosts[tt.addr].state(); line == "sweep" && got != tt.host {
					t.Errorf("%s, want %s", got, tt.host)
				}
				wantHostless(t, o, tt.addr)
			})
		}
	}
}

// wantHostless fails if one of addrs, of which no host is, is said to be up,
// down, open or closed.
func wantHostless(t *testing.T, o *outcome, addrs ...string) {
	t.Helper()
	check := func(r report.Record, addr netip.Addr, state probe.State) {
		if !slices.Contains(addrs, addr.String()) {
			return
		}
		switch state {
		case probe.Up, probe.Down, probe.Open, probe.Closed:
			t.Errorf("%s: %s", addr, jsonOf(r))
		}
	}
	for _, r := range o.records {
		switch r := r.(type) {
		case *report.Host:
			check(r, r.Addr, r.State)
		case *report.Port:
			check(r, r.Addr, r.State)
		}
	}
}

// TestTinyNetworks: of a /31 and a /127 both addresses are hosts (RFC 3021,
// RFC 6164); a /32 or /128 is the address itself, named.
func TestTinyNetworks(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, router, far := n.Host("client"), n.Router("router"), n.Host("far")
	n.Link(client, router, "10.3.0.0/31", "10.3.0.1/31", "fd03::/127", "fd03::1/127")
	n.Link(router, far, "10.4.0.0/31", "10.4.0.1/31", "fd04::/127", "fd04::1/127")
	client.Default("10.3.0.1", "fd03::1")
	far.Default("10.4.0.0", "fd04::")
	for _, h := range []*lab.Host{client, router, far} {
		h.TCP(80)
	}
	for _, tt := range []struct {
		network string
		hosts   []string
	}{
		{"10.3.0.0/31", []string{"10.3.0.0", "10.3.0.1"}},
		{"fd03::/127", []string{"fd03::", "fd03::1"}},
		{"10.4.0.0/31", []string{"10.4.0.0", "10.4.0.1"}},
		{"fd04::/127", []string{"fd04::", "fd04::1"}},
		{"10.3.0.1/32", []string{"10.3.0.1"}},
		{"fd03::1/128", []string{"fd03::1"}},
		{"10.4.0.1/32", []string{"10.4.0.1"}},
		{"fd04::1/128", []string{"fd04::1"}},
	} {
		for _, line := range []string{"sweep", "sweep -PE", "tcp -p 80", "tcp -PN -p 80", "tcp -p 80 --via connect"} {
			t.Run(line+" "+strings.ReplaceAll(tt.network, "/", "|"), func(t *testing.T) {
				o := ask(t, client, line, tt.network)
				o.wantExit(t, job.ExitYes)
				if up := o.up(); !slices.Equal(up, tt.hosts) {
					t.Errorf("up: %v, want %v", up, tt.hosts)
				}
			})
		}
	}
	// A range reports only who is there, what is named by itself is reported.
	n.Link(client, n.Host("nobody"), "10.5.0.1/24", "10.5.0.2/24", "fd05::1/64", "fd05::2/64")
	for _, target := range []string{"10.5.0.77/32", "fd05::77/128"} {
		o := ask(t, client, "sweep", target)
		o.wantExit(t, job.ExitNo)
		if addr, _, _ := strings.Cut(target, "/"); o.hosts[addr].state() != "down (no-neighbour)" {
			t.Errorf("%s: %v", target, o.hosts)
		}
	}
}
