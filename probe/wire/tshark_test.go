package wire

import (
	"bufio"
	"bytes"
	"fmt"
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
)

// tsharkFields are what tshark prints of each packet, in columns. A column has
// one value for each header that has the field: a packet's own first, then that
// of a packet which it quotes.
var tsharkFields = []string{
	"frame.protocols",
	"ip.src", "ip.dst", "ip.proto", "ip.ttl", "ipv6.src", "ipv6.dst", "ipv6.hlim",
	"tcp.srcport", "tcp.dstport", "tcp.seq", "tcp.ack", "tcp.flags", "tcp.window_size_value",
	"udp.srcport", "udp.dstport", "udp.length", "udp.checksum",
	"icmp.type", "icmp.code", "icmp.ident", "icmp.seq",
	"icmpv6.type", "icmpv6.code", "icmpv6.echo.identifier", "icmpv6.echo.sequence_number",
}

// tsharkRow is what tshark says of one packet.
type tsharkRow map[string][]string

// at returns a field's i-th value; numbers are decimal.
func (r tsharkRow) at(field string, i int) string {
	if i >= len(r[field]) {
		return ""
	}
	value := r[field][i]
	if n, err := strconv.ParseUint(value, 0, 64); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return value
}

// tshark returns what it says of each packet, or skips the test where there is
// none; with PEERS=1 that is a failure.
func tshark(t *testing.T, packets [][]byte) []tsharkRow {
	path, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("PEERS") == "1" {
			t.Fatalf("PEERS=1, but no tshark: %v", err)
		}
		t.Skipf("no tshark to compare with: %v", err)
	}
	dir := t.TempDir()
	capture := filepath.Join(dir, "mutants.pcap")
	var buffer bytes.Buffer
	w := pcapgo.NewWriter(&buffer)
	if err := w.WriteFileHeader(65535, layers.LinkTypeRaw); err != nil {
		t.Fatal(err)
	}
	for i, b := range packets {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(int64(i), 0), CaptureLength: len(b), Length: len(b)}
		if err := w.WritePacket(info, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(capture, buffer.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"-r", capture, "-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=,",
		// Every packet for itself.
		"-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
		"-o", "tcp.desegment_tcp_streams:FALSE", "-o", "tcp.analyze_sequence_numbers:FALSE", "-o", "tcp.relative_sequence_numbers:FALSE",
		"-o", "ip.tso_support:FALSE",
	}
	for _, field := range tsharkFields {
		args = append(args, "-e", field)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C") // no settings of a user's
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	var rows []tsharkRow
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		row := tsharkRow{}
		for i, column := range strings.Split(lines.Text(), "\t") {
			if column != "" {
				row[tsharkFields[i]] = strings.Split(column, ",")
			}
		}
		rows = append(rows, row)
	}
	if len(rows) != len(packets) {
		t.Fatalf("tshark printed %d lines for %d packets: %s", len(rows), len(packets), stderr.Bytes())
	}
	return rows
}

// difference is a value that Parse and tshark do not agree on.
type difference struct {
	p    *Packet // as parsed from b
	b    []byte
	want tsharkValue // what Parse says
	got  string      // what tshark says; empty: nothing
	row  tsharkRow
}

// tsharkDiffers lists what tshark is known to see otherwise, and why that is
// all right.
var tsharkDiffers = []struct {
	why   string
	match func(d difference) bool
}{
	{
		// Its field has 12 bits. The upper 4 are reserved (RFC 9293 §3.1), and
		// Parse does not keep them.
		"reserved bits of the TCP header",
		func(d difference) bool {
			n, err := strconv.ParseUint(d.got, 10, 12)
			return d.want.field == "tcp.flags" && err == nil && strconv.FormatUint(n&0xff, 10) == d.want.value
		},
	},
	{
		// It reads the sequence number from the first 8 bytes of a TCP header
		// in an ICMP error, but not in an ICMPv6 error.
		"sequence number of an incomplete quote in ICMPv6",
		func(d difference) bool {
			q := &d.p.Quote
			return d.want.field == "tcp.seq" && d.got == "" && q.HasSeq && !q.HasTCP && q.IP.Dst.Is6()
		},
	},
	{
		// It takes the quoted length at its word and so does not see what it
		// leaves no room for. Parse does not believe less than 8 bytes, see
		// Quote.parse.
		"quoted length too short",
		func(d difference) bool {
			q := &d.p.Quote
			return q.HasPorts && d.got == "" && q.IP.Dst.Is4() && int(q.IP.Len) < ipv4Header+8
		},
	},
	{
		// It gives up where an option in an extension header is longer than
		// that. Parse has no use for those options and does not read them.
		"malformed option in an extension header",
		func(d difference) bool {
			protocols := d.row["frame.protocols"][0]
			return d.got == "" && int(d.b[43])+2 > 6 &&
				(strings.HasSuffix(protocols, ":ipv6.hopopts") || strings.HasSuffix(protocols, ":ipv6.dstopts"))
		},
	},
}

