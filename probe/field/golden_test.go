package field_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
)

var update = flag.Bool("update", false, "write the golden file anew")

// asked are questions of each transport that has its own header.
var asked = []struct {
	name string
	kind probe.PacketKind
	port uint16
}{
	{"syn", probe.SYN.(probe.PacketKind), 80}, {"ack", probe.ACK.(probe.PacketKind), 80},
	{"udp", probe.UDP.(probe.PacketKind), 161}, {"echo", probe.Echo.(probe.PacketKind), 0},
}

// source asks from a port and with a key of its own, always the same.
func source(v6 bool, c probe.Craft) *probe.Source {
	s := &probe.Source{Addr: netip.MustParseAddr("10.0.0.1"), Key: probe.Key{1, 2}, Clock: 1000, Craft: []probe.Craft{c},
		Ports:   probe.Ports{First: 61000, N: 15, Tries: 15, Variants: 1, Flows: 1},
		Roaming: probe.Ports{First: 61100, N: 15, Tries: 15, Variants: 1, Flows: 1}}
	if v6 {
		s.Addr = netip.MustParseAddr("fd00::1")
	}
	return s
}

func target(v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr("fd01::5")
	}
	return netip.MustParseAddr("10.1.0.5")
}

// packets are what leaves for a question: one, or its fragments.
func packets(kind probe.PacketKind, port uint16, v6 bool, c probe.Craft) [][]byte {
	s, p := source(v6, c), probe.Probe{Target: target(v6), Port: port, Try: 1}
	whole := s.Finish(kind.Append(nil, s, p), 0, p)
	size := s.Fragmented(whole, p)
	if size == 0 {
		return [][]byte{whole}
	}
	var all [][]byte
	for i := 0; ; i++ {
		b, ok := s.AppendFragment(nil, whole, p, size, i)
		if !ok {
			return all
		}
		all = append(all, b)
	}
}

// eachField goes over every field in each family and transport that has it, with the
// example of the table.
func eachField(t *testing.T, do func(name string, f *field.Field, kind probe.PacketKind, v6 bool, all [][]byte)) {
	for _, f := range field.All() {
		if f.Parse == nil {
			continue
		}
		for _, v6 := range []bool{false, true} {
			for _, a := range asked {
				if !f.Family(v6) || !f.Applies(a.kind) {
					continue
				}
				c := probe.Craft{Window: 64240}
				if err := f.Parse(&c, v6, f.Example); err != nil {
					t.Fatalf("--%s %s: %v", f.Name, f.Example, err)
				}
				family := "v4"
				if v6 {
					family = "v6"
				}
				do(f.Name+" "+a.name+" "+family, f, a.kind, v6, packets(a.kind, a.port, v6, c))
			}
		}
	}
}

// TestGolden: every field, byte by byte, where it stands.
func TestGolden(t *testing.T) {
	var got bytes.Buffer
	eachField(t, func(name string, f *field.Field, _ probe.PacketKind, _ bool, all [][]byte) {
		fmt.Fprintf(&got, "%s:", name)
		for _, b := range all {
			fmt.Fprintf(&got, " %s", hex.EncodeToString(b))
		}
		fmt.Fprintln(&got)
	})
	const file = "testdata/golden.txt"
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	gots, wants := bytes.Split(got.Bytes(), []byte("\n")), bytes.Split(want, []byte("\n"))
	if len(gots) != len(wants) {
		t.Fatalf("%d packets, and %d in %s", len(gots), len(wants), file)
	}
	for i := range gots {
		if !bytes.Equal(gots[i], wants[i]) {
			t.Errorf("\n got %s\nwant %s", gots[i], wants[i])
		}
	}
}

// TestRead: what is chosen is read from the packet as it was written; and no packet has it
// by itself.
func TestRead(t *testing.T) {
	eachField(t, func(name string, f *field.Field, kind probe.PacketKind, v6 bool, all [][]byte) {
		typ := uint16(wire.TypeIPv4)
		if v6 {
			typ = wire.TypeIPv6
		}
		plain := packets(kind, 80, v6, probe.Craft{Window: 64240})
		if len(plain) == len(all) && bytes.Equal(plain[0], all[0]) && f.Name != "df" { // which is so by itself
			t.Errorf("%s: it changes nothing", name)
		}
		if f.Read == nil {
			return
		}
		var p wire.Packet
		if !p.Parse(all[0], typ) {
			t.Fatalf("%s: not readable", name)
		}
		if got, ok := f.Read(&p); !ok || got != f.Example {
			t.Errorf("%s: read as %q, %v; want %s", name, got, ok, f.Example)
		}
	})
}

