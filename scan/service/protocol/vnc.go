package protocol

import "strings"

// VNC servers state their version of the protocol, and each of these is what a viewer
// answers, too.
var _ = register(Protocol{
	Name:   "vnc",
	Source: "RFC 6143 sections 7.1.1 and 7.1.2",
	Ports:  []uint16{5900, 5901, 5902, 5903},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		if !strings.HasPrefix(line, "RFB ") || len(line) != 11 || line[7] != '.' {
			return f, No
		}
		f.Text, f.Info = line[4:], "protocol "+line[4:]
		return f, when(whole)
	},
})
