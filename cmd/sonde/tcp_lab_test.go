package main

import (
	"fmt"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// fourPorts makes a host of the four ports that every first test asks for: two
// listeners, one whose packets are dropped, and nothing on the last.
func fourPorts(h *lab.Host) {
	h.TCP(22, 80)
	h.Firewall(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop})
}

// wantFourPorts asks a host that fourPorts made.
func wantFourPorts(t *testing.T, from *lab.Host, addr string) {
	t.Helper()
	o := ask(t, from, "tcp -PN -p 22,80,445,9000", addr)
	o.wantPort(t, 22, "open (syn-ack)")
	o.wantPort(t, 80, "open (syn-ack)")
	o.wantPort(t, 445, "filtered (no-response)")
	o.wantPort(t, 9000, "closed (reset)")
	o.wantExit(t, 0)
	if h := o.hosts[addr]; h.State != probe.Up {
		t.Errorf("%s is %s although it answered", addr, h.state())
	}
}

// TestTCPStates: a listener is open, a drop filtered, nothing closed.
func TestTCPStates(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	fourPorts(n.server)
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) { wantFourPorts(t, n.client, f.server) })
	}
}

// TestTCPStatesOnTUN: the same over a link without Ethernet.
func TestTCPStatesOnTUN(t *testing.T) {
	t.Parallel()
	labtest.NeedTUN(t)
	n := labtest.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.TUN(client, server, "10.8.0.1/24", "10.8.0.2/24", "fd08::1/64", "fd08::2/64")
	fourPorts(server)
	for _, addr := range []string{"10.8.0.2", "fd08::2"} {
		t.Run(addr, func(t *testing.T) { wantFourPorts(t, client, addr) })
	}
}

// TestTCPStatesOnLoopback: the same against the host itself.
func TestTCPStatesOnLoopback(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	alone := n.Host("alone")
	fourPorts(alone)
	for _, addr := range []string{"127.0.0.1", "::1"} {
		t.Run(addr, func(t *testing.T) { wantFourPorts(t, alone, addr) })
	}
}

// TestTCPReject: a router's reject is filtered, with the router's address.
func TestTCPReject(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	rejectAt9000(n.router, n.server)
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) { wantReject(t, n.client, f.server, f.router) })
	}
}

// TestTCPRejectOnTUN: the same where the router is reached without Ethernet.
func TestTCPRejectOnTUN(t *testing.T) {
	t.Parallel()
	labtest.NeedTUN(t)
	n := labtest.New(t)
	client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
	n.TUN(client, router, "10.8.0.1/24", "10.8.0.2/24", "fd08::1/64", "fd08::2/64")
	n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	client.Default("10.8.0.2", "fd08::2")
	server.Default("10.2.0.2", "fd02::2")
	rejectAt9000(router, server)
	for _, f := range [][2]string{{"10.2.0.10", "10.8.0.2"}, {"fd02::10", "fd08::2"}} {
		t.Run(f[0], func(t *testing.T) { wantReject(t, client, f[0], f[1]) })
	}
}

// rejectAt9000 lets a router reject what goes to port 9000 of a server.
func rejectAt9000(router, server *lab.Host) {
	server.TCP(22)
	router.NoICMPLimit()
	router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "9000", Do: lab.AdminProhibited})
}

// wantReject asks a server behind a router that rejects.
func wantReject(t *testing.T, from *lab.Host, addr, router string) {
	t.Helper()
	o := ask(t, from, "tcp -PN -p 22,9000", addr)
	o.wantPort(t, 22, "open (syn-ack)")
	o.wantPort(t, 9000, "filtered (admin-prohibited from "+router+")")
	o.wantExit(t, 0)

	o = ask(t, from, "tcp -PN -p 9000", addr)
	o.wantPort(t, 9000, "filtered (admin-prohibited from "+router+")")
	o.wantExit(t, 1)
	if h := o.hosts[addr]; h.State != probe.NotTested {
		t.Errorf("the host is %s, but only its router answered", h.state())
	}
}

