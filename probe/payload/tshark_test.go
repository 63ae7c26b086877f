package payload

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// A second opinion on every datagram, to every port over both families: tshark
// must see the protocol that was meant and nothing to complain about.
func TestTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		skipPeers(t, "tshark is not installed: %v (Debian package tshark)", err)
	}
	type question struct {
		payload *Payload
		port    uint16
		family  string
	}
	var asked []question
	var fields []string
	var file bytes.Buffer
	w := pcapgo.NewWriter(&file)
	if err := w.WriteFileHeader(65535, layers.LinkTypeRaw); err != nil {
		t.Fatal(err)
	}
	for p := range All() {
		for _, f := range decoded[p.Name].fields {
			if !slices.Contains(fields, f[0]) {
				fields = append(fields, f[0])
			}
		}
		for _, port := range p.Ports {
			for _, family := range []string{"ip", "ipv6"} {
				// A source port of its own for each: tshark expects whatever
				// follows a TFTP request on the same port to be TFTP.
				source := uint16(40000 + len(asked))
				b := udpPacket(t, family, source, port, p.Append(nil, testID))
				// Conversations of its own for each, lest tshark remember.
				info := gopacket.CaptureInfo{Timestamp: time.Unix(int64(len(asked)), 0), CaptureLength: len(b), Length: len(b)}
				if err := w.WritePacket(info, b); err != nil {
					t.Fatal(err)
				}
				asked = append(asked, question{p, port, family})
			}
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "payloads.pcap")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}

	// -n: no names are looked up. Some ports are others' to it, unless told otherwise.
	args := []string{"-n", "-d", "udp.port==853,quic", "-r", path, "-T", "fields", "-E", "separator=|", "-E", "occurrence=a",
		"-e", "frame.protocols", "-e", "_ws.malformed", "-e", "_ws.expert"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.Command(tshark, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v: %s", err, &complaints)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(asked) {
		t.Fatalf("tshark printed %d packets of %d: %s", len(lines), len(asked), out)
	}
	for i, q := range asked {
		want, ok := decoded[q.payload.Name]
		if !ok {
			t.Errorf("%s: not in the table of what tshark must read", q.payload.Name)
			continue
		}
		got := strings.Split(lines[i], "|")
		where := fmt.Sprintf("%s to port %d over %s", q.payload.Name, q.port, q.family)
		if protocols := "raw:" + q.family + ":udp:" + want.protocol; got[0] != protocols {
			t.Errorf("%s: tshark sees %s, want %s", where, got[0], protocols)
		}
		remark := got[2]
		if want.remark != "" && strings.HasPrefix(remark, want.remark) {
			remark = ""
		}
		if got[1] != "" || remark != "" {
			t.Errorf("%s: malformed %q, expert information %q", where, got[1], got[2])
		}
		for _, f := range want.fields {
			if value := got[3+slices.Index(fields, f[0])]; value != f[1] {
				t.Errorf("%s: %s is %q, want %q", where, f[0], value, f[1])
			}
		}
	}
}

// udpPacket wraps a datagram in UDP and IP of the family "ip" or "ipv6".
func udpPacket(t *testing.T, family string, source, port uint16, datagram []byte) []byte {
	t.Helper()
	udp := &layers.UDP{SrcPort: layers.UDPPort(source), DstPort: layers.UDPPort(port)}
	var ip interface {
		gopacket.NetworkLayer
		gopacket.SerializableLayer
	}
	if family == "ip" {
		ip = &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: layers.IPProtocolUDP,
			SrcIP: net.IPv4(192, 0, 2, 1), DstIP: net.IPv4(192, 0, 2, 2)}
	} else {
		ip = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP,
			SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2")}
	}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	b := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(b, options, ip, udp, gopacket.Payload(datagram)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
