package wire

import (
	"bytes"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// The tests below each show a defect of gopacket v1.1.19, on the input that
// brings it out, and that the same input does no harm here. When gopacket loses
// a defect its half of the test fails and can go.

func TestDefectARPAddressSize(t *testing.T) {
	b := append(AppendARP(nil, &ARP{Op: 1, SenderIP: a4, TargetIP: b4}), make([]byte, 300)...)
	b[4] = 128 // 2*128 overflows gopacket's 8 bits of length
	func() {
		defer func() {
			if recover() == nil {
				t.Error("gopacket no longer panics")
			}
		}()
		new(layers.ARP).DecodeFromBytes(b, gopacket.NilDecodeFeedback)
	}()
	if decode(b, TypeARP).ErrorLayer() == nil {
		t.Error("gopacket.NewPacket does not tell of the panic")
	}
	if p := used(t); p.Parse(b, TypeARP) {
		t.Errorf("parsed: %+v", p.ARP)
	}
}

func TestDefectUDPChecksumZero(t *testing.T) {
	for _, ip := range []IP{{Src: a4, Dst: b4}, {Src: a6, Dst: b6}} {
		u := UDP{Src: 1, Dst: 2}
		sum := SentChecksum(AppendUDP(nil, &ip, &u, []byte{0, 0}))
		payload := []byte{byte(sum >> 8), byte(sum)}

		theirs := &layers.UDP{SrcPort: 1, DstPort: 2}
		var network gopacket.NetworkLayer = &layers.IPv4{SrcIP: ip.Src.AsSlice(), DstIP: ip.Dst.AsSlice()}
		if ip.Dst.Is6() {
			network = &layers.IPv6{SrcIP: ip.Src.AsSlice(), DstIP: ip.Dst.AsSlice()}
		}
		if err := theirs.SetNetworkLayerForChecksum(network); err != nil {
			t.Fatal(err)
		}
		buffer := gopacket.NewSerializeBuffer()
		options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
		if err := gopacket.SerializeLayers(buffer, options, theirs, gopacket.Payload(payload)); err != nil {
			t.Fatal(err)
		}
		if theirs.Checksum != 0 {
			t.Errorf("gopacket no longer writes 0, but %04x", theirs.Checksum)
		}
		if got := SentChecksum(AppendUDP(nil, &ip, &u, payload)); got != 0xffff {
			t.Errorf("to %v: checksum %04x, want ffff", ip.Dst, got)
		}
	}
}

func TestDefectStaleOptionPadding(t *testing.T) {
	buffer := gopacket.NewSerializeBuffer()
	dirty, err := buffer.PrependBytes(64)
	if err != nil {
		t.Fatal(err)
	}
	for i := range dirty {
		dirty[i] = 0xee
	}
	theirs := &layers.IPv4{
		Version: 4, SrcIP: a4.AsSlice(), DstIP: b4.AsSlice(),
		Options: []layers.IPv4Option{{OptionType: 0, OptionLength: 1}},
	}
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true}, theirs); err != nil {
		t.Fatal(err)
	}
	if zero(buffer.Bytes()[21:24]) {
		t.Error("gopacket's padding is zero now")
	}

	// Nothing of what a buffer held before gets into a packet.
	g := newGenerator(11)
	for i := range 100 {
		ip, tcp, m, nd := g.ip(i%2 == 0), g.tcp(), g.icmp(i%2 == 0), g.nd()
		tcp.OptLen = uint8(g.IntN(41))
		payload := g.bytes(i % 7)
		for name, f := range map[string]func(b []byte) []byte{
			"TCP":      func(b []byte) []byte { return AppendTCP(b, &ip, &tcp, payload) },
			"UDP":      func(b []byte) []byte { return AppendUDP(b, &ip, &UDP{}, payload) },
			"ICMP":     func(b []byte) []byte { return AppendICMP(b, &ip, &m, payload) },
			"ND":       func(b []byte) []byte { return AppendND(b, &ip, &nd, i%3 == 0) },
			"ARP":      func(b []byte) []byte { return AppendARP(b, &ARP{Op: 1, SenderIP: a4, TargetIP: b4}) },
			"Ethernet": func(b []byte) []byte { return AppendEthernet(b, Broadcast, MAC{1}, TypeARP) },
		} {
			clean, stale := f(nil), f(bytes.Repeat([]byte{0xee}, 256)[:0])
			if !bytes.Equal(clean, stale) {
				t.Errorf("%s: %x in a used buffer, %x in a new one", name, stale, clean)
			}
		}
	}
}

func TestDefectShortQuote(t *testing.T) {
	quote := unhex(t, synV4)[:ipv4Header+8]
	if h, ok := decode(quote, TypeIPv4).Layer(layers.LayerTypeTCP).(*layers.TCP); ok && h.SrcPort != 0 {
		t.Error("gopacket now reads the ports of 8 bytes of TCP")
	}
	p := parsed(t, quoting(false, 3, 1, append(make([]byte, 4), quote...)))
	if q := &p.Quote; !q.HasPorts || q.Src != 40000 || q.Dst != 80 || !q.HasSeq || q.Seq != 0x01020304 || q.HasTCP {
		t.Errorf("%+v", *q)
	}
	quote = unhex(t, ackV6)[:ipv6Header+8]
	p = parsed(t, quoting(true, 1, 3, append(make([]byte, 4), quote...)))
	if q := &p.Quote; !q.HasPorts || q.Src != 40000 || q.Dst != 80 || !q.HasSeq || q.Seq != 1 || q.HasTCP {
		t.Errorf("%+v", *q)
	}
}
