package wire

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// Packets as they were on a wire, written down by hand. The IP header checksums
// are not right everywhere: nobody looks at them.
const (
	// 10.0.0.1:40000 → 10.0.0.2:80, SYN with mss, sackok, ts, nop, wscale.
	synV4 = `45 2e 00 3c 1c 46 40 00 40 06 09 e7 0a 00 00 01 0a 00 00 02
		9c 40 00 50 01 02 03 04 00 00 00 00 a0 02 fa f0 12 34 00 00
		02 04 05 b4 04 02 08 0a 00 00 00 07 00 00 00 00 01 03 03 07`
	// 2001:db8::1:40000 → 2001:db8::2:80, ACK, traffic class 0xb8, flow 0x12345.
	ackV6 = `6b 81 23 45 00 14 06 40
		20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01
		20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02
		9c 40 00 50 00 00 00 01 00 00 00 02 50 10 00 ff 00 00 00 00`
	// 10.0.0.1:40000 → 10.0.0.2:53, "hi".
	udpV4 = `45 00 00 1e 00 00 00 00 40 11 00 00 0a 00 00 01 0a 00 00 02
		9c 40 00 35 00 0a ab cd 68 69`
	echoV4 = `45 00 00 1e 00 00 00 00 40 01 00 00 0a 00 00 02 0a 00 00 01
		00 09 00 00 12 34 56 78 68 69`
)

var (
	a4, b4 = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	a6, b6 = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
)

func TestParseFields(t *testing.T) {
	syn := Packet{
		Layer: LayerTCP,
		IP:    IP{Src: a4, Dst: b4, Proto: ProtoTCP, TTL: 64, TOS: 0x2e, DF: true, ID: 0x1c46, Len: 60},
		TCP:   TCP{Src: 40000, Dst: 80, Seq: 0x01020304, Flags: SYN, Window: 64240, Sum: 0x1234, OptLen: 20},
	}
	copy(syn.TCP.Opt[:], unhex(t, "020405b40402080a000000070000000001030307"))
	tests := []struct {
		name   string
		packet string
		want   Packet
	}{
		{"SYN", synV4, syn},
		{"SYN, padded by Ethernet", synV4 + "ff ff ff", syn},
		{"ACK v6", ackV6, Packet{
			Layer: LayerTCP,
			IP:    IP{Src: a6, Dst: b6, Proto: ProtoTCP, TTL: 64, TOS: 0xb8, Flow: 0x12345, Len: 60},
			TCP:   TCP{Src: 40000, Dst: 80, Seq: 1, Ack: 2, Flags: ACK, Window: 255},
		}},
		{"UDP", udpV4, Packet{
			Layer:   LayerUDP,
			IP:      IP{Src: a4, Dst: b4, Proto: ProtoUDP, TTL: 64, Len: 30},
			UDP:     UDP{Src: 40000, Dst: 53, Len: 10, Sum: 0xabcd},
			Payload: []byte("hi"),
		}},
		{"UDP shorter than IP says", `45 00 00 1e 00 00 00 00 40 11 00 00 0a 00 00 01 0a 00 00 02
			9c 40 00 35 00 09 ab cd 68 69`, Packet{
			Layer:   LayerUDP,
			IP:      IP{Src: a4, Dst: b4, Proto: ProtoUDP, TTL: 64, Len: 30},
			UDP:     UDP{Src: 40000, Dst: 53, Len: 9, Sum: 0xabcd},
			Payload: []byte("h"),
		}},
		{"echo reply that mirrors a code", echoV4, Packet{
			Layer:   LayerICMP,
			IP:      IP{Src: b4, Dst: a4, Proto: ProtoICMP, TTL: 64, Len: 30},
			ICMP:    ICMP{Msg: EchoReply, Type: 0, Code: 9, ID: 0x1234, Seq: 0x5678},
			Payload: []byte("hi"),
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := unhex(t, test.packet)
			wantPacket(t, parsed(t, b), &test.want)
		})
	}
}

// TestParseCut cuts packets at every length: nothing of a truncated packet is
// reported.
func TestParseCut(t *testing.T) {
	for _, text := range []string{synV4, ackV6, udpV4, echoV4} {
		b := unhex(t, text)
		for n := range b {
			p := used(t)
			if p.Parse(b[:n], typeOf(b)) {
				t.Errorf("%d of %d bytes: parsed", n, len(b))
			}
			wantPacket(t, p, &Packet{})
		}
	}
}

