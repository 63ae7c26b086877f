package protocol

import "strings"

// Zabbix agents and servers frame what they say alike. An agent tells its version to who
// may ask, and closes before all others.
var _ = register(Protocol{
	Name:      "zabbix-agent",
	Source:    "zabbix.com: protocols, header and data length; agent.version",
	Ports:     []uint16{10050, 10051},
	Ask:       always("ZBXD\x01\x0d\x00\x00\x00\x00\x00\x00\x00agent.version"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) < 13 || string(b[:4]) != "ZBXD" || b[4] > 7 {
			return f, No
		}
		f.Banner = "-"
		size := le.Uint32(b[5:])
		if size > maxText {
			return Facts{}, No
		}
		if len(b) < 13+int(size) {
			return f, Begun
		}
		text := string(b[13 : 13+size])
		switch {
		case strings.HasPrefix(text, "{\"response\""), strings.HasPrefix(text, "{\"version\""):
			f.Service = "zabbix-trapper"
			f.Product = "Zabbix"
		case said.To == ToAsk && len(text) < 32 && len(text) > 2 && isDigit(text[0]) && strings.Contains(text, "."):
			f.Product, f.Version = "Zabbix agent", text
		}
		return f, Whole
	},
})
