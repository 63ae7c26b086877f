package wire

import (
	"bytes"
	"strings"
	"testing"
)

// fuzzParse looks for packets that panic or lead Parse out of bounds, or of
// which it reports what cannot be.
func fuzzParse(f *testing.F, etherType uint16) {
	g := newGenerator(8)
	for range 60 {
		if b := g.packet(); typeOf(b) == etherType {
			f.Add(b)
		}
	}
	f.Add(AppendARP(nil, &ARP{Op: 1, SenderIP: a4, TargetIP: b4}))
	reused := new(Packet)
	f.Fuzz(func(t *testing.T, b []byte) {
		// A capacity beyond the length would hide a read behind the end.
		b = append(make([]byte, 0, len(b)), b...)
		fresh := new(Packet)
		ok := fresh.Parse(b, etherType)
		reused.Parse(b, etherType)
		wantPacket(t, reused, fresh)
		if ok != (fresh.Layer != LayerNone) {
			t.Fatalf("parsed %v, layer %d", ok, fresh.Layer)
		}
		if !ok {
			wantPacket(t, fresh, &Packet{})
			return
		}
		q := &fresh.Quote
		if q.Len < 0 || q.Len > len(fresh.Payload) || fresh.TCP.OptLen > 40 || q.TCP.OptLen > 40 || q.MPLSLen > QuotedLabels {
			t.Fatalf("%+v", fresh)
		}
		if (q.HasTCP && !q.HasSeq) || (q.HasSeq && !q.HasPorts) || q.Len == 0 && *q != (Quote{}) {
			t.Fatalf("%+v", q)
		}
		if etherType != TypeARP && fresh.IP.Dst.Is4() != (etherType == TypeIPv4) {
			t.Fatalf("EtherType %04x to %v", etherType, fresh.IP.Dst)
		}
		AppendOptions(nil, fresh.TCP.Options())
	})
}

func FuzzParseIPv4(f *testing.F) { fuzzParse(f, TypeIPv4) }
func FuzzParseIPv6(f *testing.F) { fuzzParse(f, TypeIPv6) }
func FuzzParseARP(f *testing.F)  { fuzzParse(f, TypeARP) }

func FuzzParseOptions(f *testing.F) {
	for _, text := range []string{"none", "linux", "macos", "mss=1460,sackok,ts=1:2,nop,wscale=7,eol", "opt=34:0102", "raw=02", ","} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, v6 bool) {
		opts, ts, err := ParseOptions(text, v6)
		if err != nil {
			return
		}
		if len(opts) > 40 || len(opts)%4 != 0 {
			t.Fatalf("%q: %d bytes", text, len(opts))
		}
		if ts != 0 && (opts[ts-2] != OptTimestamp || !zero(opts[ts:ts+8])) {
			t.Fatalf("%q: no timestamp at %d: %x", text, ts, opts)
		}
		sameOptions(t, opts)
	})
}

func FuzzAppendOptions(f *testing.F) {
	f.Add([]byte{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7})
	f.Add([]byte{0, 1})
	f.Add([]byte{2, 0})
	f.Add([]byte{253, 2, 2})
	f.Fuzz(func(t *testing.T, opts []byte) {
		text := string(AppendOptions(nil, opts))
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789=:,") != "" {
			t.Fatalf("%x: %q", opts, text)
		}
		if len(opts) <= 40 {
			sameOptions(t, opts)
		}
	})
}

// sameOptions fails where the text of opts does not become opts again, but for
// zeros at the end.
func sameOptions(t *testing.T, opts []byte) {
	t.Helper()
	text := string(AppendOptions(nil, opts))
	again, _, err := ParseOptions(text, false)
	if err != nil {
		t.Fatalf("%x: %q: %v", opts, text, err)
	}
	if !bytes.Equal(bytes.TrimRight(again, "\x00"), bytes.TrimRight(opts, "\x00")) {
		t.Fatalf("%x: %q: became %x", opts, text, again)
	}
}
