package lab

import (
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestParseRanges(t *testing.T) {
	for list, want := range map[string][][2]int{
		"80":              {{80, 80}},
		"22,80":           {{22, 22}, {80, 80}},
		"80,22":           {{22, 22}, {80, 80}},
		"1-10,5-20,21,23": {{1, 21}, {23, 23}},
		"0-65535":         {{0, 65535}},
		"1-9,3":           {{1, 9}},
		"":                nil,
		",":               nil,
		"2-1":             nil,
		"-1":              nil,
		"65536":           nil,
		"ssh":             nil,
	} {
		got, err := parseRanges(list, 65535)
		if !slices.Equal(got, want) || (err != nil) != (want == nil) {
			t.Errorf("%q: %v, %v, want %v", list, got, err, want)
		}
	}
}

func TestParseFrameOfGarbage(t *testing.T) {
	for _, fill := range []byte{0x00, 0x7f, 0xff} {
		b := make([]byte, wholeFrames.frame)
		for i := range b {
			b[i] = fill
		}
		if f, err := parseFrame(b); err == nil && len(f.data) > len(b) {
			t.Errorf("%#x: %d bytes of %d", fill, len(f.data), len(b))
		}
	}
}

func TestReverse(t *testing.T) {
	for addr, want := range map[string]string{
		"10.2.0.145":  "145.0.2.10.in-addr.arpa.",
		"2001:db8::1": "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
	} {
		if got := reverse(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

func TestDNSAnswers(t *testing.T) {
	answer := DNS(map[string][]netip.Addr{"a.example": {netip.MustParseAddr("10.0.0.1")}})
	for _, garbage := range [][]byte{nil, {0}, make([]byte, 12), make([]byte, 600)} {
		if got := answer(garbage, netip.AddrPort{}); got != nil {
			t.Errorf("%d bytes of zeros are answered: %x", len(garbage), got)
		}
	}
	for _, tt := range []struct {
		name    string
		typ     dnsmessage.Type
		code    dnsmessage.RCode
		answers int
	}{
		{"a.example.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, 1},
		{"A.Example.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, 1},
		{"a.example.", dnsmessage.TypeAAAA, dnsmessage.RCodeSuccess, 0},
		{"b.example.", dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		{"1.0.0.10.in-addr.arpa.", dnsmessage.TypePTR, dnsmessage.RCodeSuccess, 1},
	} {
		q := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: 7},
			Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(tt.name), Type: tt.typ, Class: dnsmessage.ClassINET}},
		}
		b, err := q.Pack()
		if err != nil {
			t.Fatal(err)
		}
		var got dnsmessage.Message
		if err := got.Unpack(answer(b, netip.AddrPort{})); err != nil {
			t.Fatal(err)
		}
		if got.ID != 7 || !got.Response || got.RCode != tt.code || len(got.Answers) != tt.answers {
			t.Errorf("%s %v: %+v", tt.name, tt.typ, got)
		}
	}
}
