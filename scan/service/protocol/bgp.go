package protocol

import (
	"fmt"
	"strings"
)

var _ = register(Protocol{
	Name:   "bgp",
	Source: "RFC 4271 sections 4.1, 4.2 and 4.5",
	Ports:  []uint16{179},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) < 19 || string(b[:16]) != strings.Repeat("\xff", 16) || b[18] < 1 || b[18] > 5 {
			return f, No
		}
		f.Banner = "-"
		size := int(be.Uint16(b[16:]))
		if size < 19 || size > 4096 {
			return Facts{}, No
		}
		if len(b) < size {
			return f, Begun
		}
		switch {
		case b[18] == 1 && size >= 29: // OPEN
			f.Info = fmt.Sprintf("AS %d, identifier %d.%d.%d.%d", be.Uint16(b[20:]), b[24], b[25], b[26], b[27])
		case b[18] == 3: // NOTIFICATION
			f.Info = "refuses this host"
		}
		return f, Whole
	},
})
