package main

import (
	"net/netip"
	"testing"

	"sonde/scan/lab"
)

// TestUDPDropped: a port that says nothing is open|filtered.
func TestUDPDropped(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.Firewall(lab.Rule{Proto: "udp", Dport: "80", Do: lab.Drop})
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			o := ask(t, n.client, "udp -PN -p 80", f.server)
			o.wantPort(t, 80, "open|filtered (no-response)")
			o.wantText(t, "80/udp  open|filtered  http ")
			o.wantExit(t, 3)
		})
	}
}

// TestUDPStates: a DNS server is open by its answer, a port without a server
// closed, one that a router rejects filtered.
func TestUDPStates(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.UDP(53, lab.DNS(map[string][]netip.Addr{"web.test": {netip.MustParseAddr("10.2.0.10")}}))
	n.router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "udp", Dport: "82", Do: lab.PortUnreach})
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			o := ask(t, n.client, "udp -PN -p 53,81,82", f.server)
			o.wantPort(t, 53, "open (udp-response)")
			o.wantPort(t, 81, "closed (port-unreach)")
			o.wantPort(t, 82, "filtered (port-unreach from "+f.router+")")
			o.wantExit(t, 0)
		})
	}
}

// TestUDPSourcePort: -g 53 sends from port 53, and so passes a firewall that
// lets nothing else in.
func TestUDPSourcePort(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.UDP(12053, lab.Echo)
	n.server.Firewall(
		lab.Rule{Proto: "udp", Dport: "12053", Sport: "53", Do: lab.Accept},
		lab.Rule{Proto: "udp", Dport: "12053", Do: lab.Drop},
	)
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			wire := n.client.Capture("eth0")
			o := ask(t, n.client, "udp -g 53 -p 12053", f.server)
			o.wantPort(t, 12053, "open (udp-response)")
			o.wantExit(t, 0)
			// The kernel may answer the answer: it has no socket on that port.
			sent := wire.Packets().Out().Find(func(p *lab.Packet) bool { return p.UDP() != nil })
			if len(sent) != 1 || sent[0].UDP().SrcPort != 53 {
				t.Errorf("not one packet from port 53:\n%v", sent)
			}

			o = ask(t, n.client, "udp -p 12053", f.server)
			o.wantPort(t, 12053, "open|filtered (no-response)")
			o.wantExit(t, 3)
		})
	}
}

// TestUDPPathMTU: a question that is too large for the path is asked all the
// same, each time, though the kernel has been told of the path's MTU: who says so
// is reported. (IPv6 has no path that is too small for any of our questions.)
func TestUDPPathMTU(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.router.MTU("eth1", 600)
	n.server.UDP(443, lab.Echo)
	for range 2 {
		o := ask(t, n.client, "udp -PN -p 443", "10.2.0.10") // QUIC asks with 1200 bytes (RFC 9000 §14.1)
		o.wantPort(t, 443, "filtered (packet-too-big from 10.1.0.2)")
		o.wantExit(t, 1)
	}
}
