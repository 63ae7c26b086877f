package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan/job"
	"sonde/scan/lab"
)

// craftLines are command lines, by the transport of their packets.
var craftLines = map[field.Layers][]string{
	field.TCP:  {"tcp -PN -p 80", "sweep -PS80", "trace -p 80", "trial -p 80 -c 1 --vary ttl=77|78"},
	field.UDP:  {"udp -PN -p 161", "sweep -PU161", "trace --proto udp", "trial --proto udp -p 161 -c 1 --vary ttl=77|78"},
	field.ICMP: {"sweep -PE", "trace", "trial -c 1 --vary ttl=77|78"},
}

// together are fields that one packet can have at a time, in parts: TestCraft has each by
// itself.
var together = [][]string{
	{"tos", "ip-id", "no-df", "ttl", "flow-label", "ip-options", "flags", "seq", "ack", "window", "urg", "tcp-options"},
	{"dscp", "ecn", "df", "data"}, {"data-string"}, {"data-length"}, {"badsum"}, {"fragment", "data-length"}, {"fragment", "ip-options"},
}

// TestCraftArrives: what is chosen of a packet arrives at the receiver, a router further on,
// byte by byte as --pcap has it, and is read there as it was written.
func TestCraftArrives(t *testing.T) {
	t.Parallel()
	for _, f := range families() {
		for transport, lines := range craftLines {
			for _, line := range lines {
				t.Run(f.name+" "+line, func(t *testing.T) {
					t.Parallel()
					n := newOffice(t)
					n.server.TCP(80)
					n.server.UDP(161, lab.Echo)
					for _, names := range together {
						args, rows := craftTogether(f, transport, line, names)
						if len(rows) > 0 {
							t.Run(strings.Join(args, " "), func(t *testing.T) { craftArrives(t, n, f, args, rows) })
						}
					}
				})
			}
		}
	}
}

// craftTogether is a command line with those of some fields that its packets have.
func craftTogether(f family, transport field.Layers, line string, names []string) (args []string, rows []*field.Field) {
	command, _, _ := strings.Cut(line, " ")
	args = strings.Fields(line)
	for _, name := range names {
		row := field.Find(name)
		// What a trace tells its hops apart by; TestCraft has that refused.
		mark := command == "trace" && (strings.HasPrefix(name, "data") && transport != field.TCP || name == "seq")
		if !job.Has(command, name) || mark || strings.Contains(line, "--vary "+name+"=") || !row.Family(f.name == "IPv6") || !row.Within(transport|field.IPv4|field.IPv6) {
			continue
		}
		rows = append(rows, row)
		args = append(args, "--"+name+"="+row.Example)
	}
	return args, rows
}

// craftArrives asks with some fields, and compares what arrives.
func craftArrives(t *testing.T, n *office, f family, args []string, rows []*field.Field) {
	arriving := n.server.Capture("eth0")
	file := filepath.Join(t.TempDir(), "pcap")
	switch args[0] {
	case "trace":
		args = append(args, "--hops=3")
	case "trial":
	default:
		args = append(args, "--max-retries=0")
	}
	o := ask(t, n.client, strings.Join(args, " ")+" "+f.server, "--pcap", file)
	ours, _ := readPcap(t, file)
	if uint64(len(ours)) != o.end.Sent {
		t.Errorf("--pcap has %d packets of ours, and %d were sent", len(ours), o.end.Sent)
	}
	sent := map[string]bool{}
	for _, b := range ours {
		sent[withoutTTL(b)] = true
	}
	if rows[0].Name == "badsum" && args[0] != "trace" && (o.end.Received > 0 || o.findings != nil) {
		t.Errorf("a kernel took a wrong checksum: %+v", o.end)
	}
	arrived := 0
	for _, p := range arriving.Packets().In() {
		b := p.LinkLayer().LayerPayload()
		if src, dst := addrsOf(b); src != f.client || dst != f.server {
			continue
		}
		etherType := uint16(wire.TypeIPv4)
		if f.name == "IPv6" {
			etherType = wire.TypeIPv6
		}
		var pkt wire.Packet
		if pkt.Parse(b, etherType) && (pkt.ICMP.Msg.IsError() || pkt.TCP.Flags&wire.RST != 0) {
			continue // the client's kernel, which knows nothing of what we asked
		}
		arrived++
		if !sent[withoutTTL(b)] {
			t.Errorf("not sent so: %x", b)
		}
		craftRead(t, b, etherType, rows)
	}
	if arrived == 0 {
		t.Error("nothing arrives")
	}
}

// withoutTTL is a packet but for what routers change of it.
func withoutTTL(b []byte) string {
	b = append([]byte(nil), b...)
	lab.SetTTL(b, 1)
	return string(b)
}

// craftRead reads fields of a packet that has arrived, by our reader and by gopacket.
func craftRead(t *testing.T, b []byte, etherType uint16, rows []*field.Field) {
	var pkt wire.Packet
	readable := pkt.Parse(b, etherType)
	for _, row := range rows {
		if row.Name == "fragment" {
			return // its parts are as they were sent
		}
	}
	if !readable {
		t.Fatalf("not readable: %x", b)
	}
	first := gopacket.LayerType(layers.LayerTypeIPv4)
	if etherType == wire.TypeIPv6 {
		first = layers.LayerTypeIPv6
	}
	if e := gopacket.NewPacket(b, first, gopacket.Default).ErrorLayer(); e != nil {
		t.Errorf("gopacket: %v: %x", e.Error(), b)
	}
	for _, row := range rows {
		if row.Read == nil || row.Name == "ttl" {
			continue
		}
		if got, ok := row.Read(&pkt); !ok || got != row.Example {
			t.Errorf("--%s: arrives as %q, want %q: %x", row.Name, got, row.Example, b)
		}
	}
}

// TestFragmentsBehindAFirewall: a firewall of this machine that follows connections does not
// put our fragments together, and what answers them comes back. An IP ID of 0 leaves as that.
func TestFragmentsBehindAFirewall(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.client.Firewall(lab.Stateful()...)
	n.server.UDP(161, lab.Echo)
	for _, f := range families() {
		for _, line := range []string{"udp -PN -p 161 --fragment 16 --data-length 100", "udp -PN -p 161 --ip-id 0", "udp -PN -p 161 --ip-id 0 --fragment 8"} {
			if id := strings.Contains(line, "ip-id"); id && f.name == "IPv6" {
				continue
			}
			arriving := n.server.Capture("eth0")
			o := ask(t, n.client, line+" --max-retries 0 "+f.server)
			o.wantPort(t, 161, "open (udp-response)")
			parts := map[int]bool{} // by offset: where the kernel refuses one of them, all are sent anew
			for _, p := range arriving.Packets().In() {
				b := p.LinkLayer().LayerPayload()
				var part wire.Fragment
				is := part.Parse(b, etherType(b))
				if src, _ := addrsOf(b); src != f.client || !is && strings.Contains(line, "fragment") || is && part.IP.Proto != wire.ProtoUDP {
					continue
				}
				if parts[part.Offset] = true; is && len(part.Data) > 16 {
					t.Errorf("%s: a fragment of %d bytes", line, len(part.Data))
				}
				if strings.Contains(line, "ip-id") && b[9] == wire.ProtoUDP && b[4]|b[5] != 0 {
					t.Errorf("%s: the ID is %x", line, b[4:6])
				}
			}
			if len(parts) == 0 || strings.Contains(line, "--data-length 100") && len(parts) != 7 {
				t.Errorf("%s %s: of %d packets these arrive, by offset: %v", f.name, line, o.end.Sent, parts)
			}
		}
	}
}
