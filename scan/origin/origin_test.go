package origin_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/scan/origin"
)

// TestLines: each form of a line is read, comments and a head are passed over, and the
// longest prefix counts.
func TestLines(t *testing.T) {
	const file = "prefix,asn,name\n# a comment\n10.0.0.0/8 64500 Example Net\n10.1.0.0/16,AS64501,\"Other, Inc.\"\n10.1.2.0\t24\t64502_64503\n" +
		"2001:db8::/32 as64504\n2001:db8:1::\t48\t{64505}\n0.0.0.0/0;64506\n10.1.0.0/16 64999 again\n"
	table, err := origin.Read(strings.NewReader(file))
	if err != nil || table.Len() != 6 {
		t.Fatal(table, err)
	}
	for addr, want := range map[string]string{
		"10.9.9.9": "10.0.0.0/8 [64500] Example Net", "10.1.9.9": "10.1.0.0/16 [64501] Other, Inc.", "10.1.2.3": "10.1.2.0/24 [64502 64503] ",
		"2001:db8::1": "2001:db8::/32 [64504] ", "2001:db8:1::1": "2001:db8:1::/48 [64505] ", "192.0.2.1": "0.0.0.0/0 [64506] ", "2001:db9::1": "",
		"::ffff:10.9.9.9": "10.0.0.0/8 [64500] Example Net",
	} {
		as, ok := table.Lookup(netip.MustParseAddr(addr))
		got := fmt.Sprint(as.Prefix, " ", as.Numbers, " ", as.Name)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
}

// TestErrors: what is wrong is said with its line.
func TestErrors(t *testing.T) {
	for file, want := range map[string]string{
		"":                                    "no prefix is in it",
		"10.0.0.0/8 64500\n10.0.0.0/33 1":     `line 2: "10.0.0.0/33" is no prefix`,
		"10.0.0.0/8 64500\n\n10.1.0.0/16":     `line 3: "" is no number of an autonomous system`,
		"10.0.0.0/8 4294967296":               `line 1: "4294967296" is no number of an autonomous system`,
		"10.0.0.0/8 1\n::ffff:10.0.0.0/104 1": `line 2: "::ffff:10.0.0.0/104" is no prefix of IPv4 or IPv6`,
		"\x1f\x8b":                            "unexpected EOF",
		"10.0.0.0/8 1\n" + strings.Repeat("x", 1<<17): "line 2: bufio.Scanner: token too long",
	} {
		if _, err := origin.Read(strings.NewReader(file)); err == nil || err.Error() != want {
			t.Errorf("%.40q: %v, want %s", file, err, want)
		}
	}
}

// record is one of an MRT dump.
func record(kind uint16, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1)
	b = binary.BigEndian.AppendUint16(b, 13)
	b = binary.BigEndian.AppendUint16(b, kind)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(body))), body...)
}

// rib is a route to a prefix, by an AS path of segments.
func rib(p netip.Prefix, segments ...[]byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, 7), byte(p.Bits()))
	b = append(b, p.Addr().AsSlice()[:(p.Bits()+7)/8]...)
	path := slices.Concat(segments...)
	attrs := append([]byte{0x40, 1, 1, 0, 0x50, 2}, binary.BigEndian.AppendUint16(nil, uint16(len(path)))...) // ORIGIN, and AS_PATH with a long length
	attrs = append(attrs, path...)
	b = append(b, 0, 1, 0, 0, 0, 0, 0, 0)
	return append(append(b, binary.BigEndian.AppendUint16(nil, uint16(len(attrs)))...), attrs...)
}

// segment is a set (1) or a sequence (2).
func segment(kind byte, numbers ...uint32) []byte {
	b := []byte{kind, byte(len(numbers))}
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

func dump() []byte {
	return slices.Concat(record(1, make([]byte, 8)),
		record(2, rib(netip.MustParsePrefix("10.0.0.0/8"), segment(2, 64496, 64500))),
		record(2, rib(netip.MustParsePrefix("10.128.0.0/9"), segment(2, 64496), segment(1, 64501, 64502))),
		record(4, rib(netip.MustParsePrefix("2001:db8::/32"), segment(2, 64496, 4200000000))))
}

// TestDump: a dump of tables is read, packed or not, and one that is cut off is an error.
func TestDump(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(dump())
	z.Close()
	for _, b := range [][]byte{dump(), packed.Bytes()} {
		table, err := origin.Read(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for addr, want := range map[string]string{"10.1.1.1": "10.0.0.0/8 [64500]", "10.200.0.1": "10.128.0.0/9 [64501 64502]", "2001:db8::1": "2001:db8::/32 [4200000000]"} {
			as, _ := table.Lookup(netip.MustParseAddr(addr))
			if got := fmt.Sprint(as.Prefix, " ", as.Numbers); got != want {
				t.Errorf("%s: %s, want %s", addr, got, want)
			}
		}
	}
	if _, err := origin.Read(bytes.NewReader(dump()[:len(dump())-1])); err == nil || err.Error() != "record 4: it ends too early" {
		t.Error(err)
	}
}

// TestLongest compares with looking at every prefix.
func TestLongest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var list []netip.Prefix
	var b strings.Builder
	for i := range 2000 {
		p, _ := netip.AddrFrom4([4]byte{10, byte(rng.Uint32() & 3), byte(rng.Uint32()), byte(rng.Uint32())}).Prefix(rng.IntN(33))
		if !slices.Contains(list, p) {
			fmt.Fprintf(&b, "%v %d\n", p, i+1)
			list = append(list, p)
		}
	}
	table, err := origin.Read(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		a := netip.AddrFrom4([4]byte{10, byte(rng.Uint32() & 3), byte(rng.Uint32()), byte(rng.Uint32())})
		best := netip.Prefix{}
		for _, p := range list {
			if p.Contains(a) && (!best.IsValid() || p.Bits() > best.Bits()) {
				best = p
			}
		}
		if as, _ := table.Lookup(a); as.Prefix != best {
			t.Fatalf("%v: %v, want %v", a, as.Prefix, best)
		}
	}
}

// FuzzRead: whatever a file says, it is read or refused.
func FuzzRead(f *testing.F) {
	f.Add([]byte("10.0.0.0/8 64500 Example\n2001:db8::\t32\t1_2\n"))
	f.Add(dump())
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := origin.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, a := range []string{"10.1.2.3", "2001:db8::1", "::"} {
			if as, ok := table.Lookup(netip.MustParseAddr(a)); ok && (len(as.Numbers) == 0 || !as.Prefix.Contains(netip.MustParseAddr(a))) {
				t.Errorf("%s: %v", a, as)
			}
		}
	})
}