// TestDecodedAlike: gopacket finds in every packet what was chosen, and nothing to complain
// about but a checksum that is wrong on purpose.
func TestDecodedAlike(t *testing.T) {
	eachField(t, func(name string, f *field.Field, kind probe.PacketKind, v6 bool, all [][]byte) {
		first := gopacket.LayerType(layers.LayerTypeIPv4)
		if v6 {
			first = layers.LayerTypeIPv6
		}
		for i, b := range all {
			p := gopacket.NewPacket(b, first, gopacket.Default)
			if f := p.ErrorLayer(); f != nil && len(all) == 1 {
				t.Errorf("%s: %v", name, f.Error())
			}
			if got, ok := other(f.Name, p); ok && i == 0 && got != f.Example {
				t.Errorf("%s: gopacket reads %s, want %s", name, got, f.Example)
			}
			if len(all) > 1 {
				more, at := fragmentOf(p)
				if more != (i < len(all)-1) || at != 16*i {
					t.Errorf("%s: part %d begins at %d, and more follow: %v", name, i, at, more)
				}
			} else if ip, ok := p.NetworkLayer().(*layers.IPv4); ok && wire.Checksum(b[:4*ip.IHL]) != 0 {
				t.Errorf("%s: the checksum of the IP header is wrong", name)
			}
		}
		if len(all) > 1 {
			return
		}
		var ip wire.IP
		var pkt wire.Packet
		typ := uint16(wire.TypeIPv4)
		if v6 {
			typ = wire.TypeIPv6
		}
		pkt.Parse(all[0], typ)
		ip = pkt.IP
		header := 40
		if !v6 {
			header = int(all[0][0]&15) * 4
		}
		wrong := wire.SegmentChecksum(ip.Src, ip.Dst, ip.Proto, all[0][header:]) != 0
		if wrong != (f.Name == "badsum") {
			t.Errorf("%s: the checksum is wrong: %v", name, wrong)
		}
	})
}

// fragmentOf reads which part of a datagram p is.
func fragmentOf(p gopacket.Packet) (more bool, at int) {
	if ip, ok := p.NetworkLayer().(*layers.IPv4); ok {
		return ip.Flags&layers.IPv4MoreFragments != 0, int(ip.FragOffset) * 8
	}
	f := p.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment)
	return f.MoreFragments, int(f.FragmentOffset) * 8
}

// other reads a field as gopacket has it; false: it has no such field.
func other(name string, p gopacket.Packet) (string, bool) {
	v4, is4 := p.NetworkLayer().(*layers.IPv4)
	v6, _ := p.NetworkLayer().(*layers.IPv6)
	tcp, isTCP := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	switch {
	case name == "tos" && is4:
		return fmt.Sprintf("%#02x", v4.TOS), true
	case name == "tos":
		return fmt.Sprintf("%#02x", v6.TrafficClass), true
	case name == "ecn" && is4:
		return fmt.Sprint(v4.TOS & 3), true
	case name == "ecn":
		return fmt.Sprint(v6.TrafficClass & 3), true
	case name == "ttl" && is4:
		return fmt.Sprint(v4.TTL), true
	case name == "ttl":
		return fmt.Sprint(v6.HopLimit), true
	case name == "ip-id":
		return fmt.Sprint(v4.Id), true
	case name == "no-df":
		return map[bool]string{true: "on", false: "off"}[v4.Flags&layers.IPv4DontFragment == 0], true
	case name == "flow-label":
		return fmt.Sprint(v6.FlowLabel), true
	case name == "ip-options":
		return fmt.Sprintf("%02x%02x%x", v4.Options[0].OptionType, v4.Options[0].OptionLength, v4.Options[0].OptionData), true
	case name == "seq":
		return fmt.Sprint(tcp.Seq), true
	case name == "ack":
		return fmt.Sprint(tcp.Ack), true
	case name == "window":
		return fmt.Sprint(tcp.Window), true
	case name == "urg":
		return fmt.Sprint(tcp.Urgent), true
	case name == "flags":
		return map[bool]string{true: "SEC"}[tcp.SYN && tcp.ECE && tcp.CWR && !tcp.ACK && !tcp.FIN && !tcp.RST && !tcp.PSH && !tcp.URG], true
	case name == "data" && isTCP:
		return hex.EncodeToString(tcp.Payload), true
	case name == "data-length" && isTCP:
		return fmt.Sprint(len(tcp.Payload)), true
	}
	return "", false
}

// TestRefused: what a field cannot be is said with what it can be.
func TestRefused(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"tos", "256", "a number from 0 to 255"}, {"tos", "0x", "a number from 0 to 255"}, {"ecn", "4", "a number from 0 to 3"},
		{"ip-id", "65536", "a number from 0 to 65535"}, {"ip-id", "-1", "a number from 0 to 65535"}, {"ttl", "0", "a number from 1 to 255"},
		{"flow-label", "1048576", "a number from 0 to 1048575"}, {"fragment", "7", "a number from 8 to 65535"}, {"seq", "4294967296", "a number from 0 to 4294967295"},
		{"ack", "x", "a number from 0 to 4294967295"}, {"window", "65536", "a number from 0 to 65535"}, {"urg", "65536", "a number from 0 to 65535"},
		{"flags", "SX", "letters of FSRPAUEC, or none"}, {"data", "abc", "hex digits, two for each byte"}, {"data-length", "70000", "a number from 0 to 65415"},
		{"df", "yes", "on or off"}, {"badsum", "1", "on or off"}, {"ip-options", "", "no bytes"},
		{"ip-options", "0101010101010101010101010101010101010101010101010101010101010101010101010101010101", "41 bytes, and a header has room for 40"},
	} {
		var c probe.Craft
		if err := field.Find(tt.name).Parse(&c, false, tt.text); err == nil || err.Error() != tt.want {
			t.Errorf("--%s %s: %v, want %s", tt.name, tt.text, err, tt.want)
		}
	}
	if field.Find("nosuch") != nil {
		t.Error("a field of no name")
	}
}