// TestTCPRejectByHost: a reject of the host's own firewall is filtered too, and
// the host is up.
func TestTCPRejectByHost(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.Firewall(lab.Rule{Proto: "tcp", Dport: "9000", Do: lab.AdminProhibited})
	n.client.Firewall(lab.Rule{In: "lo", Proto: "tcp", Dport: "9000", Do: lab.AdminProhibited})
	for _, addr := range []string{"10.2.0.10", "fd02::10", "127.0.0.1", "::1"} {
		t.Run(addr, func(t *testing.T) {
			o := ask(t, n.client, "tcp -PN -p 9000", addr)
			o.wantPort(t, 9000, "filtered (admin-prohibited)")
			o.wantExit(t, 1)
			if h := o.hosts[addr]; h.State != probe.Up {
				t.Errorf("the host is %s, but it answered itself", h.state())
			}
		})
	}
}

// TestTCPNobody: a host on the link that does not answer ARP or ND is down, and
// its ports are unknown: nothing was asked.
func TestTCPNobody(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	for _, addr := range []string{"10.1.0.77", "fd01::77"} {
		t.Run(addr, func(t *testing.T) {
			o := ask(t, n.client, "tcp -PN -p 80", addr)
			if p := o.ports[80]; p.state() != "unknown (no-neighbour)" {
				t.Errorf("the port is %s", p.state())
			}
			if h := o.hosts[addr]; h.state() != "down (no-neighbour)" {
				t.Errorf("the host is %s", h.state())
			}
		})
	}
}

// TestTCPHowLong: three filtered ports take 2 s. (That ports that answer take no more
// than a round trip is TestFlagsTakeEffect's, where time is virtual.)
func TestTCPHowLong(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.TCP(80)
	n.server.Firewall(lab.Rule{Proto: "tcp", Dport: "445,28080,28443", Do: lab.Drop})
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			o := ask(t, n.client, "tcp -PN -p 445,28080,28443", f.server)
			for _, port := range []int{445, 28080, 28443} {
				o.wantPort(t, port, "filtered (no-response)")
				if o.ports[port].Tries != 3 {
					t.Errorf("port %d was asked %d times, want 3", port, o.ports[port].Tries)
				}
			}
			o.wantExit(t, 3)
			o.wantText(t, f.server+"  not tested (-PN), nothing answered", "3 ports: 3 filtered. ", " packets sent, 0 answers")
			if h := o.hosts[f.server]; h.State != probe.NotTested {
				t.Errorf("the host is %s, but nothing answered", h.state())
			}
			if o.took < 1900*time.Millisecond { // how much more is the machine's business
				t.Errorf("three filtered ports took %v", o.took)
			}

			o = ask(t, n.client, "tcp -PN -p 80,81", f.server)
			o.wantPort(t, 80, "open (syn-ack)")
			o.wantPort(t, 81, "closed (reset)")
		})
	}
}

// TestTCPLostAnswer: an answer lost once never makes an open port closed, with
// and without a fixed source port.
func TestTCPLostAnswer(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"", "-g 4025"} {
		for _, f := range families() {
			t.Run(f.name+flags, func(t *testing.T) {
				n := newOffice(t)
				n.server.TCP(80, 443)
				lost := n.router.Firewall(lab.Rule{Name: "lost", Chain: lab.Forward, Proto: "tcp", Sport: "80", Flags: "SA", First: 1, Do: lab.Drop})
				wire := n.client.Capture("eth0")
				o := ask(t, n.client, fmt.Sprintf("tcp -PN -p 80,443 %s", flags), f.server)
				o.wantPort(t, 80, "open (syn-ack)")
				o.wantPort(t, 443, "open (syn-ack)")
				if lost.Count("lost") != 1 {
					t.Errorf("%d answers were lost on the way, want 1", lost.Count("lost"))
				}
				if flags == "" {
					return
				}
				to80 := wire.Packets().Out().Find(func(p *lab.Packet) bool {
					return p.TCP() != nil && p.TCP().SYN && p.TCP().DstPort == 80
				})
				if len(to80) != 2 || to80[0].TCP().Seq != to80[1].TCP().Seq || to80[1].At.Sub(to80[0].At) < 600*time.Millisecond {
					t.Errorf("with -g a further try is a retransmission, 600 ms later at least:\n%v", to80)
				}
			})
		}
	}
}
