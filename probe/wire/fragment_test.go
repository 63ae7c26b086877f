package wire

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// cut4 is the part of the IPv4 packet b from offset from to to of its payload.
func cut4(b []byte, from, to int) []byte {
	header := int(b[0]&15) * 4
	out := append(bytes.Clone(b[:header]), b[header+from:header+to]...)
	more := 0x2000
	if header+to == len(b) {
		more = 0
	}
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)))
	binary.BigEndian.PutUint16(out[6:], uint16(more|from/8))
	out[10], out[11] = 0, 0
	binary.BigEndian.PutUint16(out[10:], Checksum(out[:header]))
	return out
}

// cut6 is the same for an IPv6 packet: the fragment header stands behind header bytes.
func cut6(b []byte, header, number, from, to int) []byte {
	more := 1
	if header+to == len(b) {
		more = 0
	}
	out := bytes.Clone(b[:header])
	out = append(out, b[number], 0)
	out = binary.BigEndian.AppendUint16(out, uint16(from|more))
	out = append(out, 1, 2, 3, 4)
	out = append(out, b[header+from:header+to]...)
	out[number] = extFragment
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-ipv6Header))
	return out
}

// TestFragment: a packet that is cut and joined is the same again.
func TestFragment(t *testing.T) {
	four := withOptions(AppendUDP(nil, &IP{Src: a4, Dst: b4, Proto: ProtoUDP, TTL: 9, ID: 77, TOS: 2}, &UDP{Src: 1, Dst: 2}, make([]byte, 30)), []byte{1, 1, 1, 1})
	six := withExtension(AppendTCP(nil, &IP{Src: a6, Dst: b6, Proto: ProtoTCP, TTL: 9, TOS: 2}, &TCP{Src: 1, Dst: 2}, make([]byte, 20)), extHopByHop, 0, []byte{1, 4, 0, 0, 0, 0})
	for _, test := range []struct {
		whole        []byte
		first, later []byte
		next         int
		id           uint32
		proto        uint8
	}{
		{four, cut4(four, 0, 16), cut4(four, 16, 38), 0, 77, ProtoUDP},
		{six, cut6(six, 48, 40, 0, 16), cut6(six, 48, 40, 16, 40), 40, 0x01020304, ProtoTCP},
	} {
		typ := typeOf(test.whole)
		var f, l Fragment
		if f.Parse(test.whole, typ) {
			t.Errorf("a whole packet is a fragment: %+v", f)
		}
		if !f.Parse(append(bytes.Clone(test.first), 9, 9), typ) || !l.Parse(test.later, typ) {
			t.Fatalf("not parsed: %x, %x", test.first, test.later)
		}
		if f.Offset != 0 || !f.More || l.Offset != 16 || l.More || f.ID != test.id || l.ID != test.id || f.Proto != test.proto || f.IP.TOS&3 != 2 {
			t.Errorf("%+v\n%+v", f, l)
		}
		got := f.Whole(nil, len(f.Data)+len(l.Data), false)
		got = slices.Concat(got, f.Data, l.Data)
		want := bytes.Clone(test.whole)
		if typ == TypeIPv4 {
			want[6] = 0 // DF
			want[10], want[11] = 0, 0
			binary.BigEndian.PutUint16(want[10:], Checksum(want[:24]))
		}
		if !bytes.Equal(got, want) {
			t.Errorf("joined %x\n   want %x", got, want)
		}
		if !Intact(got, typ, SumsUnseen) {
			t.Error("not intact")
		}
		var p Packet
		p.Parse(f.Whole(nil, 0, true), typ)
		if b := f.Whole(nil, 0, true); b[1]&3 != 3 && b[1]&0x30 != 0x30 {
			t.Errorf("congestion is lost: %x", b)
		}
	}
	bad := cut4(four, 0, 16)
	bad[10]++
	if (&Fragment{}).Parse(bad, TypeIPv4) {
		t.Error("a header checksum that is wrong")
	}
	if (&Fragment{}).Parse(cut6(six, 48, 40, 0, 0)[:len(six)-41], TypeIPv6) {
		t.Error("longer than there is")
	}
}

// TestFragmentBehindExtensions: the fragment header is found by the rules by which the
// transport is: behind that of an atomic fragment, too, and not behind what is malformed.
func TestFragmentBehindExtensions(t *testing.T) {
	whole := AppendTCP(nil, &IP{Src: a6, Dst: b6, Proto: ProtoTCP, TTL: 9}, &TCP{Src: 1, Dst: 2}, make([]byte, 20))
	part := cut6(whole, 40, 6, 16, 40)
	atomic := withExtension(part, extFragment, 0, []byte{0, 0, 5, 6, 7, 8})
	pad := make([]byte, 6)
	for _, tt := range []struct {
		name string
		b    []byte
		next int // where the number of the fragment header stands; 0: it is no part
		any  bool
	}{
		{"nothing before it", part, 6, true},
		{"an atomic fragment", atomic, 40, true},
		{"two of them", withExtension(atomic, extFragment, 0, []byte{0, 0, 1, 1, 1, 1}), 48, true},
		{"only an atomic fragment", withExtension(whole, extFragment, 0, pad), 0, true},
		{"hop-by-hop, first", withExtension(part, extHopByHop, 0, pad), 40, true},
		{"hop-by-hop, not first", withExtension(withExtension(part, extHopByHop, 0, pad), extDestination, 0, pad), 0, false},
		{"an authentication header", withExtension(part, extAuth, 1, append(pad, 0, 0, 0, 0)), 40, true},
		{"one of 8 bytes", withExtension(part, extAuth, 0, pad), 0, false},
		{"one that goes on beyond the packet", withExtension(part, extRouting, 200, pad), 0, false},
		{"an unknown header", withExtension(part, 200, 0, pad), 0, false},
	} {
		var f Fragment
		got := f.Parse(tt.b, TypeIPv6)
		if got != (tt.next > 0) || fragmented(tt.b) != tt.any {
			t.Errorf("%s: a part %v, with a fragment header %v", tt.name, got, fragmented(tt.b))
			continue
		}
		if got && (f.Next != tt.next || f.ID != 0x01020304 || f.Offset != 16 || f.More || len(f.Data) != 24) {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
}

// FuzzFragment: what is parsed lies within the packet, and is joined to a packet.
func FuzzFragment(f *testing.F) {
	g := newGenerator(12)
	for range 20 {
		if b := g.packet(); typeOf(b) == TypeIPv4 {
			f.Add(cut4(b, 0, 8))
		} else {
			f.Add(cut6(b, 40, 6, 0, 8))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append(make([]byte, 0, len(b)), b...)
		for _, typ := range []uint16{TypeIPv4, TypeIPv6} {
			var p Fragment
			if !p.Parse(b, typ) {
				continue
			}
			if len(p.Head)+len(p.Data) > len(b) || p.Offset%8 != 0 || p.Offset == 0 && !p.More {
				t.Fatalf("%+v", p)
			}
			var ip IP
			if _, part, ok := ip.parse(append(p.Whole(nil, len(p.Data), false), p.Data...), typ == TypeIPv6); !ok && typ == TypeIPv4 || part != whole && typ == TypeIPv4 {
				t.Fatalf("no packet: %+v", p)
			}
		}
	})
}
