package main

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan/job"
)

// crafting are command lines, by the kind that asks.
var crafting = []struct {
	line  string
	trace bool
	kind  probe.Kind
}{
	{"tcp -PN -p 80", false, probe.SYN}, {"tcp -PN -p 80 -sA", false, probe.ACK}, {"tcp -PN -p 80 -sF", false, probe.FIN},
	{"tcp -PN -p 80 -sW", false, probe.Window}, {"tcp -PN -p 80 -sN", false, probe.Null}, {"tcp -PN -p 80 -sX", false, probe.Xmas},
	{"tcp -PN -p 80 -sM", false, probe.Maimon}, {"tcp -PN -p 80 -sT", false, probe.Connect}, {"tcp -PN -p 80 --via connect", false, probe.Connect},
	{"udp -PN -p 53", false, probe.UDP}, {"udp -PN -p 9999", false, probe.UDP},
	{"sweep -PE", false, probe.Echo}, {"sweep -PS80", false, probe.SYN}, {"sweep -PA80", false, probe.ACK}, {"sweep -PU53", false, probe.UDP},
	{"sweep -PP", false, probe.Timestamp}, {"sweep -PM", false, probe.Mask},
	{"trace", true, probe.Echo}, {"trace -p 80", true, probe.SYN}, {"trace --proto udp", true, probe.UDP},
	{"trial -c 1 -p 80 --vary ttl=8|9", false, probe.SYN}, {"trial -c 1 -p 53 --proto udp --vary ttl=8|9", false, probe.UDP}, {"trial -c 1 --vary ttl=8|9", false, probe.Echo},
}

// TestCraft: every field of the table, with every way of asking that a command has, stands
// in the first packet that leaves, or is refused: where the packets have no such field, and
// where it leaves nothing to prove an answer by, or to tell hops apart. All of that follows
// from the table, and from what kinds say of their carriers.
func TestCraft(t *testing.T) {
	frames := strings.Replace(exits, "mac 02:00:00:00:00:01", "mac 02:00:00:00:00:01 frames", 1)
	refusals := 0
	for _, a := range crafting {
		command, _, _ := strings.Cut(a.line, " ")
		for _, f := range field.All() {
			if f.Name == "source-port" { // TestFlagsTakeEffect has it
				continue
			}
			for _, target := range []string{"10.1.0.1", "2001:db8:1::1"} {
				v6 := strings.Contains(target, ":")
				_, packets := probe.Packets(a.kind)
				if a.kind.Traits().OnlyIPv4 && v6 || !packets && f.Kernel { // the simulation has no kernel that asks
					continue
				}
				args := append(strings.Fields(a.line), "--"+f.Name+"="+f.Example, target)
				o := (&simulation{network: frames, args: args}).run(t)
				why := craftRefused(t, command, a.trace, a.kind, f, v6)
				if strings.Contains(a.line, "--vary "+f.Name+"=") {
					why = "it is the factor"
				}
				if why != "" {
					refusals++
					if o.code != job.ExitUsage || len(o.sent) > 0 || strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, "--"+f.Name) {
						t.Errorf("%q: exit %d, %d packets, %s; want it refused: %s", args, o.code, len(o.sent), o.stderr, why)
					}
					continue
				}
				if o.code == job.ExitUsage || len(o.sent) == 0 {
					t.Errorf("%q: exit %d, %d packets: %s", args, o.code, len(o.sent), o.stderr)
					continue
				}
				if why := inEffect(o, f, target); why != "" {
					t.Errorf("%q: %s", args, why)
				}
			}
		}
	}
	if refusals < 100 {
		t.Errorf("%d refusals", refusals)
	}
}

// craftRefused says why a command cannot have a field; "": it can.
func craftRefused(t *testing.T, command string, trace bool, kind probe.Kind, f *field.Field, v6 bool) string {
	t.Helper()
	if !job.Has(command, f.Name) {
		return "the command has none"
	}
	if _, packets := probe.Packets(kind); !packets {
		return "the kernel makes the packets"
	}
	if !f.Applies(kind) || !f.Family(v6) {
		return "there is no such field"
	}
	c := probe.Craft{Window: 64240}
	if err := field.Find("tcp-options").Parse(&c, v6, "linux"); err != nil { // which is the default
		t.Fatal(err)
	}
	if err := f.Parse(&c, v6, f.Example); err != nil {
		t.Fatal(err)
	}
	if left := probe.LeftOf(kind, &c, v6); trace && left.Mark == 0 {
		return "nothing tells the hops apart"
	}
	return ""
}

