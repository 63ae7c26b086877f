package main

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"

	"sonde/scan/lab"
)

// whatIsSent are command lines that send by every way and every kind.
func whatIsSent(f family) []string {
	link := map[string]string{"IPv4": "10.1.0.0/29", "IPv6": "fd01::/125"}[f.name]
	return []string{
		"tcp -PN -p 22,80,445,9000 " + f.server,
		"udp -PN -p 53,81 " + f.server,
		"sweep " + f.server,
		"sweep -PE -PS80 -PA80 -PU53 " + f.router,
		"sweep " + link,
		"tcp -PN -p 80 -e eth0 -S " + f.foreign + " " + f.server,
	}
}

// TestPcap: the file of --pcap has as many packets as the end record says were
// sent and received, and those that we sent are byte by byte those that the
// kernel's own capture has on the wire.
func TestPcap(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	fourPorts(n.server)
	n.server.UDP(53, lab.Echo)
	for _, f := range families() {
		for _, line := range whatIsSent(f) {
			t.Run(strings.ReplaceAll(line, "/", "|"), func(t *testing.T) {
				wire := n.client.Capture("eth0")
				file := filepath.Join(t.TempDir(), "pcap")
				o := ask(t, n.client, line, "--pcap", file)
				sent, received := readPcap(t, file)
				if uint64(len(sent)+len(received)) != o.end.Sent+o.end.Received {
					t.Errorf("the file has %d packets of ours and %d others; sent %d, received %d",
						len(sent), len(received), o.end.Sent, o.end.Received)
				}
				onWire := map[string]int{}
				packets := wire.Packets()
				for _, p := range packets.Out() {
					onWire[string(p.LinkLayer().LayerPayload())]++
				}
				for _, b := range sent {
					if toOurselves(b) {
						continue
					}
					if onWire[string(b)]--; onWire[string(b)] < 0 {
						t.Errorf("not so on the wire: %x\n%v", b, packets.Out())
					}
				}
			})
		}
	}
}

// readPcap returns the packets of a pcapng file from their IP header or ARP
// message on: those marked as outbound, and the others.
func readPcap(t *testing.T, file string) (sent, received [][]byte) {
	t.Helper()
	eachPacket(t, file, func(link layers.LinkType, b []byte) {
		if link == layers.LinkTypeEthernet {
			b = b[14:]
		}
		if fromClient(b) {
			sent = append(sent, b)
		} else {
			received = append(received, b)
		}
	})
	return sent, received
}

// fromClient tells whether an IP packet or ARP message was sent by the client
// of an office, under its own name or a foreign one. Answers that it gave itself
// count as sent; the sum is the same.
func fromClient(b []byte) bool {
	for _, f := range families() {
		for _, addr := range []string{f.client, f.foreign} {
			if src, _ := addrsOf(b); src == addr {
				return true
			}
		}
	}
	return false
}

// toOurselves tells whether a packet stays inside the client.
func toOurselves(b []byte) bool {
	src, dst := addrsOf(b)
	return src == dst
}

// TestPacketTrace: one line on stderr for each packet sent and received, in the
// order of their times, so that no answer stands before its question.
func TestPacketTrace(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	fourPorts(n.server)
	for _, f := range families() {
		for _, line := range whatIsSent(f) {
			t.Run(strings.ReplaceAll(line, "/", "|"), func(t *testing.T) {
				o := ask(t, n.client, line, "--packet-trace")
				if got := strings.Count(o.stderr, "\n"); uint64(got) != o.end.Sent+o.end.Received {
					t.Errorf("%d lines; sent %d, received %d", got, o.end.Sent, o.end.Received)
				}
				var before float64
				for line := range strings.Lines(o.stderr) {
					var dir string
					var at float64
					if n, err := fmt.Sscan(line, &dir, &at); n != 2 || at < before || before == 0 && dir != "SENT" {
						t.Errorf("out of order, %v: %s", err, line)
					}
					before = at
				}
			})
		}
	}
}

// TestDryRun: what would be sent is printed, nothing is sent.
func TestDryRun(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	for _, f := range families() {
		for _, line := range whatIsSent(f) {
			t.Run(strings.ReplaceAll(line, "/", "|"), func(t *testing.T) {
				wire := n.client.Capture("eth0")
				o := typed(t, n.client, append(strings.Fields(line), "--dry-run")...)
				o.wantExit(t, 0)
				if o.text == "" {
					t.Error("nothing is printed")
				}
				if packets := wire.Packets(); len(packets) > 0 {
					t.Errorf("there are packets on the wire:\n%v", packets)
				}
			})
		}
	}
}

// addrsOf reads source and destination of an IP packet or ARP message.
func addrsOf(b []byte) (src, dst string) {
	switch {
	case len(b) >= 40 && b[0]>>4 == 6: // RFC 8200 §3
		return netip.AddrFrom16([16]byte(b[8:])).String(), netip.AddrFrom16([16]byte(b[24:])).String()
	case len(b) >= 20 && b[0]>>4 == 4: // RFC 791 §3.1
		return netip.AddrFrom4([4]byte(b[12:])).String(), netip.AddrFrom4([4]byte(b[16:])).String()
	case len(b) >= 28: // ARP, RFC 826: between the addresses is a MAC
		return netip.AddrFrom4([4]byte(b[14:])).String(), netip.AddrFrom4([4]byte(b[24:])).String()
	}
	return "", ""
}
