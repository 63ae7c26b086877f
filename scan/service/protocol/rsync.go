package protocol

import "strings"

var _ = register(Protocol{
	Name:   "rsync",
	Source: "rsync's csprotocol.txt",
	Ports:  []uint16{873},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		text, ok := strings.CutPrefix(line, "@RSYNCD: ")
		if !ok {
			return f, No
		}
		f.Text, f.Info = text, "protocol "+Clip(text)
		return f, when(whole)
	},
})
