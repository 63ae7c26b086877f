package protocol

import "strings"

var _ = register(Protocol{
	Name:      "gearman",
	Source:    "gearman.org/protocol: administrative protocol, binary packet",
	Ports:     []uint16{4730},
	Ask:       always("version\n"),
	Elsewhere: 0,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		f.Banner = "-"
		switch {
		case said.To == ToAsk && strings.HasPrefix(line, "OK ") && len(line) > 4 && isDigit(line[3]) && strings.Contains(line, "."):
			f.Product, f.Version = "gearmand", Clip(line[3:])
			return f, when(whole)
		case said.To != Unasked && strings.HasPrefix(line, "ERR UNKNOWN_COMMAND "):
			return f, when(whole)
		case strings.HasPrefix(line, "\x00RES\x00\x00\x00"):
			return f, Whole
		}
		return Facts{}, No
	},
})
