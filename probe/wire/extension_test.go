package wire

import (
	"encoding/binary"
	"slices"
	"testing"
)

// errorWith returns an ICMP error about the packet quote: padded to size, with this
// number in the place of the quote's length, and an extension behind it.
func errorWith(v6 bool, typ uint8, quote []byte, size, length int, extension []byte) []byte {
	at := 1 // in bytes 4 to 7
	if v6 {
		at = 0
	}
	rest := make([]byte, 4+size)
	rest[at] = byte(length)
	copy(rest[4:], quote)
	return quoting(v6, typ, 0, append(rest, extension...))
}

// TestLabels: label stacks are found in the form of the standard and in that from
// before it, by a length that is wrong, and in nothing else.
func TestLabels(t *testing.T) {
	one := []Label{NewLabel(416243, 0, true, 1)}
	three := []Label{NewLabel(16, 5, false, 254), NewLabel(1048575, 7, false, 0), NewLabel(3, 0, true, 1)}
	many := make([]Label, QuotedLabels+9)
	for i := range many {
		many[i] = NewLabel(uint32(i), 0, i == len(many)-1, 255)
	}
	changed := func(b []byte, at int, value byte) []byte {
		b = slices.Clone(b)
		b[at] = value
		return b
	}
	summed := func(b []byte) []byte {
		b = slices.Clone(b)
		b[2], b[3] = 0, 0
		binary.BigEndian.PutUint16(b[2:], Checksum(b))
		return b
	}
	good := AppendExtension(nil, one)
	other := []byte{0, 12, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8} // an object of another class: an interface (RFC 5837)
	for _, test := range []struct {
		name      string
		size      int // of the quote, padded
		length    int // that is told of it, in bytes
		extension []byte
		want      []Label
	}{
		{"as the standard has it", 128, 128, good, one},
		{"a longer quote", 256, 256, good, one},
		{"three labels", 128, 128, AppendExtension(nil, three), three},
		{"more labels than are kept", 128, 128, AppendExtension(nil, many), many[:QuotedLabels]},
		{"no length", 128, 0, good, one},
		{"a length that is too small", 128, 64, good, one},
		{"a length that is too large", 128, 248, good, one},
		{"a length inside the extension", 128, 136, good, one},
		{"a quote that is too short, with its length", 64, 64, good, one},
		{"behind another object", 128, 128, summed(slices.Concat(good[:4], other, good[4:])), one},
		{"before another object", 128, 0, summed(slices.Concat(good, other)), one},
		{"two stacks", 128, 128, summed(slices.Concat(good, good[4:])), []Label{one[0], one[0]}},
		{"without a checksum", 128, 128, changed(changed(good, 2, 0), 3, 0), one},

		{"without a checksum or a length", 128, 0, changed(changed(good, 2, 0), 3, 0), nil},
		{"with a wrong checksum", 128, 128, changed(good, 3, good[3]^1), nil},
		{"with a wrong label", 128, 128, changed(good, 9, good[9]^1), nil},
		{"with a wrong checksum and no length", 128, 0, changed(good, 3, good[3]^1), nil},
		{"of another version", 128, 128, summed(changed(good, 0, 0x10)), nil},
		{"another object only", 128, 128, summed(append(slices.Clone(good[:4]), other...)), nil},
		{"of another sub-type", 128, 128, summed(changed(good, 7, 2)), nil},
		{"an object of no length", 128, 128, summed(changed(good, 5, 0)), nil},
		{"an object that is too long", 128, 128, summed(changed(good, 5, 12)), nil},
		{"half a label", 128, 128, summed(changed(good[:10], 5, 6)), nil},
		{"only the header", 128, 128, summed(good[:4]), nil},
		{"half a header", 128, 128, good[:3], nil},
		{"elsewhere", 124, 0, good, nil},
		{"none", 128, 128, nil, nil},
	} {
		for _, v6 := range []bool{false, true} {
			quote, types, unit := unhex(t, synV4), []uint8{3, 11, 12}, 4
			if v6 {
				quote, types, unit = unhex(t, ackV6), []uint8{1, 3}, 8
			}
			for _, typ := range types {
				for _, long := range []bool{false, true} { // whether the quoted packet fills the quote
					packet := slices.Clone(quote)
					if long {
						packet = append(packet, make([]byte, 1000)...)
						if v6 {
							binary.BigEndian.PutUint16(packet[4:], uint16(len(packet)-ipv6Header))
						} else {
							binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
						}
					}
					p := parsed(t, errorWith(v6, typ, packet[:min(len(packet), test.size)], test.size, test.length/unit, test.extension))
					q := &p.Quote
					if got := q.Labels(); !slices.Equal(got, test.want) {
						t.Errorf("%s, v6 %v, type %d, long %v: %x, want %x", test.name, v6, typ, long, got, test.want)
					}
					if !q.HasPorts || !q.HasSeq || test.size >= 64 && !q.HasTCP || len(test.want) > 0 && q.Len > test.size {
						t.Errorf("%s, v6 %v, type %d, long %v: %+v", test.name, v6, typ, long, *q)
					}
				}
			}
		}
	}
}

// TestLabelsNowhereElse: what has no such byte is not searched, whatever it holds.
func TestLabelsNowhereElse(t *testing.T) {
	for _, test := range []struct {
		v6  bool
		typ uint8
	}{{false, 5}, {true, 2}, {true, 4}} {
		quote := unhex(t, synV4)
		if test.v6 {
			quote = unhex(t, ackV6)
		}
		p := parsed(t, errorWith(test.v6, test.typ, quote, 128, 0, AppendExtension(nil, []Label{1})))
		if p.Quote.MPLSLen != 0 {
			t.Errorf("v6 %v, type %d: %x", test.v6, test.typ, p.Quote.Labels())
		}
	}
}

func TestLabelFields(t *testing.T) {
	for _, l := range []Label{0, 1, 0xffffffff, 0x659f3101, 0x00100eff} {
		if got := NewLabel(l.Value(), l.TC(), l.Bottom(), l.TTL()); got != l {
			t.Errorf("%x became %x", l, got)
		}
	}
	if l := Label(416243<<12 | 5<<9 | 1<<8 | 254); l.Value() != 416243 || l.TC() != 5 || !l.Bottom() || l.TTL() != 254 {
		t.Errorf("%d %d %v %d", l.Value(), l.TC(), l.Bottom(), l.TTL())
	}
}