// inEffect says what is wrong with the packets that left; "": nothing.
func inEffect(o *simulated, f *field.Field, target string) string {
	p := &o.sent[0]
	for i := range o.sent {
		if p = &o.sent[i]; p.Layer != wire.LayerARP && p.ICMP.Msg != wire.Solicitation {
			break
		}
	}
	if f.Read != nil {
		if got, ok := f.Read(&p.Packet); !ok || got != f.Example {
			return fmt.Sprintf("the packet has %q, want %q", got, f.Example)
		}
		return ""
	}
	header := 40
	if p.b[0]>>4 == 4 {
		header = int(p.b[0]&15) * 4
	}
	ok := true
	switch f.Name {
	case "no-df":
		ok = !p.IP.DF
	case "ip-options":
		ok = header == 24 && hex.EncodeToString(p.b[20:24]) == f.Example
	case "fragment":
		var part wire.Fragment
		is := part.Parse(p.b, etherType(p.b))
		ok = is && part.More && len(part.Data) == 16 && part.Offset == 0 || !is && wire.PayloadSize(p.b) <= 16
	case "data-string":
		ok = string(p.Payload) == f.Example
	case "badsum":
		ok = wire.SegmentChecksum(p.IP.Src, p.IP.Dst, p.IP.Proto, p.b[header:]) != 0
	default:
		return "nothing here says how it is seen"
	}
	if !ok {
		return fmt.Sprintf("it is not in %x", p.b)
	}
	return ""
}

// TestBadSum: hosts drop what has a wrong checksum. Who answers it does not verify, so that
// is said once for each host: here a router that takes handshakes in the place of a host,
// and resets them. The ICMP error of a router, which does not look at it, is none.
func TestBadSum(t *testing.T) {
	network := strings.Replace(exits, "\tline delay 5ms\n", "\tline delay 5ms\n\trule syn-ack tcp 7000\n\trule rst tcp 7001\n\trule admin-prohibited tcp 7002\n", 1)
	for line, want := range map[string]string{
		"tcp -PN -p 22,7000-7002 --badsum":                      "Middlebox suspected: 2 ports answered what had a wrong checksum, which a host's own stack drops (7000, 7001)",
		"sweep -PS7000 --badsum":                                "Middlebox suspected: the address answered what had a wrong checksum, which a host's own stack drops",
		"tcp -c 3 --interval 10ms -PN -p 22,7000-7002 --badsum": "Middlebox suspected: 2 ports answered what had a wrong checksum, which a host's own stack drops (7000, 7001)",
		"sweep -c 3 --interval 10ms -PS7000 --badsum":           "Middlebox suspected: the address answered what had a wrong checksum, which a host's own stack drops",
		"tcp -PN -p 22,7000-7002":                               "",
		"sweep -c 3 --interval 10ms -PE --badsum":               "",
		"tcp -PN -p 22,7002 --badsum":                           "",
		"sweep -PE --badsum":                                    "",
		"udp -PN -p 53 --badsum":                                "",
	} {
		for _, target := range []string{"10.1.0.1", "2001:db8:1::1"} {
			o := on(network, line+" "+target).run(t)
			if got := strings.Count(o.stdout, "wrong checksum"); want == "" && got > 0 || want != "" && (got != 1 || !strings.Contains(o.stdout, want)) {
				t.Errorf("%s %s: want %q\n%s", line, target, want, o.stdout)
			}
		}
	}
}

