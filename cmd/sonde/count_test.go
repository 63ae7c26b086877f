package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// TestCounts: sent and received of the end record are the packets of --pcap and
// the lines of --packet-trace, and what truly left.
func TestCounts(t *testing.T) {
	for _, tt := range []struct{ network, line string }{
		{"office.net", "tcp -p 1-200 10.2.0.10 2001:db8:2::10"},
		{"office.net", "tcp -p 1-50 10.2.0.0/28"},
		{"lan.net", "sweep 10.0.0.0/28 2001:db8::/125"},
		{"lan.net", "udp -p 50-80 10.0.0.2 2001:db8::2"},
		{"lossy.net", "tcp -p 1-200 10.1.255.1"},
		{"mixed.net", "tcp -p 79-81 10.3.0.1 10.4.0.1 10.5.0.1"},
		{exits, "tcp -S 10.42.48.1 -p 1-20 10.1.0.1"},
		{exits, "tcp -p 80 198.51.100.1"},
	} {
		file := filepath.Join(t.TempDir(), "run.pcapng")
		o := on(tt.network, tt.line+" -o json --packet-trace --pcap "+file).run(t)
		want := int(o.end().Sent + o.end().Received)
		if got := packetsIn(t, file); got != want {
			t.Errorf("%s: %d packets in the file, sent and received are %d", tt.line, got, want)
		}
		if got := strings.Count(o.stderr, "\n"); got != want {
			t.Errorf("%s: %d lines of --packet-trace, sent and received are %d\n%s", tt.line, got, want, o.stderr)
		}
		if len(o.sent) != int(o.truth.Sent) {
			t.Errorf("%s: the test saw %d packets leave, %d did", tt.line, len(o.sent), o.truth.Sent)
		}
	}
}

// packetsIn counts the packets of a pcapng file.
func packetsIn(t *testing.T, file string) (n int) {
	t.Helper()
	eachPacket(t, file, func(layers.LinkType, []byte) { n++ })
	return n
}

// eachPacket reads a pcapng file.
func eachPacket(t *testing.T, file string, each func(link layers.LinkType, b []byte)) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for {
		switch b, _, err := r.ReadPacketData(); err {
		case nil:
			each(r.LinkType(), b)
		case io.EOF:
			return
		default:
			t.Fatal(err)
		}
	}
}
