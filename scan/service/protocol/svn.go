package protocol

import "strings"

var _ = register(Protocol{
	Name:   "svn",
	Source: "Subversion: svn/protocol",
	Ports:  []uint16{3690},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		text := said.Text()
		if !strings.HasPrefix(text, "( success ( ") || said.To == ToAsk {
			return f, No
		}
		f.Banner = "-"
		return f, when(strings.HasSuffix(text, ") ) ) "))
	},
})
