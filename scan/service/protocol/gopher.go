package protocol

import "strings"

// Gopher servers answer by lines of a menu, the last of which is a dot: type and text,
// selector, host and port, with tabs between them.
var _ = register(Protocol{
	Name:      "gopher",
	Source:    "RFC 1436 sections 2 and 3.8",
	Ports:     []uint16{70},
	Ask:       always("\r\n"),
	Elsewhere: Silent,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		words := strings.Split(line, "\t")
		if said.To == Unasked || !whole || len(words) < 4 || words[0] == "" || !strings.ContainsRune("0123456789+TgIihs", rune(words[0][0])) || !allDigits(words[3]) || len(words[3]) > 5 || words[2] == "" || strings.Contains(words[2], " ") {
			return f, No
		}
		return f, Some
	},
})
