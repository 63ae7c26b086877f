package protocol

import "strings"

var _ = register(Protocol{
	Name:      "ovsdb",
	Source:    "RFC 7047 sections 4.1.1 and 4.1.11",
	Ports:     []uint16{6640},
	Secure:    []uint16{},
	Ask:       always(`{"method":"list_dbs","params":[],"id":"sonde"}`),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		text := string(said.Bytes[:min(len(said.Bytes), 1024)])
		f.Banner = "-"
		switch {
		case said.To == ToAsk && strings.HasPrefix(text, `{`) && strings.Contains(text, `"id":"sonde"`) && strings.Contains(text, `"result":[`):
			f.Info = prefixed("databases ", strings.ReplaceAll(strings.ReplaceAll(between(text, `"result":[`, `]`), `"`, ""), ",", " "))
			return f, Whole
		case strings.HasPrefix(text, `{"id":"echo","method":"echo","params":[]}`):
			return f, Whole
		}
		return Facts{}, No
	},
})
