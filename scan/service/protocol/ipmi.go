package protocol

import "fmt"

// A controller of a machine says who made it, and which versions of IPMI and which ways of
// proving who one is it knows.
var _ = registerDatagram(Datagram{
	Name:    "asf-rmcp",
	Payload: "ipmi",
	Source:  "ASF 2.0 section 3.2.4.3, IPMI 2.0 sections 13.6 and 22.13",
	Read: func(b []byte) (f Facts) {
		if len(b) < 24 {
			return f
		}
		if b[20]&0x80 != 0 {
			f.Info = "speaks IPMI"
		}
		if oem := be.Uint32(b[12:]); oem != 4542 { // of the ASF itself
			f.Info = join(f.Info, fmt.Sprintf("enterprise %d", oem))
		}
		return f
	},
	More: []Question{{
		Append: func(b []byte, id uint64) []byte {
			seq := byte(id&0x3f) << 2
			b = append(b, 6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0x18, 0xc8, 0x81, seq, 0x38, 0x8e, 4)
			return append(b, -(0x81 + seq + 0x38 + 0x8e + 4))
		},
		Match: func(id uint64, b []byte) bool {
			return len(b) == 30 && string(b[:5]) == "\x06\x00\xff\x07\x00" && b[14] == 0x81 && b[15] == 0x1c && b[18]&0xfc == byte(id&0x3f)<<2 && b[19] == 0x38 && b[20] == 0
		},
		Read: func(b []byte) (f Facts) {
			if len(b) < 30 {
				return f
			}
			f.Info = "IPMI 1.5"
			if b[22]&0x80 != 0 && b[24]&2 != 0 {
				f.Info = "IPMI 2.0"
			}
			if b[22]&1 != 0 {
				f.Info += ", lets in without proof"
			}
			if oem := uint32(b[25]) | uint32(b[26])<<8 | uint32(b[27])<<16; oem != 0 {
				f.Info += fmt.Sprintf(", enterprise %d", oem)
			}
			return f
		},
	}},
})
