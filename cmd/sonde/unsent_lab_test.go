package main

import (
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"sonde/probe"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// deadNeighbours is a client with one host beside it, and routes by way of that host, and
// by way of gateways that are dead.
func deadNeighbours(t *testing.T) (client *lab.Host) {
	n := labtest.New(t)
	client = n.Host("client")
	host := n.Host("host")
	n.Link(client, host, "192.0.2.1/24", "192.0.2.10/24", "fd01::1/64", "fd01::10/64")
	client.Route("198.51.100.0/24", "192.0.2.99") // a gateway that is dead
	client.Route("fd02::/64", "fd01::99")
	client.Route("203.0.113.0/24", "192.0.2.10")
	client.Route("fd03::/64", "fd01::10")
	host.Addr("lo", "203.0.113.5/32", "fd03::5/128")
	host.TCP(80)
	return client
}

// TestNeverLeft: what the kernel would have kept for want of a neighbour is in no count,
// trace or file: they have what a capture of the wire has, whether hosts on the link, or
// the gateway, answer ARP and ND or not.
func TestNeverLeft(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line, reason string // of the last port; "": any
		sent         bool
	}{
		{"tcp -PN -p 80 192.0.2.132", "no-neighbour", false}, {"tcp -PN -p 80 fd01::132", "no-neighbour", false},
		{"udp -PN -p 5353 192.0.2.133", "no-neighbour", false}, {"udp -PN -p 5353 fd01::133", "no-neighbour", false},
		{"tcp -PN -sF -p 80 192.0.2.134", "no-neighbour", false}, {"tcp -PN -sF -p 80 fd01::134", "no-neighbour", false},
		{"tcp -PN -p 80 198.51.100.7", "local-error", false}, {"tcp -PN -p 80 fd02::7", "local-error", false},
		{"udp -PN -p 53 198.51.100.8", "local-error", false}, {"udp -PN -p 53 fd02::8", "local-error", false},
		{"sweep -PE 198.51.100.9", "", false}, {"sweep -PE fd02::9", "", false},
		{"tcp -PN -p 80,81 192.0.2.8/29", "", true}, {"tcp -PN -p 80,81 fd01::8/125", "", false}, {"tcp -PN -p 80,81 fd01::10/125", "", true},
		{"tcp -PN -p 80,81 203.0.113.5 198.51.100.5 192.0.2.10", "", true}, {"tcp -PN -p 80,81 fd03::5 fd02::5 fd01::10", "", true},
	} {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			client := deadNeighbours(t)
			wire := client.Capture("eth0")
			file := t.TempDir() + "/p.pcapng"
			o := ask(t, client, tt.line+" --packet-trace --pcap "+file)
			left := wire.Packets().Out().Probes().Find(func(p *lab.Packet) bool { return p.TCP() == nil || p.TCP().SYN || p.TCP().FIN }) // the kernel resets what nobody knows
			shown := 0
			for line := range strings.Lines(o.stderr + o.text) {
				if strings.HasPrefix(line, "SENT") && !strings.Contains(line, " arp ") && !strings.Contains(line, "neighbour-") {
					shown++
				}
			}
			inFile := 0
			eachPacket(t, file, func(link layers.LinkType, b []byte) {
				p := lab.Packet{Packet: gopacket.NewPacket(b, link, gopacket.Default)}
				if src, _ := p.Addrs(); !p.Neighbour() && (src.String() == "192.0.2.1" || src.String() == "fd01::1") {
					inFile++
				}
			})
			if counted := int(o.end.Sent - o.end.Neighbours); counted != len(left) || shown != len(left) || inFile != len(left) || tt.sent != (len(left) > 0) {
				t.Errorf("%d packets left, %d counted, %d shown, %d in the file\n%v", len(left), counted, shown, inFile, o.stderr)
			}
			for _, p := range o.ports {
				if tt.reason != "" && (p.Reason.String() != tt.reason || p.State != probe.Unknown) {
					t.Error(p.state())
				}
			}
		})
	}
	for _, line := range []string{"tcp -PN --via connect -p 80 192.0.2.142", "tcp -PN --via connect -p 80 fd01::142",
		"udp -PN --via connect -p 53 192.0.2.143", "udp -PN --via connect -p 53 fd01::143",
		"tcp -PN --via connect -p 80 198.51.100.7", "udp -PN --via connect -p 53 fd02::7"} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			client := deadNeighbours(t)
			wire := client.Capture("eth0")
			o := ask(t, client, line)
			if left := wire.Packets().Out().Probes(); len(left) > 0 || o.end.Sent != 0 {
				t.Errorf("%d sent, but there are\n%v", o.end.Sent, left)
			}
			for _, p := range o.ports {
				if p.State != probe.Unknown {
					t.Error(p.state())
				}
			}
		})
	}
}