func TestAgainstTshark(t *testing.T) {
	g := newGenerator(12)
	var packets [][]byte
	for len(packets) < 10000 {
		if b := g.mutate(g.packet()); len(b) > 0 {
			packets = append(packets, b)
		}
	}
	rows := tshark(t, packets)
	p := new(Packet)
	parsed, quotes, excused := 0, 0, map[string]int{}
	for i, b := range packets {
		if !p.Parse(b, typeOf(b)) {
			continue
		}
		parsed++
		if p.Quote.HasPorts {
			quotes++
		}
		for _, want := range expected(p, typeOf(b) == TypeIPv6) {
			got := rows[i].at(want.field, want.index)
			if got == want.value {
				continue
			}
			if why := excuse(difference{p, b, want, got, rows[i]}); why != "" {
				excused[why]++
				continue
			}
			t.Errorf("packet %d, %x: %s[%d] is %q, by tshark %q (%s)", i, b, want.field, want.index, want.value, got, rows[i]["frame.protocols"])
		}
	}
	t.Logf("%d of %d packets and %d quotes compared; known differences: %v", parsed, len(packets), quotes, excused)
	for _, known := range tsharkDiffers {
		if excused[known.why] == 0 {
			t.Logf("%q: not seen by this tshark", known.why)
		}
	}
	if parsed < 5000 || quotes < 500 {
		t.Error("too few packets to prove anything")
	}
}

// excuse returns why tshark may see d otherwise, or nothing.
func excuse(d difference) string {
	for _, known := range tsharkDiffers {
		if known.match(d) {
			return known.why
		}
	}
	return ""
}

// tsharkValue is what tshark should print for a field's index-th occurrence.
type tsharkValue struct {
	field string
	index int
	value string
}

// expected returns what tshark should print if p is right.
func expected(p *Packet, v6 bool) (values []tsharkValue) {
	add := func(index int, field string, value any) {
		values = append(values, tsharkValue{field, index, fmt.Sprint(value)})
	}
	ip := func(index int, h *IP) {
		if v6 {
			add(index, "ipv6.src", h.Src)
			add(index, "ipv6.dst", h.Dst)
			add(index, "ipv6.hlim", h.TTL)
			return
		}
		add(index, "ip.src", h.Src)
		add(index, "ip.dst", h.Dst)
		add(index, "ip.proto", h.Proto)
		add(index, "ip.ttl", h.TTL)
	}
	tcp := func(h *TCP) {
		add(0, "tcp.srcport", h.Src)
		add(0, "tcp.dstport", h.Dst)
		add(0, "tcp.seq", h.Seq)
		add(0, "tcp.ack", h.Ack)
		add(0, "tcp.window_size_value", h.Window)
	}
	ip(0, &p.IP)
	switch p.Layer {
	case LayerTCP:
		tcp(&p.TCP)
		add(0, "tcp.flags", p.TCP.Flags)
	case LayerUDP:
		add(0, "udp.srcport", p.UDP.Src)
		add(0, "udp.dstport", p.UDP.Dst)
		add(0, "udp.length", p.UDP.Len)
		add(0, "udp.checksum", p.UDP.Sum)
	case LayerICMP:
		name, id, seq := "icmp", "icmp.ident", "icmp.seq"
		if v6 {
			name, id, seq = "icmpv6", "icmpv6.echo.identifier", "icmpv6.echo.sequence_number"
		}
		add(0, name+".type", p.ICMP.Type)
		add(0, name+".code", p.ICMP.Code)
		if p.ICMP.Msg.isQuery() {
			add(0, id, p.ICMP.ID)
			add(0, seq, p.ICMP.Seq)
		}
	}
	if q := &p.Quote; q.HasPorts {
		ip(1, &q.IP)
		switch {
		case q.HasTCP:
			tcp(&q.TCP)
		case q.IP.Proto == ProtoTCP:
			add(0, "tcp.srcport", q.Src)
			add(0, "tcp.dstport", q.Dst)
			if q.HasSeq {
				add(0, "tcp.seq", q.Seq)
			}
		case q.IP.Proto == ProtoUDP:
			add(0, "udp.srcport", q.Src)
			add(0, "udp.dstport", q.Dst)
			if q.HasSum {
				add(0, "udp.checksum", q.Sum)
			}
		case v6:
			add(0, "icmpv6.echo.identifier", q.Src)
			add(0, "icmpv6.echo.sequence_number", q.Dst)
		default:
			add(0, "icmp.ident", q.Src)
			add(0, "icmp.seq", q.Dst)
		}
	}
	return values
}
