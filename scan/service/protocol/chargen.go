package protocol

// Chargen sends lines of 72 characters, each of which begins with the second of the one
// before.
var _ = register(Protocol{
	Name:   "chargen",
	Source: "RFC 864",
	Ports:  []uint16{19},
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		b := said.Bytes
		if len(b) < 74+2 || b[72] != '\r' || b[73] != '\n' || b[74] != b[1] || b[75] != b[2] {
			return Facts{}, No
		}
		for i, c := range b[1:72] {
			if c != b[i]+1 && !(c == ' ' || c == '!' && b[i] != ' ') || c >= 0x7f {
				return Facts{}, No
			}
		}
		return Facts{Banner: "-"}, Whole
	},
})
