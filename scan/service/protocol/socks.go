package protocol

import "strings"

// SOCKS 5 servers choose a method in two bytes, so that these, and nothing more, are known
// by the question alone. Some know a web browser that was pointed at them.
var _ = register(Protocol{
	Name:      "socks5",
	Source:    "RFC 1928 section 3, RFC 1929",
	Ports:     []uint16{1080, 9050, 9150, 1081},
	Ask:       always("\x05\x02\x00\x02"),
	Elsewhere: Any,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		f.Banner = "-"
		if strings.HasPrefix(string(b), "HTTP/1.0 501 Tor is not an HTTP Proxy") {
			f.Product = "Tor"
			return f, Whole
		}
		if said.To != ToAsk || len(b) != 2 || b[0] != 5 {
			return Facts{}, No
		}
		switch b[1] {
		case 0:
			f.Info = "no authentication"
		case 2:
			f.Info = "wants a password"
		case 0xff:
			f.Info = "refuses our methods"
		default:
			return Facts{}, No
		}
		return f, Whole
	},
})
