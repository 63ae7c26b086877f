package field_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
)

// compare compares two packets, the second as far as it is there.
func compare(t *testing.T, sent, seen []byte) []field.Reading {
	t.Helper()
	var a, b wire.Excerpt
	if !a.Parse(sent) || !b.Parse(seen) {
		t.Fatalf("not understood: %x, %x", sent, seen)
	}
	return field.Compare(nil, &a, &b)
}

// changed is "dscp cs0 → ef, mss 1460 → ": what is not as it was sent.
func changed(list []field.Reading) string {
	var b []string
	for _, r := range list {
		if r.Changed() {
			b = append(b, fmt.Sprintf("%s %s → %s", r.Name, r.Sent, r.Seen))
		}
	}
	return strings.Join(b, ", ")
}

// hidden are the names of what is not visible.
func hidden(list []field.Reading) (names []string) {
	for _, r := range list {
		if r.Hidden {
			names = append(names, r.Name)
		}
	}
	return names
}

// linux is the craft of a SYN with all usual options.
func linux(t *testing.T, v6 bool) probe.Craft {
	opts, ts, err := wire.ParseOptions("mss,sackok,ts,nop,wscale=7", v6)
	if err != nil {
		t.Fatal(err)
	}
	return probe.Craft{Window: 64240, TCPOptions: opts, Timestamp: ts}
}

// TestCompareReadsEachField: whichever field is another one, that field is said to have
// changed, and nothing else but what tells the same.
func TestCompareReadsEachField(t *testing.T) {
	also := map[string][]string{"tos": {"dscp", "ecn"}, "data": {"length"}, "data-string": {"data", "length"}, "data-length": {"data", "length"},
		"no-df": {"df"}, "ip-options": {"length"}, "badsum": {"checksum"}, "tcp-options": {"length", "mss", "wscale"}, "flags": {"ack"}}
	for _, f := range field.All() {
		if f.Parse == nil || f.Name == "fragment" || f.Name == "df" {
			continue
		}
		for _, v6 := range []bool{false, true} {
			for _, a := range asked {
				if !f.Family(v6) || !f.Applies(a.kind) {
					continue
				}
				c := probe.Craft{Window: 64240}
				plain := packets(a.kind, a.port, v6, c)[0]
				if err := f.Parse(&c, v6, f.Example); err != nil {
					t.Fatal(err)
				}
				allowed := append([]string{f.Name}, also[f.Name]...)
				list, found := compare(t, plain, packets(a.kind, a.port, v6, c)[0]), false
				for _, r := range list {
					if !r.Changed() {
						continue
					}
					if found = true; !slices.Contains(allowed, r.Name) {
						t.Errorf("--%s of %s: %s, too", f.Name, a.name, r.Name)
					}
				}
				if !found || len(hidden(list)) > 0 {
					t.Errorf("--%s of %s, IPv6 %v: %q, hidden %q", f.Name, a.name, v6, changed(list), hidden(list))
				}
			}
		}
	}
}

// edited is b with something done to it, and with the checksums corrected, as routers do.
func edited(t *testing.T, b []byte, edit func(b []byte)) []byte {
	b = slices.Clone(b)
	var was wire.Excerpt
	if !was.Parse(b) {
		t.Fatalf("not understood: %x", b)
	}
	header, at := len(was.Header), wire.ChecksumOffset(b)
	edit(b)
	var is wire.Excerpt
	if at == 0 || !is.Parse(b) {
		t.Fatalf("not understood: %x", b)
	}
	b[at], b[at+1] = 0, 0
	binary.BigEndian.PutUint16(b[at:], wire.SegmentChecksum(is.IP.Src, is.IP.Dst, is.IP.Proto, b[header:]))
	return b
}

