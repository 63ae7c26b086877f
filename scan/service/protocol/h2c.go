package protocol

import "strings"

// Servers of HTTP/2 without TLS, as gRPC's, begin by their settings.
var _ = register(Protocol{
	Name:      "h2c",
	Source:    "RFC 9113 sections 3.4, 4.1 and 6.5",
	Ports:     []uint16{50051},
	Ask:       always("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
	Elsewhere: HungUp | Silent | Binary,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) < 9 || b[0] != 0 || b[3] != 4 || b[4] > 1 || strings.Trim(string(b[5:9]), "\x00") != "" || int(b[2])%6 != 0 || b[1] != 0 || b[4] == 1 && b[2] != 0 {
			return f, No
		}
		if b[2] == 0 && said.To != ToAsk {
			return f, No
		}
		for i := 9; i+6 <= min(len(b), 9+int(b[2])); i += 6 { // settings have small numbers
			if b[i] != 0 && b[i] != 0xfe && b[i] != 0xff {
				return f, No
			}
		}
		return Facts{Banner: "-"}, Whole
	},
})
