package protocol

import "strings"

var _ = register(Protocol{
	Name:   "nbd",
	Source: "NBD's proto.md: handshake",
	Ports:  []uint16{10809},
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		b := said.Bytes
		if !strings.HasPrefix(string(b), "NBDMAGIC") {
			return Facts{}, No
		}
		switch {
		case len(b) < 18:
			return Facts{Banner: "-"}, Begun
		case string(b[8:16]) == "IHAVEOPT":
			return Facts{Banner: "-"}, Whole
		case be.Uint64(b[8:]) == 0x420281861253:
			return Facts{Banner: "-", Info: "old style"}, Whole
		}
		return Facts{}, No
	},
})