// TestCompareWhatRoutersDo: what devices on the way really do, and what those who quote
// write differently without having changed it.
func TestCompareWhatRoutersDo(t *testing.T) {
	syn := packets(asked[0].kind, 80, false, linux(t, false))[0]
	syn6 := packets(asked[0].kind, 80, true, linux(t, true))[0]
	datagram := packets(asked[2].kind, 161, false, probe.Craft{})[0]
	put := func(at int, value ...byte) func([]byte) { return func(b []byte) { copy(b[at:], value) } }
	raw := func(at int, value ...byte) []byte {
		b := slices.Clone(syn)
		copy(b[at:], value)
		return b
	}
	for _, tt := range []struct {
		name       string
		sent, seen []byte
		want       string
	}{
		{"nothing", syn, syn, ""},
		{"nothing of IPv6", syn6, syn6, ""},
		{"clamped", syn, edited(t, syn, put(42, 0x05, 0x14)), "mss 1460 → 1300"},
		{"clamped on IPv6", syn6, edited(t, syn6, put(62, 0x05, 0x14)), "mss 1440 → 1300"},
		{"SACK replaced by padding", syn, edited(t, syn, put(44, 1, 1)), "sackok on → "},
		{"window scale replaced by padding", syn, edited(t, syn, put(57, 1, 1, 1)), "wscale 7 → "},
		{"all options replaced by padding", syn, edited(t, syn, put(40, slices.Repeat([]byte{1}, 20)...)), "mss 1460 → , sackok on → , wscale 7 → , ts 2673324684:0 → "},
		{"another order", syn, edited(t, syn, put(40, 4, 2, 2, 4, 5, 0xb4)),
			"tcp-options mss=1460,sackok,ts=2673324684:0,nop,wscale=7 → sackok,mss=1460,ts=2673324684:0,nop,wscale=7"},
		{"addresses", syn, edited(t, syn, put(12, 100, 64, 0, 7, 10, 9, 9, 9)), "src 10.0.0.1 → 100.64.0.7, dst 10.1.0.5 → 10.9.9.9"},
		{"ports", syn, edited(t, syn, put(20, 0x10, 0, 0x1f, 0x90)), "source-port 61000 → 4096, dport 80 → 8080"},
		{"a NAT that corrects what it is quoted, but not the checksum", datagram, append(slices.Concat(datagram[:26], []byte{datagram[26] ^ 1}), datagram[27:]...),
			fmt.Sprintf("checksum 0x%x → 0x%02x%02x", datagram[26:28], datagram[26]^1, datagram[27])},
		{"a quote without checksum", datagram, append(slices.Concat(datagram[:26], []byte{0, 0}), datagram[28:]...), ""},
		{"TTL", syn, raw(8, 62), "ttl 64 → 62"},
		{"length in another order of bytes", syn, raw(2, 60, 0), ""},
		{"length without the header", syn, raw(2, 0, 40), ""},
		{"ID in another order of bytes", syn, raw(4, syn[5], syn[4]), ""},
		{"another ID", syn, raw(4, 0x12, 0x34), fmt.Sprintf("ip-id %d → 4660", binary.BigEndian.Uint16(syn[4:]))},
	} {
		list := compare(t, tt.sent, tt.seen)
		if got := changed(list); got != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestCompareHidden: of whatever length a quote is, nothing is said to have changed; what
// it does not show is not visible, and the more it shows the less of that there is.
func TestCompareHidden(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, a := range asked {
			whole := packets(a.kind, a.port, v6, linux(t, v6))[0]
			header := 20
			if v6 {
				header = 40
			}
			before := len(compare(t, whole, whole)) + 1
			for n := header; n <= len(whole); n++ {
				list := compare(t, whole, whole[:n])
				if changed(list) != "" {
					t.Errorf("%s, %d bytes: %s", a.name, n, changed(list))
				}
				if h := len(hidden(list)); h > before || (h == 0) != (n == len(whole)) {
					t.Errorf("%s, %d bytes of %d: %q", a.name, n, len(whole), hidden(list))
				} else {
					before = h
				}
			}
		}
	}
	for _, v6 := range []bool{false, true} { // fragments are of another length, whoever made them
		c := probe.Craft{Given: probe.GivenData | probe.GivenDF, NoDF: true, Data: make([]byte, 100)}
		whole := packets(asked[2].kind, 161, v6, c)[0]
		c.Fragment = 16
		list := compare(t, whole, packets(asked[2].kind, 161, v6, c)[0])
		if changed(list) != "" || !slices.Equal(hidden(list), []string{"length", "data"}) {
			t.Errorf("of a fragment: %q, hidden %q", changed(list), hidden(list))
		}
	}
	syn := packets(asked[0].kind, 80, false, linux(t, false))[0]
	const want = "flags ack window urg checksum mss sackok wscale ts tcp-options"
	if got := strings.Join(hidden(compare(t, syn, syn[:28])), " "); got != want {
		t.Errorf("of a quote of 8 bytes behind the header %q is not visible, want %q", got, want)
	}
}

// FuzzCompare looks for quotes that panic, or of which is told what they do not show.
func FuzzCompare(f *testing.F) {
	for _, v6 := range []bool{false, true} {
		for _, a := range asked {
			b := packets(a.kind, a.port, v6, probe.Craft{Window: 1, Data: []byte("data"), Given: probe.GivenData})[0]
			f.Add(uint8(0), b)
			f.Add(uint8(1), b[:len(b)/2])
		}
	}
	var sent [8]wire.Excerpt
	for i := range sent {
		if !sent[i].Parse(packets(asked[i/2].kind, asked[i/2].port, i%2 == 1, probe.Craft{Window: 1})[0]) {
			f.Fatal(i)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		var seen wire.Excerpt
		if !seen.Parse(append(make([]byte, 0, len(b)), b...)) { // a capacity beyond the length would hide a read behind the end
			return
		}
		if len(seen.Header)+len(seen.Behind) > len(b) || len(seen.Payload) > len(seen.Behind) {
			t.Fatalf("%+v", seen)
		}
		names := map[string]bool{}
		for _, r := range field.Compare(nil, &sent[which%8], &seen) {
			if r.Hidden && r.Seen != "" || names[r.Name] {
				t.Fatalf("%+v", r)
			}
			names[r.Name] = true
		}
	})
}
