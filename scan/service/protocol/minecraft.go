package protocol

import "strings"

var _ = register(Protocol{
	Name:      "minecraft",
	Source:    "minecraft.wiki: Java Edition protocol, server list ping",
	Ports:     []uint16{25565},
	Ask:       always("\x10\x00\xff\xff\xff\xff\x0f\x07invalid\x63\xdd\x01" + "\x01\x00"),
	Elsewhere: Silent | HungUp,
	Read: func(said Said) (f Facts, m Match) {
		text := said.Text()
		if said.To != ToAsk || !strings.Contains(text[:min(len(text), 16)], "{\"") || !strings.Contains(text, "\"version\"") || !strings.Contains(text, "\"protocol\"") {
			return f, No
		}
		f.Banner = "-"
		f.Info = prefixed("version ", between(between(text, "\"version\":", "}"), "\"name\":\"", "\""))
		return f, Whole
	},
})