func TestParseRefuses(t *testing.T) {
	change := func(text string, at int, values ...byte) []byte {
		b := unhex(t, text)
		copy(b[at:], values)
		return b
	}
	tests := []struct {
		name   string
		packet []byte
		typ    uint16
	}{
		{"nothing", nil, TypeIPv4},
		{"nothing v6", nil, TypeIPv6},
		{"unknown EtherType", unhex(t, synV4), 0x8847},
		{"IPv4 as IPv6", unhex(t, synV4), TypeIPv6},
		{"IPv6 as IPv4", unhex(t, ackV6), TypeIPv4},
		{"header of 16 bytes", change(synV4, 0, 0x44), TypeIPv4},
		{"IP header longer than the packet", change(echoV4, 0, 0x4f), TypeIPv4},
		{"total length 0", change(synV4, 2, 0, 0), TypeIPv4},
		{"total length less than the header", change(synV4, 2, 0, 19), TypeIPv4},
		{"total length that cuts the TCP header", change(synV4, 2, 0, 59), TypeIPv4},
		{"total length of more than there is", change(synV4, 2, 0, 61), TypeIPv4},
		{"first fragment", change(synV4, 6, 0x20, 0), TypeIPv4},
		{"later fragment", change(synV4, 6, 0, 1), TypeIPv4},
		{"later fragment, more to come", change(udpV4, 6, 0x20, 1), TypeIPv4},
		{"unknown protocol", change(synV4, 9, 132), TypeIPv4},
		{"ICMPv6 over IPv4", change(echoV4, 9, ProtoICMPv6), TypeIPv4},
		{"ICMP over IPv6", change(ackV6, 6, ProtoICMP), TypeIPv6},
		{"TCP data offset 16", change(synV4, 32, 0x40), TypeIPv4},
		{"TCP data offset behind the end", change(ackV6, 52, 0x60), TypeIPv6},
		{"UDP length 7", change(udpV4, 24, 0, 7), TypeIPv4},
		{"UDP length of more than there is", change(udpV4, 24, 0, 11), TypeIPv4},
		{"payload length that cuts the TCP header", change(ackV6, 4, 0, 19), TypeIPv6},
		{"payload length of more than there is", change(ackV6, 4, 0, 21), TypeIPv6},
		{"payload length that overflows 16 bits", change(ackV6, 4, 0xff, 0xff), TypeIPv6},
		{"mapped source", change(ackV6, 8, netip.MustParseAddr("::ffff:10.0.0.1").AsSlice()...), TypeIPv6},
		{"mapped destination", change(ackV6, 24, netip.MustParseAddr("::ffff:10.0.0.1").AsSlice()...), TypeIPv6},
		{"no next header", change(ackV6, 6, 59), TypeIPv6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := used(t)
			p.MAC = MAC{1}
			if p.Parse(test.packet, test.typ) {
				t.Errorf("parsed: %+v", p)
			}
			wantPacket(t, p, &Packet{})
			if p.MAC != (MAC{1}) {
				t.Error("the caller's MAC is gone")
			}
		})
	}
}

func TestParseExtensionHeaders(t *testing.T) {
	base := unhex(t, ackV6)
	pad := []byte{1, 4, 0, 0, 0, 0}
	auth := make([]byte, 10) // 12 bytes of header are (1+2)*4
	chain := withExtension(base, extAuth, 1, auth)
	chain = withExtension(chain, extFragment, 0, pad)
	chain = withExtension(chain, extRouting, 0, pad)
	chain = withExtension(chain, extDestination, 1, append(pad, 1, 6, 0, 0, 0, 0, 0, 0))
	chain = withExtension(chain, extHopByHop, 0, pad)

	fragment := func(offsetFlags uint16) []byte {
		b := withExtension(base, extFragment, 0, pad)
		binary.BigEndian.PutUint16(b[42:], offsetFlags)
		return b
	}
	tests := []struct {
		name   string
		packet []byte
		want   bool
	}{
		{"all of them", chain, true},
		{"atomic fragment", fragment(0), true},
		{"first fragment", fragment(1), false},
		{"neighbour discovery in an atomic fragment", withExtension(AppendND(nil, &IP{Src: a6, Dst: b6, TTL: 255}, &ND{Target: b6}, false), extFragment, 0, pad), false},
		{"later fragment", fragment(8 | 1), false},
		{"last fragment", fragment(8), false},
		{"hop-by-hop behind another", withExtension(withExtension(base, extHopByHop, 0, pad), extDestination, 0, pad), false},
		{"auth of 8 bytes", withExtension(base, extAuth, 0, pad), false},
		{"length behind the end", withExtension(base, extDestination, 255, pad), false},
		{"no transport", withExtension(base, extDestination, 0, pad)[:48], false},
	}
	tests[len(tests)-1].packet[5] = 8 // the extension header is all there is
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := used(t)
			if got := p.Parse(test.packet, TypeIPv6); got != test.want {
				t.Fatalf("parsed: %v", got)
			}
			if test.want && (p.IP.Proto != ProtoTCP || p.TCP.Dst != 80 || len(p.Payload) != 0) {
				t.Errorf("%+v", p)
			}
		})
	}
	for n := range chain {
		p := new(Packet)
		if p.Parse(chain[:n], TypeIPv6) {
			t.Errorf("%d of %d bytes: parsed", n, len(chain))
		}
	}
	// Padding that continues the chain is not part of it.
	b := withExtension(base, extDestination, 0, pad)
	b[5] = 4
	if new(Packet).Parse(b, TypeIPv6) {
		t.Error("an extension header in the padding was read")
	}
}