// TestCraftLeaves: what leaves nothing by which an answer, or a hop, would be known is
// refused in one line that names what to leave out; what leaves the port is said.
func TestCraftLeaves(t *testing.T) {
	const only = ": the source port alone shows that an answer is one"
	for _, tt := range []struct{ line, refused, said string }{
		{"tcp -PN -p 80 --seq 7 10.1.0.1", "", "--seq" + only},
		{"tcp -PN -p 80 --seq 7 --ack 8 10.1.0.1", "", "--seq and --ack" + only},
		{"tcp -PN -p 80 -sA --ack 7 10.1.0.1", "", "--ack" + only},
		{"tcp -PN -p 80 -sA --seq 7 10.1.0.1", "", ""},
		{"tcp -PN -p 80 --ack 7 10.1.0.1", "", ""},
		{"tcp -PN -p 80 --flags SA --seq 7 10.1.0.1", "", ""},
		{"tcp -PN -p 80 --flags SA --ack 7 10.1.0.1", "", "--ack" + only},
		{"sweep -PS80 --seq 7 10.1.0.1", "", "--seq" + only},
		{"tcp -PN -p 80 --seq 7 -g 53 10.1.0.1", "--seq and -g: nothing is left that would show that an answer is one; leave one of them out", ""},
		{"tcp -PN -p 80 -sF --seq 7 -g 53 2001:db8:1::1", "--seq and -g: nothing is left that would show that an answer is one; leave one of them out", ""},
		{"tcp -PN -p 80 -sA --ack 7 -g 53 10.1.0.1", "--ack and -g: nothing is left that would show that an answer is one; leave one of them out", ""},
		{"udp -PN -p 53 --data 00 -g 53 10.1.0.1", "", ""},
		{"udp -PN -p 53 --data 00 --ip-id 7 10.1.0.1", "", ""},
		{"udp -PN -p 53 --data 00 --ip-id 7 -g 53 10.1.0.1", "--ip-id and --data and -g: nothing is left that would show that an ICMP error is about what was sent; leave one of them out", ""},
		{"udp -PN -p 53 --data 00 --flow-label 7 -g 53 2001:db8:1::1", "--flow-label and --data and -g: nothing is left that would show that an ICMP error is about what was sent; leave one of them out", ""},
		{"trace -p 80 --seq 7 10.1.0.1", "", "--seq" + only},
		{"trace -p 80 --seq 7 --ip-id 7 10.1.0.1", "", "--seq" + only},
		{"trace -p 80 --seq 7 --ip-id 7 --tcp-options none 10.1.0.1", "--ip-id and --seq and --tcp-options: nothing is left in which a trace by tcp to an IPv4 target tells its hops apart; leave one of them out", ""},
		{"trace -p 80 --seq 7 --tcp-options none 2001:db8:1::1", "--seq and --tcp-options: nothing is left in which a trace by tcp to an IPv6 target tells its hops apart; leave one of them out", ""},
		{"trace --proto udp --data 00 2001:db8:1::1", "--data: nothing is left in which a trace by udp to an IPv6 target tells its hops apart; leave one of them out", ""},
		{"trace --data-length 9 10.1.0.1", "--data-length: nothing is left in which a trace by icmp to an IPv4 target tells its hops apart; leave one of them out", ""},
		{"udp -PN -p 53 --ip-id 7 10.1.0.1 2001:db8:1::1", "--ip-id: the target 2001:db8:1::1 is IPv6, which has no such field", ""},
		{"udp -PN -p 53 --flow-label 7 10.1.0.1 2001:db8:1::1", "--flow-label: the target 10.1.0.1 is IPv4, which has no such field", ""},
		{"udp -PN -p 53 --ip-id 0 10.1.0.1", "--ip-id 0: on eth0 packets leave by the kernel, which makes something else of it", ""},
		{"udp -PN -p 53 --data-length 1473 10.1.0.1", "--data-length: a packet of 1501 bytes does not fit the MTU of 1500 on eth0; --fragment sends it in parts", ""},
		{"udp -PN -p 53 --data-length 1453 2001:db8:1::1", "--data-length: a packet of 1501 bytes does not fit the MTU of 1500 on eth0; --fragment sends it in parts", ""},
		{"udp -PN -p 53 --data-length 1472 10.1.0.1", "", ""},
		{"sweep -PE --data-length 1472 10.1.0.1", "", ""},
		{"sweep -PE --data-length 1473 10.1.0.1", "--data-length: a packet of 1501 bytes does not fit the MTU of 1500 on eth0; --fragment sends it in parts", ""},
		{"tcp -PN -p 80 --data-length 1440 10.1.0.1", "", ""},
		{"tcp -PN -p 80 --data-length 1441 10.1.0.1", "--data-length: a packet of 1501 bytes does not fit the MTU of 1500 on eth0; --fragment sends it in parts", ""},
		{"tcp -PN -p 80 -sA --data-length 1460 10.1.0.1", "", ""},
		{"udp -PN -p 53 --data-length 9000 --fragment 1488 10.1.0.1", "--fragment 1488: fragments of 1508 bytes do not fit the MTU of 1500 on eth0", ""},
		{"tcp -PN -p 80 --data 00 --data-length 5 10.1.0.1", "--data and --data-length exclude each other: they set the same bits", ""},
		{"tcp -PN -p 80 --df --no-df 10.1.0.1", "--df and --no-df exclude each other: they set the same bits", ""},
		{"tcp -PN -p 80 --tos 4 --ecn 1 10.1.0.1", "--tos and --ecn exclude each other: they set the same bits", ""},
		{"tcp -PN -p 80 --fragment 7 10.1.0.1", "--fragment 7: a number from 8 to 65535", ""},
		{"tcp -PN -p 80 --flags XY 10.1.0.1", "--flags XY: letters of FSRPAUEC, or none", ""},
		{"tcp -PN -p 80 -sT --window 5 10.1.0.1", "-sT lets the kernel make the packets: it excludes --window", ""},
		{"udp -PN -p 80 --via connect --data 00 10.1.0.1", "--data: the kernel makes the packets of --via connect", ""},
		{"udp -PN -p 80 --window 5 10.1.0.1", "--window: what udp sends has no such field", ""},
		{"sweep -PE --window 5 10.1.0.1", "--window: none of these pings has such a field; choose one with -PA or -PS", ""},
		{"sweep -PP --data 00 10.1.0.1", "--data: none of these pings has such a field; choose one with -PA or -PE or -PS or -PU", ""},
	} {
		if tt.refused != "" {
			s := &simulation{network: exits, args: strings.Fields(tt.line)}
			if o := s.run(t); o.code != job.ExitUsage || o.stderr != "sonde: "+tt.refused+"\n" || len(o.sent) > 0 {
				t.Errorf("%s: exit %d, %d packets, %q, want %q", tt.line, o.code, len(o.sent), o.stderr, tt.refused)
			}
			continue
		}
		o := on(exits, tt.line).run(t)
		if o.code == job.ExitUsage || len(o.sent) == 0 || strings.Contains(o.stderr, only) != (tt.said != "") || !strings.Contains(o.stderr, tt.said) {
			t.Errorf("%s: exit %d, %d packets, %q, want %q", tt.line, o.code, len(o.sent), o.stderr, tt.said)
		}
	}
}

