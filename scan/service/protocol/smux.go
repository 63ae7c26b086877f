package protocol

// SMUX agents close with a reason, in a form of its own, what does not begin as a peer does.
var _ = register(Protocol{
	Name:   "smux",
	Source: "RFC 1227 section 3.1.3",
	Ports:  []uint16{199},
	Read: func(said Said) (Facts, Match) {
		b := said.Bytes
		if said.To == Unasked || len(b) < 3 || b[0] != 0x41 || b[1] != 1 || b[2] > 10 || len(b) > 12 {
			return Facts{}, No
		}
		return Facts{Banner: "-"}, Some
	},
})
