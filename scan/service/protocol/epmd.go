package protocol

import (
	"fmt"
	"strings"
)

var _ = register(Protocol{
	Name:      "epmd",
	Source:    "Erlang distribution protocol: NAMES_REQ",
	Ports:     []uint16{4369},
	Ask:       always("\x00\x01n"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 4 || be.Uint32(b) == 0 || be.Uint32(b) > 65535 || !isPrintable(b[4:]) {
			return f, No
		}
		f.Banner = "-"
		var names []string
		for line := range strings.Lines(string(b[4:])) {
			var name string
			var port int
			if n, _ := fmt.Sscanf(line, "name %s at port %d", &name, &port); n != 2 {
				return Facts{}, No
			}
			if len(names) < 5 {
				names = append(names, Clip(name))
			}
		}
		f.Info = prefixed("nodes ", strings.Join(names, " "))
		return f, Some
	},
})
