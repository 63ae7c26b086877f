package protocol

import (
	"fmt"
	"strings"
)

// QUIC servers list their versions.
var _ = registerDatagram(Datagram{
	Name:      "quic",
	Payload:   "quic",
	Source:    "RFC 8999 section 6, RFC 9000 section 15, RFC 9369 section 3.1",
	Elsewhere: true,
	Read: func(b []byte) (f Facts) {
		if len(b) < 7 || len(b) < 7+int(b[5])+int(b[6+min(int(b[5]), len(b)-7)]) {
			return f
		}
		var list []string
		for rest := b[min(len(b), 7+int(b[5])+int(b[6+int(b[5])])):]; len(rest) >= 4 && len(list) < 16; rest = rest[4:] {
			switch v := be.Uint32(rest); {
			case v&0x0f0f0f0f == 0x0a0a0a0a: // reserved, so that nobody relies on the list
			case v == 1:
				list = append(list, "1")
			case v == 0x709a50c4: // drafts of RFC 9369
				list = append(list, "2-draft")
			case v == 0x6b3343cf:
				list = append(list, "2")
			case v>>8 == 0xff0000:
				list = append(list, fmt.Sprintf("draft-%d", v&0xff))
			default:
				list = append(list, fmt.Sprintf("%#x", v))
			}
		}
		if len(list) > 0 {
			f.Info = "versions " + strings.Join(list, " ")
		}
		return f
	},
})
