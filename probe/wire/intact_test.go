package wire

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// TestIntact: every single byte that is changed is found out, and nothing else is.
func TestIntact(t *testing.T) {
	ip4, ip6 := IP{Src: a4, Dst: b4, TTL: 64, ID: 7}, IP{Src: a6, Dst: b6, TTL: 64}
	of := func(ip IP, proto uint8) *IP { ip.Proto = proto; return &ip }
	payload := []byte("odd") // the checksum has a byte to make up
	for name, b := range map[string][]byte{
		"TCP":    AppendTCP(nil, of(ip4, ProtoTCP), &TCP{Src: 80, Dst: 40000, Flags: SYN | ACK}, payload),
		"UDP":    AppendUDP(nil, of(ip4, ProtoUDP), &UDP{Src: 53, Dst: 40000}, payload),
		"ICMP":   AppendICMP(nil, of(ip4, ProtoICMP), &ICMP{Msg: EchoReply}, payload),
		"TCP 6":  AppendTCP(nil, of(ip6, ProtoTCP), &TCP{Src: 80, Dst: 40000, Flags: SYN | ACK}, payload),
		"UDP 6":  AppendUDP(nil, of(ip6, ProtoUDP), &UDP{Src: 53, Dst: 40000}, payload),
		"ICMP 6": AppendICMP(nil, of(ip6, ProtoICMPv6), &ICMP{Msg: EchoReply, Type: 129}, payload),
	} {
		typ := typeOf(b)
		padded := append(bytes.Clone(b), 1, 2, 3)
		for _, sums := range []Sums{SumsUnseen, SumsVouched, SumsOfKernel} {
			if !Intact(b, typ, sums) || !Intact(padded, typ, sums) {
				t.Errorf("%s as built is not intact (%d)", name, sums)
			}
		}
		segment := 20
		if typ == TypeIPv6 {
			segment = 40
		}
		for at := range b {
			bad := bytes.Clone(b)
			bad[at] ^= 0x04
			inSegment := at >= segment
			covered := typ == TypeIPv4 || inSegment || at >= 8 // of IPv6 the addresses are
			if name == "ICMP 6" && at == 6 || typ == TypeIPv6 && (at == 4 || at == 5 || at == 6 || at == 0) {
				continue // another protocol or length is no packet
			}
			if got := Intact(bad, typ, SumsUnseen); got == covered {
				t.Errorf("%s, byte %d changed: intact %v", name, at, got)
			}
			if got := Intact(bad, typ, SumsVouched); inSegment && !got && at != segment+4 && at != segment+5 { // the length of UDP is none of the checksum's
				t.Errorf("%s, byte %d changed, but somebody vouches for it: not intact", name, at)
			}
			if got := Intact(bad, typ, SumsOfKernel); inSegment && got {
				t.Errorf("%s, byte %d changed, told by the kernel: intact", name, at)
			}
		}
	}
}

// TestIntactPartly: what a card, or nobody, was to add to is taken from the kernel, and
// from it alone; and UDP without checksum as each family allows.
func TestIntactPartly(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		ip, typ, header := IP{Src: a4, Dst: b4, TTL: 64}, uint16(TypeIPv4), 20
		if v6 {
			ip, typ, header = IP{Src: a6, Dst: b6, TTL: 64}, TypeIPv6, 40
		}
		ip.Proto = ProtoTCP
		b := AppendTCP(nil, &ip, &TCP{Src: 80, Dst: 40000, Flags: RST}, nil)
		binary.BigEndian.PutUint16(b[header+16:], fold(pseudo(ip.Src, ip.Dst, ProtoTCP, 20)))
		if !Intact(b, typ, SumsOfKernel) || !Intact(b, typ, SumsVouched) || Intact(b, typ, SumsUnseen) {
			t.Errorf("v6 %v: a checksum that was only begun: %v %v %v", v6, Intact(b, typ, SumsOfKernel), Intact(b, typ, SumsVouched), Intact(b, typ, SumsUnseen))
		}
		ip.Proto = ProtoUDP
		b = AppendUDP(nil, &ip, &UDP{Src: 53, Dst: 40000}, []byte("hi"))
		b[header+6], b[header+7] = 0, 0
		if Intact(b, typ, SumsUnseen) == v6 {
			t.Errorf("v6 %v: UDP without a checksum: intact %v", v6, v6)
		}
	}
}

// FuzzIntact: no bytes make it panic or read behind their end.
func FuzzIntact(f *testing.F) {
	g := newGenerator(11)
	for range 40 {
		f.Add(g.packet(), uint8(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, sums uint8) {
		b = append(make([]byte, 0, len(b)), b...)
		for _, typ := range []uint16{TypeIPv4, TypeIPv6} {
			Intact(b, typ, Sums(sums%3))
		}
	})
}
