package protocol

import "fmt"

// Controllers of OpenFlow say hello by the newest version that they know.
var _ = register(Protocol{
	Name:   "openflow",
	Source: "OpenFlow Switch Specification 1.3 sections 7.1 and 7.5.1",
	Ports:  []uint16{6653, 6633},
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		b := said.Bytes
		if said.To != Unasked || len(b) < 8 || b[0] < 1 || b[0] > 6 || b[1] != 0 || int(be.Uint16(b[2:])) != len(b) || len(b) > 32 || len(b)%8 != 0 {
			return Facts{}, No
		}
		if len(b) == 16 && be.Uint16(b[8:]) != 1 { // versions
			return Facts{}, No
		}
		return Facts{Banner: "-", Info: fmt.Sprintf("protocol 1.%d", b[0]-1)}, Some
	},
})
