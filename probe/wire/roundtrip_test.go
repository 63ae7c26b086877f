package wire

import (
	"net/netip"
	"testing"
)

// received returns ip as Parse reports it.
func received(ip IP, proto uint8, packet []byte) IP {
	ip.Proto, ip.Len = proto, uint16(len(packet))
	return ip
}

// wantValid fails where a checksum of packet is wrong, as its receiver would
// find it.
func wantValid(t *testing.T, packet []byte) {
	t.Helper()
	var ip IP
	header, _, ok := ip.parse(packet, typeOf(packet) == TypeIPv6)
	if !ok {
		t.Fatalf("no IP header: %x", packet)
	}
	if ip.Dst.Is4() && Checksum(packet[:header]) != 0 {
		t.Errorf("wrong IPv4 header checksum: %x", packet)
	}
	if SegmentChecksum(ip.Src, ip.Dst, ip.Proto, packet[header:]) != 0 {
		t.Errorf("wrong transport checksum: %x", packet)
	}
}

// parsed parses packet into a value that was used before.
func parsed(t *testing.T, packet []byte) *Packet {
	t.Helper()
	p := used(t)
	if !p.Parse(packet, typeOf(packet)) {
		t.Fatalf("not parsed: %x", packet)
	}
	return p
}

// used returns a Packet that is full of what does not belong to the next one.
func used(t testing.TB) *Packet {
	p := new(Packet)
	g := newGenerator(99)
	ip, quoted, tcp := g.ip(true), g.ip(true), g.tcp()
	m := ICMP{Msg: PortUnreach}
	m.SetType(true)
	if !p.Parse(AppendICMP(nil, &ip, &m, AppendTCP(nil, &quoted, &tcp, nil)), TypeIPv6) || !p.Quote.HasTCP {
		t.Fatal("cannot fill a packet")
	}
	p.TCP, p.UDP = tcp, UDP{1, 2, 3, 4}
	p.ARP = ARP{Op: 2, SenderIP: ip.Src}
	p.ND = ND{Target: ip.Src, HasMAC: true}
	return p
}

func TestRoundTripTCP(t *testing.T) {
	g := newGenerator(1)
	for i := range 2000 {
		ip, tcp, payload := g.ip(i%2 == 0), g.tcp(), g.bytes(g.IntN(50))
		b := AppendTCP(nil, &ip, &tcp, payload)
		wantValid(t, b)
		p := parsed(t, b)
		tcp.Sum = SentChecksum(b)
		want := Packet{Layer: LayerTCP, IP: received(ip, ProtoTCP, b), TCP: tcp, Payload: payload}
		wantPacket(t, p, &want)
	}
}

func TestRoundTripUDP(t *testing.T) {
	g := newGenerator(2)
	for i := range 2000 {
		ip, payload := g.ip(i%2 == 0), g.bytes(g.IntN(50))
		u := UDP{Src: uint16(g.Uint32()), Dst: uint16(g.Uint32()), Len: uint16(8 + len(payload))}
		b := AppendUDP(nil, &ip, &u, payload)
		wantValid(t, b)
		p := parsed(t, b)
		u.Sum = SentChecksum(b)
		want := Packet{Layer: LayerUDP, IP: received(ip, ProtoUDP, b), UDP: u, Payload: payload}
		wantPacket(t, p, &want)
	}
}

func TestRoundTripICMP(t *testing.T) {
	g := newGenerator(3)
	for _, v6 := range []bool{false, true} {
		proto := uint8(ProtoICMP)
		if v6 {
			proto = ProtoICMPv6
		}
		for msg := EchoRequest; msg <= Redirect; msg++ {
			m := ICMP{Msg: msg}
			if !m.SetType(v6) || msg == Solicitation || msg == Advertisement {
				continue
			}
			switch {
			case msg.isQuery():
				m.ID, m.Seq = 0x1234, 0x5678
			case msg == ParamProblem && !v6:
				m.Info = 20
			default:
				m.Info = 1500
			}
			ip, payload := g.ip(v6), make([]byte, 20) // no packet to quote
			b := AppendICMP(nil, &ip, &m, payload)
			wantValid(t, b)
			want := Packet{Layer: LayerICMP, IP: received(ip, proto, b), ICMP: m, Payload: payload}
			wantPacket(t, parsed(t, b), &want)
		}
	}
}

