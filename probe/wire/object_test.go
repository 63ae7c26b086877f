package wire

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// interfaceObject is an object about an interface with this type and value.
func interfaceObject(typ uint8, value ...byte) *Object {
	return &Object{Class: classInterface, Type: typ, Value: value}
}

// TestInterface: what RFC 5837 §4 has, in every combination, and what is none.
func TestInterface(t *testing.T) {
	name := append([]byte{8}, "eth0\x00\x00\x00"...)
	index, mtu := []byte{0, 0, 1, 2}, []byte{0, 0, 5, 220}
	addr4, addr6 := []byte{0, 1, 0, 0, 10, 0, 0, 1}, append([]byte{0, 2, 0, 0}, netip.MustParseAddr("fd00::1").AsSlice()...)
	all := slices.Concat(index, addr4, name, mtu)
	for _, tt := range []struct {
		name string
		o    *Object
		want Interface
		ok   bool
	}{
		{"all", interfaceObject(0x0f, all...), Interface{Incoming, 258, netip.MustParseAddr("10.0.0.1"), "eth0", 1500}, true},
		{"outgoing, IPv6", interfaceObject(0x84, addr6...), Interface{Role: Outgoing, Addr: netip.MustParseAddr("fd00::1")}, true},
		{"next hop", interfaceObject(0xc4, addr4...), Interface{Role: NextHop, Addr: netip.MustParseAddr("10.0.0.1")}, true},
		{"a part of it, by index", interfaceObject(0x48, index...), Interface{Role: IncomingSub, Index: 258}, true},
		{"a name alone", interfaceObject(0x02, name...), Interface{Name: "eth0"}, true},
		{"a name of no length", interfaceObject(0x02, 0), Interface{}, true},
		{"nothing", interfaceObject(0x00), Interface{}, true},
		{"a reserved bit", interfaceObject(0x1f, all...), Interface{}, false},
		{"another class", &Object{Class: 3, Type: 0x0f, Value: all}, Interface{}, false},
		{"another address family", interfaceObject(0x04, 0, 6, 0, 0, 1, 2, 3, 4), Interface{}, false},
		{"too much", interfaceObject(0x0f, append(slices.Clone(all), 0)...), Interface{}, false},
		{"a name that is too long", interfaceObject(0x02, 9, 'a'), Interface{}, false},
	} {
		if got, ok := tt.o.Interface(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %+v, %v, want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
	for n := range all {
		if got, ok := interfaceObject(0x0f, all[:n]...).Interface(); ok || got != (Interface{}) {
			t.Errorf("the first %d bytes: %+v", n, got)
		}
	}
	for r := range Role(4) {
		if got, ok := ParseRole(r.String()); got != r || !ok {
			t.Errorf("%v is read as %v", r, got)
		}
	}
}

// TestObjects: objects come out of an error as they were written, labels among them.
func TestObjects(t *testing.T) {
	var ext []byte
	for _, o := range []Object{{1, 1, []byte{0, 1, 1, 1}}, {2, 0x08, []byte{0, 0, 0, 7}}, {247, 9, nil}} {
		ext = AppendObject(ext, 0, o)
	}
	for _, v6 := range []bool{false, true} {
		typ, syn := uint8(11), synV4
		if v6 {
			typ, syn = 3, ackV6
		}
		b := errorWith(v6, typ, unhex(t, syn), 128, 128/map[bool]int{false: 4, true: 8}[v6], ext)
		var p Packet
		if !p.Parse(b, typeOf(b)) || len(p.Quote.Labels()) != 1 {
			t.Fatalf("%+v", p)
		}
		var got []string
		for _, o := range Objects(p.Extension) {
			_, is := o.Interface()
			got = append(got, strings.Repeat("x", len(o.Value)), map[bool]string{true: "interface", false: "other"}[is], map[bool]string{true: "labels", false: ""}[o.IsLabels()])
		}
		if want := "xxxx other labels xxxx interface   other "; strings.Join(got, " ") != want {
			t.Errorf("%q, want %q", strings.Join(got, " "), want)
		}
	}
	if Objects(nil) != nil || Objects(ext[:4]) != nil || len(Objects(ext[:len(ext)-1])) != 2 {
		t.Error("objects where there are none")
	}
}

func FuzzObjects(f *testing.F) {
	ext := AppendObject(nil, 0, Object{2, 0x0f, []byte{0, 0, 0, 1, 0, 1, 0, 0, 10, 0, 0, 1, 4, 'e', 0, 0, 0, 0, 5, 220}})
	f.Add(ext)
	f.Add(AppendObject(ext, 0, Object{1, 1, []byte{1, 2, 3, 4}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append(make([]byte, 0, len(b)), b...)
		size := 4
		for _, o := range Objects(b) {
			if size += 4 + len(o.Value); size > len(b) {
				t.Fatalf("%x has more in it than there is", b)
			}
			if i, ok := o.Interface(); !ok && i != (Interface{}) || len(i.Name) > 254 {
				t.Fatalf("%+v", i)
			}
		}
	})
}
