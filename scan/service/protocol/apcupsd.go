package protocol

import "strings"

var _ = register(Protocol{
	Name:      "apcupsd",
	Source:    "apcupsd: network information server protocol",
	Ports:     []uint16{3551},
	Ask:       always("\x00\x06status"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		text := said.Text()
		if said.To != ToAsk || len(text) < 8 || text[0] != 0 || !strings.HasPrefix(text[2:], "APC      :") {
			return f, No
		}
		f.Product, f.Banner = "apcupsd", "-"
		version, _, _ := strings.Cut(strings.TrimSpace(between(text, "VERSION  :", "\n")), " ")
		f.Version, f.Host = version, strings.TrimSpace(between(text, "HOSTNAME :", "\n"))
		if f.Version == "" {
			return f, Begun
		}
		return f, Whole
	},
})
