package main

import (
	"fmt"
	"testing"

	"sonde/probe"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// proxied is a server that listens on port 80 only, behind a router that completes
// handshakes in its place for all ports but 9999.
func proxied(t *testing.T) *office {
	n := newOffice(t)
	n.server.TCP(80)
	n.router.Sysctl("net/netfilter/nf_conntrack_tcp_loose", "0")
	n.router.Firewall(append(lab.SynProxied("1-9998"), lab.SynProxied("10000-65535")...)...)
	return n
}

// TestSYNProxy: without --confirm all open ports behind a SYN proxy are marked,
// and the host is not called up by them; with it the one that is open is found.
// IPv6 is asked by the kernel: its SYN proxy drops packets whose checksum is there
// already.
func TestSYNProxy(t *testing.T) {
	t.Parallel()
	n := proxied(t)
	n.client.Offload("eth0", true)
	n.router.Offload("eth0", true)
	n.router.Offload("eth1", true)
	n.server.Offload("eth0", true)
	for _, tt := range []struct{ via, target, other string }{
		{"raw", "10.2.0.10", "9999"}, {"connect", "10.2.0.10", "9999"}, {"connect", "fd02::10", "9999"},
	} {
		t.Run(tt.via+" "+tt.target, func(t *testing.T) {
			o := ask(t, n.client, "tcp -PN -p 75-89,9999 --via "+tt.via, tt.target)
			for port := 75; port <= 89; port++ {
				if p := o.ports[port]; p.State != probe.Open || !p.Doubt.Middlebox() {
					t.Errorf("port %d is %s, suspected %q", port, p.state(), p.Doubt)
				}
			}
			if f := o.finding(probe.Canary); f == nil || f.Canary == 0 {
				t.Error("no canary is found open")
			}
			o.wantText(t, "middlebox suspected")

			o = ask(t, n.client, "tcp -PN --confirm -p 75-89,9999 --via "+tt.via, tt.target)
			for port := 75; port <= 89; port++ {
				want := probe.Closed
				if port == 80 {
					want = probe.Open
				}
				if p := o.ports[port]; p.State != want || p.Doubt.Middlebox() || !p.Confirmed {
					t.Errorf("confirmed, port %d is %s, suspected %q; want %s", port, p.state(), p.Doubt, want)
				}
			}
			if h := o.hosts[tt.target]; h.State != probe.Up {
				t.Errorf("the host is %s", h.state())
			}
			o.wantText(t, ", confirmed", "which nobody uses, is open too")
			o.wantExit(t, 0)
		})
	}
	t.Run("few ports", func(t *testing.T) { // the window of 0 gives it away
		o := ask(t, n.client, "tcp -PN -p 80,81", "10.2.0.10")
		for _, port := range []int{80, 81} {
			if p := o.ports[port]; p.State != probe.Open || !p.Doubt.Middlebox() {
				t.Errorf("port %d is %s, suspected %q", port, p.state(), p.Doubt)
			}
		}
	})
}

// TestForgedResets: a router that resets connections to a network where nobody is
// makes nobody up, whether it is swept or its ports are asked; resets of a host's
// own do.
func TestForgedResets(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, first, second, server := n.Host("client"), n.Router("first"), n.Router("second"), n.Host("server")
	n.Link(client, first, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(first, second, "10.12.0.1/24", "10.12.0.2/24", "fd12::1/64", "fd12::2/64")
	n.Link(second, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	client.Default("10.1.0.2", "fd01::2")
	first.Default("10.12.0.2", "fd12::2")
	second.Route("10.1.0.0/24", "10.12.0.1")
	second.Route("fd01::/64", "fd12::1")
	server.Default("10.2.0.2", "fd02::2")
	server.Firewall(lab.Stateful(lab.Rule{Proto: "tcp", Do: lab.Accept})...)
	// Nobody has these networks; the router has a way to them all the same.
	second.Route("10.6.0.0/24", "10.2.0.99")
	second.Route("fd06::/120", "fd02::99")
	forge := func(router *lab.Host) *lab.Firewall {
		return router.Firewall(
			lab.Rule{Chain: lab.Forward, Proto: "tcp", Dst: "10.6.0.0/24", Do: lab.Reset},
			lab.Rule{Chain: lab.Forward, Proto: "tcp", Dst: "fd06::/120", Do: lab.Reset},
			lab.Rule{Chain: lab.Forward, Dst: "10.6.0.0/24", Do: lab.Drop},
			lab.Rule{Chain: lab.Forward, Dst: "fd06::/120", Do: lab.Drop},
		)
	}
	for _, tt := range []struct {
		name   string
		router *lab.Host
		by     map[string]string
	}{
		{"the first router", first, map[string]string{"10.6.0.0/24": "10.1.0.2", "fd06::/120": "fd01::2"}},
		{"the second router", second, map[string]string{"10.6.0.0/24": "10.12.0.2", "fd06::/120": "fd12::2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			firewall := forge(tt.router)
			defer firewall.Remove()
			for network, host := range map[string]string{"10.6.0.0/24": "10.6.0.9", "fd06::/120": "fd06::9"} {
				by := tt.by[network]
				o := ask(t, client, "sweep", network)
				if up := o.up(); len(up) > 0 {
					t.Errorf("%s: up are %v", network, up)
				}
				o.wantText(t, fmt.Sprintf("Middlebox suspected: %s, as far away as the resets, sends them", by), "256 addresses were not heard")
				o.wantExit(t, 3)

				o = ask(t, client, "tcp -PN -p 20-40", host)
				if h := o.hosts[host]; h.State != probe.Unknown || h.Doubt != probe.ResetInPlace || h.By.String() != by {
					t.Errorf("%s is %s, suspected %q by %s", host, h.state(), h.Doubt, h.By)
				}
				o.wantText(t, "Middlebox suspected: "+by+", as far away")
			}
			for _, target := range []string{"10.2.0.10", "fd02::10"} {
				o := ask(t, client, "tcp -PN -p 20-40", target)
				if h := o.hosts[target]; h.state() != "up (reset)" || h.Doubt.Middlebox() {
					t.Errorf("%s is %s, suspected %q", target, h.state(), h.Doubt)
				}
				o = ask(t, client, "sweep -PS80", target)
				if h := o.hosts[target]; h.state() != "up (reset)" || h.Doubt.Middlebox() {
					t.Errorf("%s is %s, suspected %q, by a sweep", target, h.state(), h.Doubt)
				}
			}
		})
	}
	t.Run("some ports", func(t *testing.T) {
		server.TCP(80)
		first.Firewall(lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "82", Do: lab.Reset})
		for _, target := range []string{"10.2.0.10", "fd02::10"} {
			o := ask(t, client, "tcp -PN -p 80-84", target)
			o.wantPort(t, 80, "open (syn-ack)")
			o.wantPort(t, 81, "closed (reset)")
			o.wantPort(t, 82, "closed (reset)")
			if f := o.finding(probe.Nearer); f == nil || len(f.Ports) != 1 || f.Ports[0] != 82 || f.Hops != 1 || f.Others != 3 {
				t.Errorf("no finding about port 82: %+v", f)
			}
			o.wantText(t, "1 port answered from 1 hop away, others of the host from 3 (82)")
		}
	})
}
