package protocol

import "strings"

var _ = register(Protocol{
	Name:   "tarantool",
	Source: "tarantool.io: binary protocol, greeting",
	Ports:  []uint16{3301},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		rest, ok := strings.CutPrefix(line, "Tarantool ")
		if !ok || rest == "" || !isDigit(rest[0]) {
			return f, No
		}
		f.Product = "Tarantool"
		f.Version, _, _ = strings.Cut(Clip(rest), " ")
		f.CPE = []string{"cpe:/a:tarantool:tarantool:" + cpeValue(f.Version)}
		return f, when(whole)
	},
})