// TestFlagsChooseKind: without -s the flags decide how answers are read.
func TestFlagsChooseKind(t *testing.T) {
	for line, want := range map[string]string{
		"--flags SEC -p 80": "open      http     syn-ack", "--flags S -p 81": "closed  -  reset", "--flags A -p 80": "unfiltered  http     reset",
		"--flags PA -p 81": "unfiltered  -  reset", "--flags FPU -p 81": "closed  -  reset", "--flags none -p 445": "no reply to 3 flagless segments",
		"--flags FPU -p 445": "open|filtered", "--flags SEC -p 445": "no reply to 3 SEC segments", "-sF --flags S -p 80": "syn-ack", "-sA --flags S -p 80": "unfiltered",
		"-sS --flags A -p 80": "closed",
	} {
		for _, target := range []string{"10.1.0.1", "2001:db8:1::1"} {
			o := on(exits, "tcp -PN "+line+" "+target).run(t)
			if squeeze := strings.Join(strings.Fields(o.stdout), " "); !strings.Contains(squeeze, strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s %s: want %q\n%s", line, target, want, o.stdout)
			}
		}
	}
}

// TestResetFlag: what no stack answers is sent as asked, and said to be such.
func TestResetFlag(t *testing.T) {
	for flags, want := range map[string]bool{"R": true, "RA": true, "SR": true, "S": false} {
		o := on(exits, "tcp -PN -p 445 --flags "+flags+" 10.1.0.1").run(t)
		if got := strings.Contains(o.stderr, "no stack answers a RST"); got != want || len(o.sent) == 0 {
			t.Errorf("--flags %s: said %v, %d packets: %s", flags, got, len(o.sent), o.stderr)
		}
	}
}

// TestFieldsAreShown: with -v, --dry-run and --packet-trace have every field of a question
// by the name of its flag, and --packet-trace those of the answer.
func TestFieldsAreShown(t *testing.T) {
	for _, target := range []string{"10.1.0.1", "2001:db8:1::1"} {
		line := "tcp -PN -p 80 --flags SEC --window 1024 --data-string hi --dscp ef "
		dry := on(exits, line+"--dry-run -v "+target).run(t)
		trace := on(exits, line+"--packet-trace -v "+target).run(t)
		for what, text := range map[string]string{"--dry-run": dry.stdout, "--packet-trace": trace.stderr} {
			for _, want := range []string{"\n  dscp         ef\n", "\n  flags        SEC\n", "\n  window       1024\n", "\n  data         6869\n", "\n  ttl          64\n"} {
				if !strings.Contains(text, want) {
					t.Errorf("%s %s: no %q in\n%s", what, target, want, text)
				}
			}
		}
		if want := "\n  flags        SA\n"; !strings.Contains(trace.stderr, want) {
			t.Errorf("%s: no %q in\n%s", target, want, trace.stderr)
		}
		if plain := on(exits, line+"--dry-run "+target).run(t).stdout; strings.Count(plain, "\n") != 1 {
			t.Errorf("%s: without -v there is more than a line:\n%s", target, plain)
		}
	}
}