func TestRoundTripND(t *testing.T) {
	g := newGenerator(4)
	for i := range 64 {
		ip, n := g.ip(true), g.nd()
		solicitation := i%2 == 0
		m := ICMP{Msg: Solicitation}
		if !solicitation {
			m.Msg = Advertisement
			n.Router, n.Solicited, n.Override = i&2 != 0, i&4 != 0, i&8 != 0
			for bit, set := range map[uint32]bool{31: n.Router, 30: n.Solicited, 29: n.Override} {
				if set {
					m.Info |= 1 << bit
				}
			}
		}
		m.SetType(true)
		b := AppendND(nil, &ip, &n, solicitation)
		wantValid(t, b)
		want := Packet{Layer: LayerICMP, IP: received(ip, ProtoICMPv6, b), ICMP: m, ND: n, Payload: b[48:]}
		wantPacket(t, parsed(t, b), &want)
	}
}

func TestRoundTripARP(t *testing.T) {
	want := Packet{Layer: LayerARP, ARP: ARP{
		Op:        2,
		SenderMAC: MAC{1, 2, 3, 4, 5, 6}, SenderIP: netip.MustParseAddr("10.0.0.1"),
		TargetMAC: MAC{7, 8, 9, 10, 11, 12}, TargetIP: netip.MustParseAddr("10.0.0.2"),
	}}
	b := AppendARP([]byte("before"), &want.ARP)[6:]
	for _, padding := range []int{0, 18} {
		p := used(t)
		if !p.Parse(append(b, make([]byte, padding)...), TypeARP) {
			t.Fatal("not parsed")
		}
		wantPacket(t, p, &want)
	}
}

// TestRoundTripQuote quotes packets of every transport at every length, in
// every error: what is quoted is told, what is not is not.
func TestRoundTripQuote(t *testing.T) {
	g := newGenerator(5)
	for i := range 400 {
		v6 := i%2 == 0
		header := ipv4Header
		if v6 {
			header = ipv6Header
		}
		original := g.plain(v6)
		sent := parsed(t, original)
		for n := range len(original) + 1 {
			m := ICMP{Msg: PortUnreach}
			m.SetType(v6)
			ip := g.ip(v6)
			p := parsed(t, AppendICMP(nil, &ip, &m, original[:n]))
			wantQuote(t, &p.Quote, sent, n, header, SentChecksum(original))
		}
	}
}

// wantQuote fails where q is not what n bytes of the packet sent tell.
func wantQuote(t *testing.T, q *Quote, sent *Packet, n, header int, sum uint16) {
	t.Helper()
	if n < header {
		if *q != (Quote{}) {
			t.Fatalf("%d bytes quoted: %+v", n, *q)
		}
		return
	}
	want := Quote{IP: sent.IP, Len: n}
	n -= header
	switch sent.Layer {
	case LayerTCP:
		if want.HasPorts = n >= 4; want.HasPorts {
			want.Src, want.Dst = sent.TCP.Src, sent.TCP.Dst
		}
		if want.HasSeq = n >= 8; want.HasSeq {
			want.Seq = sent.TCP.Seq
		}
		if want.HasTCP = n >= tcpHeader+int(sent.TCP.OptLen); want.HasTCP {
			want.TCP = sent.TCP
		}
	case LayerUDP:
		if want.HasPorts = n >= 4; want.HasPorts {
			want.Src, want.Dst = sent.UDP.Src, sent.UDP.Dst
		}
		if want.HasSum = n >= 8; want.HasSum {
			want.Sum = sum
			want.DataLen = uint8(copy(want.Data[:], sent.Payload[:n-8]))
		}
	case LayerICMP:
		if want.HasPorts = n >= 8; want.HasPorts {
			want.Src, want.Dst = sent.ICMP.ID, sent.ICMP.Seq
			want.DataLen = uint8(copy(want.Data[:], sent.Payload[:n-8]))
		}
		if want.HasSum = n >= 4; want.HasSum {
			want.Sum = sum
		}
	}
	if *q != want {
		t.Fatalf("quote of %d bytes:\ngot  %+v\nwant %+v", n, *q, want)
	}
}

// wantPacket fails where got is not want; its MAC is the caller's.
func wantPacket(t *testing.T, got, want *Packet) {
	t.Helper()
	if string(got.Payload) != string(want.Payload) {
		t.Errorf("payload %x, want %x", got.Payload, want.Payload)
	}
	if got.Layer != want.Layer || got.IP != want.IP || got.TCP != want.TCP || got.UDP != want.UDP ||
		got.ICMP != want.ICMP || got.ARP != want.ARP || got.ND != want.ND || got.Quote != want.Quote {
		t.Errorf("\ngot  %+v\nwant %+v", *got, *want)
	}
}
