package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestPcapForAll: the file of --pcap of every command, over every kind of link, is
// read by gopacket's pcapgo, by tcpdump and by tshark: libpcap refuses a file with
// two link types before its first packet.
func TestPcapForAll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		link layers.LinkType
		join func(n *lab.Network, client, server *lab.Host)
		to   []string
	}{
		{"veth", layers.LinkTypeEthernet, func(n *lab.Network, client, server *lab.Host) {
			n.Link(client, server, "10.8.0.1/24", "10.8.0.2/24", "fd08::1/64", "fd08::2/64")
		}, []string{"10.8.0.2", "fd08::2"}},
		{"TUN", layers.LinkTypeRaw, func(n *lab.Network, client, server *lab.Host) {
			n.TUN(client, server, "10.8.0.1/24", "10.8.0.2/24", "fd08::1/64", "fd08::2/64")
		}, []string{"10.8.0.2", "fd08::2"}},
		{"loopback", layers.LinkTypeRaw, func(*lab.Network, *lab.Host, *lab.Host) {}, []string{"127.0.0.1", "::1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.name == "TUN" {
				labtest.NeedTUN(t)
			}
			n := labtest.New(t)
			client, server := n.Host("client"), n.Host("server")
			tt.join(n, client, server)
			server.TCP(80)
			for _, to := range tt.to {
				for _, line := range []string{"sweep ", "tcp -p 80,81 ", "udp -p 53 ", "trace ", "trace -p 80 ", "fp -p 80 "} {
					file := filepath.Join(t.TempDir(), "p.pcapng")
					ask(t, client, line+to, "--pcap", file)
					readByAll(t, line+to, file, tt.link)
				}
			}
		})
	}
}

// readByAll has a capture read by all that are here: one link type, and at least one
// packet that each understands.
func readByAll(t *testing.T, line, file string, link layers.LinkType) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if _, _, err := r.ReadPacketData(); err != nil || r.LinkType() != link {
		t.Errorf("%s: link type %v, want %v; %v", line, r.LinkType(), link, err)
	}
	for _, reader := range [][]string{{"tcpdump", "-nn", "-r", file}, {"tshark", "-n", "-r", file}} {
		path, err := exec.LookPath(reader[0])
		if err != nil {
			if os.Getenv("PEERS") == "1" {
				t.Fatal(err)
			}
			continue
		}
		out, err := exec.Command(path, reader[1:]...).Output()
		if text := strings.ToLower(string(out)); err != nil || text == "" || strings.Contains(text, "malformed") || strings.Contains(text, "unknown") {
			t.Errorf("%s: %s: %v\n%s", line, reader[0], err, out)
		}
	}
}
