package protocol

import (
	"bytes"
	"strings"
)

// CoAP over TCP begins with a message of capabilities (CSM) from both sides: length and
// token length in one byte, then the code 7.01.
var _ = register(Protocol{
	Name:      "coap",
	Source:    "RFC 8323 sections 3.2, 5.3 and 11.1",
	Ports:     []uint16{5683},
	Secure:    []uint16{5684},
	Inside:    "coaps",
	Ask:       always("\x00\xe1" + "\x00\xe2"), // CSM, and a ping
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) < 2 || b[0]&15 != 0 || b[0]>>4 > 12 || b[1] != 0xe1 || len(b) < 2+int(b[0]>>4) {
			return f, No
		}
		options := b[2 : 2+int(b[0]>>4)]
		if len(options) == 0 && said.To != ToAsk || len(options) > 0 && options[0]>>4 != 2 && options[0]>>4 != 4 { // Max-Message-Size, Block-Wise-Transfer
			return f, No
		}
		f.Banner = "-"
		return f, Whole
	},
})

// Over UDP it is asked for the list of its resources as well.
var _ = registerDatagram(Datagram{
	Name:      "coap",
	Payload:   "coap",
	Source:    "RFC 7252 sections 3 and 5.10, RFC 6690 section 4",
	Elsewhere: true,
	Read:      func([]byte) Facts { return Facts{Banner: "-"} },
	More: []Question{{
		Append: func(b []byte, id uint64) []byte {
			b = append(be.AppendUint16(append(b, 0x48, 0x01), uint16(id)), 0, 0, 0, 0, 0, 0, 0, 0) // CON, GET, a token of 8 bytes
			be.PutUint64(b[len(b)-8:], id)
			return append(b, "\xbb.well-known\x04core"...) // Uri-Path, twice
		},
		Match: func(id uint64, b []byte) bool {
			return len(b) >= 12 && b[0]&0xcf == 0x48 && b[1]>>5 >= 2 && b[1]>>5 <= 5 && be.Uint64(b[4:]) == id
		},
		Read: func(b []byte) (f Facts) {
			if len(b) < 12 || b[1] != 0x45 { // 2.05 Content
				return f
			}
			if at := bytes.IndexByte(b[12:], 0xff); at >= 0 {
				f.Info = "resources " + coapLinks(string(b[12+at+1:]))
			}
			return f
		},
	}},
})

// coapLinks are the targets of links: "</time>;ct=0,</x>" is "/time /x".
func coapLinks(text string) string {
	var list []string
	for link := range strings.SplitSeq(text, ",") {
		if path, _, ok := strings.Cut(strings.TrimPrefix(link, "<"), ">"); ok && strings.HasPrefix(link, "</") && IsText([]byte(path)) && len(list) < 8 {
			list = append(list, Clip(path))
		}
	}
	return strings.Join(list, " ")
}
