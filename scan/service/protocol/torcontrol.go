package protocol

import "strings"

// Tor's control port tells its version to everybody, once.
var _ = register(Protocol{
	Name:   "tor-control",
	Source: "Tor: control-spec, PROTOCOLINFO",
	Ports:  []uint16{9051},
	Ask:    always("PROTOCOLINFO 1\r\n"),
	Read: func(said Said) (f Facts, m Match) {
		text := said.Text()
		f.Banner = "-"
		switch {
		case strings.HasPrefix(text, "250-PROTOCOLINFO "):
			if version := between(text, "250-VERSION Tor=\"", "\""); version != "" {
				f.Product, f.Version, f.CPE = "Tor", version, []string{"cpe:/a:torproject:tor:" + cpeValue(version)}
			}
			return f, when(strings.Contains(text, "\n250 OK"))
		case strings.HasPrefix(text, "HTTP/1.0 501 Tor ControlPort is not an HTTP proxy\r\n"):
			f.Product = "Tor"
			return f, Whole
		case said.To != Unasked && (strings.HasPrefix(text, "514 Authentication required.") || strings.HasPrefix(text, "510 Command filtered")):
			return f, when(lineEnds(said.Bytes))
		}
		return Facts{}, No
	},
})
