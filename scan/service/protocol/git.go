package protocol

import "strings"

// A git daemon says why it does not serve a repository that nobody has.
var _ = register(Protocol{
	Name:      "git",
	Source:    "git: gitprotocol-pack(5), gitprotocol-common(5)",
	Ports:     []uint16{9418},
	Ask:       always("002cgit-upload-pack /sonde.git\x00host=invalid\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Text()
		if len(b) < 8 || strings.Trim(b[:4], "0123456789abcdef") != "" || b[4:8] != "ERR " || said.To == Unasked {
			return f, No
		}
		return f, Whole
	},
})
