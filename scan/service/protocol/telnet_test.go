package protocol

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestNoTelnet: text in Latin-1 and other bytes are none.
func TestNoTelnet(t *testing.T) {
	for _, b := range []string{"\xff", "\xff\xfd", "hi\xff\xfbz", "na\xefve \xff\xfd\x18", "\x00\xff\xfd\x18", "\xff\xff\xff", "\xff\xfa\x18", strings.Repeat("\xff", 99)} {
		if r := Identify(Said{Bytes: []byte(b)}); r.Protocol != nil && r.Protocol.Name == "telnet" {
			t.Errorf("%q is %+v", b, r)
		}
	}
}

func FuzzTelnet(f *testing.F) {
	f.Add([]byte("\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0login: "), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		var one, pieces negotiation
		one.add(b)
		for piece := range slices.Chunk(b, int(size)+1) {
			pieces.add(piece)
		}
		if !bytes.Equal(one.text, pieces.text) || !bytes.Equal(one.refusal, pieces.refusal) {
			t.Errorf("%+v, in pieces %+v", one, pieces)
		}
		if len(one.text) > maxText || len(one.refusal) > 3*512 || len(one.lines()) > maxLine {
			t.Error("too much is kept")
		}
	})
}
