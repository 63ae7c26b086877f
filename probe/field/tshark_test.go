package field_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"sonde/probe"
	"sonde/probe/field"
)

// tsharkNames are what tshark calls a field, of IPv4 and of IPv6, and what it prints for
// the example of the table where that is no number.
var tsharkNames = map[string]struct{ v4, v6, want string }{
	"tos": {"ip.dsfield", "ipv6.tclass", ""}, "dscp": {"ip.dsfield.dscp", "ipv6.tclass.dscp", "18"}, "ecn": {"ip.dsfield.ecn", "ipv6.tclass.ecn", ""},
	"ip-id": {"ip.id", "", ""}, "df": {"ip.flags.df", "", "True"}, "no-df": {"ip.flags.df", "", "False"}, "ttl": {"ip.ttl", "ipv6.hlim", ""},
	"flow-label": {"", "ipv6.flow", ""}, "ip-options": {"ip.opt.ra", "", "0"}, "fragment": {"ip.flags.mf", "ipv6.fraghdr.more", "True"},
	"flags": {"tcp.flags", "tcp.flags", "0x00c2"}, "seq": {"tcp.seq_raw", "tcp.seq_raw", ""}, "ack": {"tcp.ack_raw", "tcp.ack_raw", ""},
	"window": {"tcp.window_size_value", "tcp.window_size_value", ""}, "urg": {"tcp.urgent_pointer", "tcp.urgent_pointer", ""},
	"tcp-options": {"tcp.options", "tcp.options", "020404b001030303"},
}

// TestTsharkReadsAlike: tshark finds every field of the headers where it was put. With
// PEERS=1 it must be there.
func TestTsharkReadsAlike(t *testing.T) {
	path, err := exec.LookPath("tshark")
	if err != nil && os.Getenv("PEERS") == "1" {
		t.Fatalf("PEERS=1, but no tshark: %v", err)
	} else if err != nil {
		t.Skipf("no tshark to compare with: %v", err)
	}
	var file bytes.Buffer
	w := pcapgo.NewWriter(&file)
	if err := w.WriteFileHeader(65535, layers.LinkTypeRaw); err != nil {
		t.Fatal(err)
	}
	var names, columns, wants []string
	eachField(t, func(name string, f *field.Field, _ probe.PacketKind, v6 bool, all [][]byte) {
		as, ok := tsharkNames[f.Name]
		if !ok {
			return // of payload and checksums gopacket tells
		}
		column, want := as.v4, as.want
		if v6 {
			column = as.v6
		}
		if want == "" {
			want = f.Example
		}
		info := gopacket.CaptureInfo{Timestamp: time.Unix(int64(len(names)), 0), CaptureLength: len(all[0]), Length: len(all[0])}
		if err := w.WritePacket(info, all[0]); err != nil {
			t.Fatal(err)
		}
		names, columns, wants = append(names, name), append(columns, column), append(wants, want)
	})
	dir := t.TempDir()
	capture := filepath.Join(dir, "crafted.pcap")
	if err := os.WriteFile(capture, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-r", capture, "-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"}
	at := map[string]int{} // where a column stands, once
	for _, c := range columns {
		if _, there := at[c]; !there {
			at[c] = len(at)
			args = append(args, "-e", c)
		}
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C") // no settings of a user's
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(names) || len(names) < 50 {
		t.Fatalf("tshark prints %d lines of %d packets", len(lines), len(names))
	}
	for i, line := range lines {
		got, want := strings.Split(line, "\t")[at[columns[i]]], wants[i]
		if a, err := strconv.ParseUint(got, 0, 64); err == nil {
			if b, err := strconv.ParseUint(want, 0, 64); err == nil && a == b {
				continue
			}
		}
		if truth := map[string]string{"1": "True", "0": "False"}[got]; got != want && (truth == "" || truth != want) {
			t.Errorf("%s: tshark has %s as %q, want %q", names[i], columns[i], got, want)
		}
	}
}