func TestMessages(t *testing.T) {
	want4 := map[[2]uint8]Message{
		{0, 0}: EchoReply, {0, 9}: EchoReply, {8, 0}: EchoRequest, {13, 0}: TimestampRequest, {14, 0}: TimestampReply,
		{17, 0}: MaskRequest, {18, 0}: MaskReply,
		{3, 0}: NetUnreach, {3, 1}: HostUnreach, {3, 2}: ProtoUnreach, {3, 3}: PortUnreach, {3, 4}: PacketTooBig,
		{3, 5}: HostUnreach, {3, 6}: NetUnreach, {3, 7}: HostUnreach, {3, 8}: HostUnreach, {3, 9}: NetProhibited,
		{3, 10}: HostProhibited, {3, 11}: NetUnreach, {3, 12}: HostUnreach, {3, 13}: AdminProhibited,
		{3, 14}: AdminProhibited, {3, 15}: AdminProhibited, {3, 16}: OtherMessage,
		{4, 0}: SourceQuench, {5, 0}: Redirect, {5, 3}: Redirect, {9, 0}: OtherMessage,
		{11, 0}: TimeExceeded, {11, 1}: TimeExceeded, {11, 2}: OtherMessage, {12, 0}: ParamProblem, {12, 2}: ParamProblem,
		{128, 0}: OtherMessage, {135, 0}: OtherMessage,
	}
	want6 := map[[2]uint8]Message{
		{1, 0}: NoRoute, {1, 1}: AdminProhibited, {1, 2}: BeyondScope, {1, 3}: AddrUnreach, {1, 4}: PortUnreach,
		{1, 5}: PolicyFail, {1, 6}: RejectRoute, {1, 7}: OtherMessage, {2, 0}: PacketTooBig, {2, 1}: PacketTooBig,
		{3, 0}: TimeExceeded, {3, 1}: TimeExceeded, {3, 2}: OtherMessage, {4, 0}: ParamProblem, {4, 3}: ParamProblem,
		{128, 0}: EchoRequest, {129, 0}: EchoReply, {135, 0}: Solicitation, {135, 1}: OtherMessage,
		{136, 0}: Advertisement, {137, 0}: Redirect, {133, 0}: OtherMessage, {8, 0}: OtherMessage,
	}
	for key, want := range want4 {
		if got := messageOf(false, key[0], key[1]); got != want {
			t.Errorf("ICMP %d/%d: %d, want %d", key[0], key[1], got, want)
		}
	}
	for key, want := range want6 {
		if got := messageOf(true, key[0], key[1]); got != want {
			t.Errorf("ICMPv6 %d/%d: %d, want %d", key[0], key[1], got, want)
		}
	}
}

// TestSetType writes every message of every family and reads it back.
func TestSetType(t *testing.T) {
	count := [2]int{}
	for i, v6 := range []bool{false, true} {
		for msg := EchoRequest; msg <= Redirect; msg++ {
			m := ICMP{Msg: msg}
			if !m.SetType(v6) {
				continue
			}
			count[i]++
			if got := messageOf(v6, m.Type, m.Code); got != msg {
				t.Errorf("v6 %v: %d became %d/%d, which is %d", v6, msg, m.Type, m.Code, got)
			}
		}
	}
	if count != [2]int{18, 15} {
		t.Errorf("%d messages for IPv4 and IPv6", count)
	}
	if m := (ICMP{Msg: PortUnreach}); !m.SetType(false) || m.Type != 3 || m.Code != 3 {
		t.Errorf("port unreachable: %+v", m)
	}
	if m := (ICMP{Msg: MaskRequest}); m.SetType(true) {
		t.Errorf("ICMPv6 has no mask request: %+v", m)
	}
}

// TestParseARPIEEE: some systems name the other hardware type with addresses of that
// kind (RFC 1042); every receiver takes it.
func TestParseARPIEEE(t *testing.T) {
	b := AppendARP(nil, &ARP{Op: 2, SenderIP: a4, TargetIP: b4})
	b[1] = 6
	if p := used(t); !p.Parse(b, TypeARP) || p.ARP.SenderIP != a4 {
		t.Errorf("%+v", p.ARP)
	}
}

func TestParseARPRefuses(t *testing.T) {
	good := AppendARP(nil, &ARP{Op: 1, SenderIP: a4, TargetIP: b4})
	change := func(at int, value byte) []byte {
		b := append([]byte(nil), good...)
		b[at] = value
		return b
	}
	for name, b := range map[string][]byte{
		"truncated": good[:27], "not Ethernet": change(1, 7), "not IPv4": change(3, 6),
		"hardware size 8": change(4, 8), "hardware size 128": change(4, 128), "protocol size 16": change(5, 16),
	} {
		if p := used(t); p.Parse(b, TypeARP) {
			t.Errorf("%s: parsed: %+v", name, p.ARP)
		}
	}
}
