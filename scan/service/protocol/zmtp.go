package protocol

import "strings"

// ZeroMQ peers greet each other: signature, version and mechanism.
var _ = register(Protocol{
	Name:   "zmtp",
	Source: "RFC 23/ZMTP 3.0: greeting",
	Ports:  []uint16{4505, 4506},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) < 10 || b[0] != 0xff || b[9] != 0x7f || strings.Trim(string(b[1:8]), "\x00") != "" {
			return f, No
		}
		return Facts{Banner: "-"}, Some
	},
})
