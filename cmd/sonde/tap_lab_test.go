package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"
)

// TestPcapFrames: what passed as frames is in the file of --pcap with the link-layer
// addresses that the kernel's own capture has on the wire, in both directions.
func TestPcapFrames(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	fourPorts(n.server)
	ours := n.client.MAC("eth0")
	for _, f := range families() {
		link := map[string]string{"IPv4": "10.1.0.0/29", "IPv6": "fd01::/125"}[f.name]
		for line, answered := range map[string]bool{
			"sweep " + link:                                          true,  // ARP or ND
			"tcp -PN -sA -p 22,80 " + f.server:                       true,  // heard before the firewall
			"tcp -PN -p 80 -e eth0 -S " + f.foreign + " " + f.server: false, // past the kernel's own IP
		} {
			t.Run(strings.ReplaceAll(line, "/", "|"), func(t *testing.T) {
				wire := n.client.Capture("eth0")
				file := filepath.Join(t.TempDir(), "pcap")
				ask(t, n.client, line, "--pcap", file)
				onWire := map[string]int{}
				for _, p := range wire.Packets() {
					onWire[string(p.Data())]++
				}
				out, in := 0, 0
				for _, b := range framesOf(t, file) {
					if bytes.Equal(b[6:12], ours) {
						out++
					} else {
						in++
					}
					if onWire[string(b)]--; onWire[string(b)] < 0 {
						t.Errorf("not so on the wire: %x", b)
					}
				}
				if out+in == 0 || answered && in == 0 {
					t.Errorf("%d frames of ours, %d others", out, in)
				}
			})
		}
	}
}

// framesOf returns the packets of a pcapng file whose frames are known: those that
// have addresses.
func framesOf(t *testing.T, file string) (frames [][]byte) {
	t.Helper()
	eachPacket(t, file, func(link layers.LinkType, b []byte) {
		if link == layers.LinkTypeEthernet && !bytes.Equal(b[:12], make([]byte, 12)) {
			frames = append(frames, b)
		}
	})
	return frames
}
