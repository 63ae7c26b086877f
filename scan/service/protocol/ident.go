package protocol

import (
	"strings"
)

var identAnswer = grammar(`^ *\d+ *, *\d+ *: *(ERROR|USERID) *: *\S`)

var _ = register(Protocol{
	Name:      "ident",
	Source:    "RFC 1413 section 4",
	Ports:     []uint16{113},
	Ask:       always("1, 1\r\n"),
	Elsewhere: Silent | HungUp,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		if said.To == Unasked || !identAnswer().MatchString(line) {
			return f, No
		}
		f.Banner = strings.TrimSpace(line)
		return f, when(whole)
	},
})
