package protocol

import "strings"

// Guacamole's proxy answers a choice of protocol by the arguments that it wants.
var _ = register(Protocol{
	Name:      "guacd",
	Source:    "Guacamole protocol reference: select, args",
	Ports:     []uint16{4822},
	Ask:       always("6.select,3.vnc;"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		text := said.Text()
		if said.To == Unasked || !strings.HasPrefix(text, "4.args,") && !strings.HasPrefix(text, "5.error,") {
			return f, No
		}
		f.Product, f.Banner = "guacd", "-"
		f.Info = prefixed("protocol ", strings.ReplaceAll(between(text, "VERSION_", ","), "_", "."))
		return f, when(strings.Contains(text, ";"))
	},
})
