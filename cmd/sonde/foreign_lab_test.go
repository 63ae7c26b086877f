package main

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket/layers"

	"sonde/scan/lab"
)

// wantOnly returns the only packet that left beside ARP and ND, of which there
// may be as many as it takes; it must come from source.
func wantOnly(t *testing.T, wire *lab.Capture, source string) *lab.Packet {
	t.Helper()
	out := wire.Packets().Out()
	probes := out.Probes()
	if len(probes) != 1 {
		t.Fatalf("%d packets left, want 1:\n%v", len(probes), out)
	}
	if src, _ := probes[0].Addrs(); src != netip.MustParseAddr(source) {
		t.Errorf("it came from %v, want %s", src, source)
	}
	return probes[0]
}

// wantNeighbourOnly fails if anything but ARP and ND left.
func wantNeighbourOnly(t *testing.T, wire *lab.Capture) {
	t.Helper()
	out := wire.Packets().Out()
	if len(out.Probes()) > 0 || len(out) == 0 {
		t.Errorf("want nothing but ARP or ND:\n%v", out)
	}
}

// wantARPAs fails if an ARP request or solicitation of ours tells the neighbour
// of a foreign address.
func wantARPAs(t *testing.T, wire *lab.Capture, own string) {
	t.Helper()
	for _, p := range wire.Packets().Out() {
		if arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok && arp.Operation == layers.ARPRequest {
			if src, _ := p.Addrs(); src.String() != own {
				t.Errorf("ARP as %v, want %s", src, own)
			}
		}
	}
}

// TestForeignSYN: one SYN leaves with a source that is not ours, and nothing
// else, to a host behind a router and to one on the link.
func TestForeignSYN(t *testing.T) {
	t.Parallel()
	for _, f := range families() {
		for _, target := range []string{f.server, f.router} {
			t.Run(target, func(t *testing.T) {
				n := newOffice(t)
				wire := n.client.Capture("eth0")
				o := ask(t, n.client, "tcp -PN -sS -p 8081 --max-retries 0 -e eth0 -S", f.foreign, target)
				p := wantOnly(t, wire, f.foreign)
				wantARPAs(t, wire, f.client)
				if tcp := p.TCP(); tcp == nil || !tcp.SYN || tcp.ACK || tcp.DstPort != 8081 {
					t.Errorf("no SYN to port 8081: %v", p)
				}
				if p.ErrorLayer() != nil || !validChecksums(p) {
					t.Errorf("not valid as a packet: %v, %v", p, p.ErrorLayer())
				}
				o.wantPort(t, 8081, "unknown (spoofed-source)")
				o.wantText(t, "sent 1 SYN as "+f.foreign+"; replies go there")
				o.wantExit(t, 0)
			})
		}
	}
}

// TestForeignEcho: the same for one echo request.
func TestForeignEcho(t *testing.T) {
	t.Parallel()
	for _, f := range families() {
		for _, target := range []string{f.server, f.router} {
			t.Run(target, func(t *testing.T) {
				n := newOffice(t)
				wire := n.client.Capture("eth0")
				o := ask(t, n.client, "sweep -PE -e eth0 -S", f.foreign, target)
				p := wantOnly(t, wire, f.foreign)
				wantARPAs(t, wire, f.client)
				typ, _, _ := p.ICMP()
				if typ != layers.ICMPv4TypeEchoRequest && typ != layers.ICMPv6TypeEchoRequest {
					t.Errorf("no echo request: %v", p)
				}
				if p.ErrorLayer() != nil || !validChecksums(p) {
					t.Errorf("not valid as a packet: %v, %v", p, p.ErrorLayer())
				}
				if h := o.hosts[target]; h.state() != "unknown (spoofed-source)" {
					t.Errorf("the host is %s", h.state())
				}
				o.wantText(t, "sent 1 echo request as "+f.foreign+"; replies go there")
				o.wantExit(t, 0)
			})
		}
	}
}

// TestForeignUnresolved: where the next hop does not resolve, nothing but ARP or
// ND leaves, and the kernel tells the foreign address nothing.
func TestForeignUnresolved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, foreign, target string }{
		{"on the link", "10.42.48.1", "10.1.0.77"},
		{"behind a gateway", "10.42.48.1", "10.2.0.10"},
		{"on the link, IPv6", "fd42::1", "fd01::77"},
		{"behind a gateway, IPv6", "fd42::1", "fd02::10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := newOffice(t)
			n.router.Firewall(
				lab.Rule{Chain: lab.Ingress, In: "eth0", Proto: "arp", Do: lab.Drop},
				lab.Rule{Chain: lab.Ingress, In: "eth0", Proto: "icmpv6", Do: lab.Drop},
			)
			for _, line := range []string{
				"tcp -PN -sS -p 8081 --max-retries 0 -e eth0 -S",
				"sweep -PE -e eth0 -S",
			} {
				wire := n.client.Capture("eth0")
				o := ask(t, n.client, line, tt.foreign, tt.target)
				wantNeighbourOnly(t, wire)
				if o.exit == 0 {
					t.Error("exit 0, but nothing left this machine")
				}
			}
		})
	}
}

// TestForeignAnswerSeen: an answer that comes by on the wire counts, if waited
// for.
func TestForeignAnswerSeen(t *testing.T) {
	t.Parallel()
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			n := newOffice(t)
			n.server.TCP(8081)
			if f.name == "IPv4" {
				n.router.Route("10.42.48.0/24", f.client)
			} else {
				n.router.Route("fd42::/64", f.client)
			}
			wire := n.client.Capture("eth0")
			o := ask(t, n.client, "tcp -PN -sS -p 8081 --max-retries 0 --timeout 1s -e eth0 -S", f.foreign, f.server)
			wantOnly(t, wire, f.foreign)
			o.wantPort(t, 8081, "open (syn-ack)")
			o.wantExit(t, 0)
		})
	}
}

// TestForeignExpect: what is unknown is not what was expected.
func TestForeignExpect(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	o := ask(t, n.client, "tcp -PN -p 8081 --expect open -S 10.42.48.1 10.2.0.10")
	o.wantExit(t, 3)
}

// validChecksums tells whether a packet's checksums fit its bytes: with them, the
// words of what they cover add up to 0xffff (RFC 1071).
func validChecksums(p *lab.Packet) bool {
	network := p.NetworkLayer()
	flow := network.NetworkFlow()
	body := network.LayerPayload()
	var proto layers.IPProtocol
	switch ip := network.(type) {
	case *layers.IPv4:
		if proto = ip.Protocol; add16(ip.LayerContents()) != 0xffff {
			return false
		}
		if proto == layers.IPProtocolICMPv4 {
			return add16(body) == 0xffff // no pseudo-header
		}
	case *layers.IPv6:
		proto = ip.NextHeader
	}
	pseudo := slices.Concat(flow.Src().Raw(), flow.Dst().Raw(), []byte{0, byte(proto), byte(len(body) >> 8), byte(len(body))})
	return add16(slices.Concat(pseudo, body)) == 0xffff
}

// add16 is the one's complement sum of b's 16-bit words.
func add16(b []byte) (sum uint32) {
	if len(b)%2 == 1 {
		b = append(slices.Clone(b), 0)
	}
	for i := 0; i < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for sum>>16 > 0 {
		sum = sum>>16 + sum&0xffff
	}
	return sum
}
