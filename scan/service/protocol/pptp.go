package protocol

import "fmt"

var _ = register(Protocol{
	Name:   "pptp",
	Source: "RFC 2637 sections 2.1 and 2.2",
	Ports:  []uint16{1723},
	Ask: always("\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x03\x00\x00\x00\x00" +
		"sonde" + zeros(64-5) + zeros(64)),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To == Unasked || len(b) < 12 || string(b[:10]) != "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x02" {
			return f, No
		}
		f.Banner = "-"
		if len(b) < 156 {
			return f, Begun
		}
		f.Host = Clip(cString(b[28:92]))
		f.Info = join(prefixed("vendor ", cString(b[92:156])), prefixed("firmware ", fmt.Sprint(be.Uint16(b[26:]))))
		return f, Whole
	},
})

func zeros(n int) string { return string(make([]byte, n)) }

// prefixed puts a word before a text that is not empty.
func prefixed(word, text string) string {
	if text == "" {
		return ""
	}
	return word + Clip(text)
}
