package protocol

import "strings"

var _ = register(Protocol{
	Name:   "spamd",
	Source: "SpamAssassin: spamd/PROTOCOL",
	Ports:  []uint16{783},
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		if version, ok := strings.CutPrefix(line, "SPAMD/"); !ok || len(version) < 5 || !isDigit(version[0]) {
			return f, No
		}
		f.Product = "SpamAssassin spamd"
		return f, when(whole)
	},
})
