package protocol

import "strings"

// distccd answers what is no request by a line, or not at all.
var _ = register(Protocol{
	Name:   "distcc",
	Source: "distcc: protocol-1.txt",
	Ports:  []uint16{3632},
	Read: func(said Said) (f Facts, m Match) {
		if text := said.Text(); said.To == Unasked || len(text) < 12 || !strings.HasPrefix(text, "DONE0000000") {
			return f, No
		}
		return Facts{Banner: "-"}, Whole
	},
})
