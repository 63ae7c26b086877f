package protocol

import "strings"

var _ = register(Protocol{
	Name:      "cql",
	Source:    "CQL binary protocol v4 sections 2 and 4.1.3",
	Ports:     []uint16{9042},
	Secure:    []uint16{9142},
	Ask:       always("\x04\x00\x00\x00\x05\x00\x00\x00\x00"), // OPTIONS
	Elsewhere: HungUp | Silent | Binary,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To == Unasked || len(b) < 9 || b[0] < 0x83 || b[0] > 0x85 || b[4] != 6 && b[4] != 0 {
			return f, No
		}
		text := string(b[9:])
		f.Banner = "-"
		switch {
		case b[4] == 6 && strings.Contains(text, "CQL_VERSION"): // SUPPORTED
			if _, rest, ok := strings.Cut(text, "CQL_VERSION\x00\x01\x00"); ok && len(rest) > 1 && len(rest) > int(rest[0]) {
				f.Info = "CQL " + Clip(rest[1:1+int(rest[0])])
			}
		case b[4] == 0 && strings.Contains(text, "nvalid or unsupported protocol version"): // ERROR
		default:
			return Facts{}, No
		}
		return f, Whole
	},
})
