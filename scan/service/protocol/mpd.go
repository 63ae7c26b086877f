package protocol

import "strings"

var _ = register(Protocol{
	Name:   "mpd",
	Source: "Music Player Daemon: protocol reference",
	Ports:  []uint16{6600},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		version, ok := strings.CutPrefix(line, "OK MPD ")
		if !ok {
			return f, No
		}
		f.Info = "protocol " + Clip(version) // which is that of the program, or an older one
		return f, when(whole)
	},
})
