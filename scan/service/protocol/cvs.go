package protocol

import "strings"

var _ = register(Protocol{
	Name:   "cvspserver",
	Source: "CVS: client/server protocol, authentication",
	Ports:  []uint16{2401},
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		if said.To == Unasked || !strings.HasPrefix(line, "cvs [") || !strings.Contains(line, "bad auth protocol start") {
			return f, No
		}
		return f, when(whole)
	},
})
