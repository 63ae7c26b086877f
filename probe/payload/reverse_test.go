package payload_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"sonde/probe/payload"
)

// TestReverseQuestion: another implementation reads the question as that for the name of the
// address.
func TestReverseQuestion(t *testing.T) {
	for addr, want := range map[string]string{
		"10.20.105.7": "7.105.20.10.in-addr.arpa.",
		"0.0.0.255":   "255.0.0.0.in-addr.arpa.",
		"fe80::21:f":  "f.0.0.0.1.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa.",
	} {
		var m dnsmessage.Message
		if err := m.Unpack(payload.MDNS.AppendQuestion(nil, 0x1234, netip.MustParseAddr(addr))); err != nil {
			t.Fatal(err)
		}
		q := m.Questions[0]
		if m.ID != 0x1234 || len(m.Questions) != 1 || q.Name.String() != want || q.Type != dnsmessage.TypePTR || q.Class != dnsmessage.ClassINET {
			t.Errorf("%s: %+v", addr, m)
		}
	}
}

// TestReverseAnswer reads what another implementation writes: among several records that of
// the address itself, whatever is compressed, and "" where there is none.
func TestReverseAnswer(t *testing.T) {
	addr := netip.MustParseAddr("10.0.0.9")
	name := dnsmessage.MustNewName("9.0.0.10.in-addr.arpa.")
	ptr := func(owner, to string) dnsmessage.Resource {
		return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(owner), Class: dnsmessage.ClassINET | 0x8000},
			Body: &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(to)}}
	}
	address := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("tv.local."), Class: dnsmessage.ClassINET}, Body: &dnsmessage.AResource{A: [4]byte{10, 0, 0, 9}}}
	for want, answers := range map[string][]dnsmessage.Resource{
		"tv.local":      {address, ptr("8.0.0.10.in-addr.arpa.", "other.local."), ptr("9.0.0.10.In-Addr.arpa.", "tv.local.")},
		"":              {address},
		`a\.b.in-addr`:  nil, // by hand, below
		"addr.arpa.org": {ptr("9.0.0.10.in-addr.arpa.", "addr.arpa.org.")},
	} {
		m := dnsmessage.Message{Header: dnsmessage.Header{ID: 7, Response: true}, Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET}}, Answers: answers}
		b, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if answers == nil { // a label with a dot in it, and the rest of the question's name
			b[7] = 1
			b = append(b, "\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x78\x00\x0d\x03a.b\x07in-addr\x00"...)
		}
		if got, ok := payload.LLMNR.ReadAnswer(b, 7, addr); !ok || got != want {
			t.Errorf("%q, %v; want %q", got, ok, want)
		}
		for n := range b[:len(b)-1] { // of what is cut off nothing is read beyond
			payload.LLMNR.ReadAnswer(b[:n:n], 7, addr)
		}
	}
}

// TestNodeStatus reads the name of the workstation, not of its group, without what fills it
// up.
func TestNodeStatus(t *testing.T) {
	q := payload.NetBIOS.AppendQuestion(nil, 9, netip.Addr{})
	entry := func(name string, kind byte, group byte) string {
		return name + strings.Repeat(" ", 15-len(name)) + string([]byte{kind, group, 0})
	}
	answer := func(names ...string) []byte {
		b := append([]byte{0, 9, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0}, q[12:]...)
		b = append(b, 0, 0, 0, 0, 0, byte(1+18*len(names)), byte(len(names)))
		return append(b, strings.Join(names, "")...)
	}
	for want, b := range map[string][]byte{
		"PC-7": answer(entry("GROUP", 0, 0x84), entry("PC-7", 0x20, 4), entry("PC-7", 0, 4)),
		"NAS":  answer(entry("GROUP", 0, 0x84), entry("NAS", 0x20, 4)),
		"":     answer(entry("GROUP", 0, 0x84)),
	} {
		if got, ok := payload.NetBIOS.ReadAnswer(b, 9, netip.Addr{}); !ok || got != want {
			t.Errorf("%q, %v; want %q", got, ok, want)
		}
		if _, ok := payload.NetBIOS.ReadAnswer(b[:len(b)-1], 9, netip.Addr{}); ok {
			t.Error("an answer that is cut off counts")
		}
		if _, ok := payload.NetBIOS.ReadAnswer(b, 8, netip.Addr{}); ok {
			t.Error("an answer with another ID counts")
		}
	}
}

// FuzzNameService: whatever comes, reading ends, and reads no name that is longer than names
// are; the question itself is no answer.
func FuzzNameService(f *testing.F) {
	addr := netip.MustParseAddr("10.0.0.9")
	q := payload.MDNS.AppendQuestion(nil, 1, addr)
	f.Add(q)
	said := append(bytes.Clone(q), "\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x78\x00\x02\xc0\x0c"...)
	said[2], said[7] = 0x80, 1
	f.Add(said)
	f.Add(append(bytes.Clone(said[:len(said)-2]), 0xc0, byte(len(said)-2))) // a pointer to itself
	f.Add(payload.NetBIOS.AppendQuestion(nil, 1, addr))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range []*payload.NameService{payload.MDNS, payload.LLMNR, payload.NetBIOS} {
			name, ok := s.ReadAnswer(b, 1, addr)
			if !ok && name != "" || len(name) > 2*255 {
				t.Errorf("%s: %q, %v", s.Name, name, ok)
			}
			if _, ok := s.ReadAnswer(s.AppendQuestion(nil, 1, addr), 1, addr); ok {
				t.Errorf("%s: the question is an answer", s.Name)
			}
		}
	})
}
