package protocol

import "strings"

var _ = register(Protocol{
	Name:   "asterisk-manager",
	Source: "docs.asterisk.org: Asterisk Manager Interface",
	Ports:  []uint16{5038},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		version, ok := strings.CutPrefix(line, "Asterisk Call Manager/")
		if !ok {
			return f, No
		}
		f.Product, f.Info = "Asterisk", "protocol "+Clip(version)
		return f, when(whole)
	},
})
