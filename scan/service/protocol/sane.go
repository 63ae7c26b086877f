package protocol

import "fmt"

// SANE tells the version of its protocol.
var _ = register(Protocol{
	Name:      "sane-port",
	Source:    "SANE standard 1.06 section 5.2.1",
	Ports:     []uint16{6566},
	Ask:       always("\x00\x00\x00\x00\x01\x00\x00\x03\x00\x00\x00\x06sonde\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (Facts, Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) != 8 || be.Uint32(b) > 11 || b[4] != 1 || b[5] != 0 {
			return Facts{}, No
		}
		return Facts{Banner: "-", Info: fmt.Sprintf("protocol %d.%d.%d", b[4], b[5], be.Uint16(b[6:]))}, Whole
	},
})
