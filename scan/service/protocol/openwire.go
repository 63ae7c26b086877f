package protocol

import "strings"

// ActiveMQ's own protocol begins with what a broker can do.
var _ = register(Protocol{
	Name:   "openwire",
	Source: "ActiveMQ: OpenWire 2 specification, WIREFORMAT_INFO",
	Ports:  []uint16{61616},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) < 17 || b[4] != 1 || string(b[5:13]) != "ActiveMQ" {
			return f, No
		}
		f.Banner = "-"
		if size := int(be.Uint32(b)); size > maxText {
			return Facts{}, No
		} else if len(b) < 4+size {
			return f, Begun
		}
		f.Product = "ActiveMQ"
		if _, rest, ok := strings.Cut(string(b), "ProviderVersion\x09\x00"); ok && len(rest) > 1 && len(rest) > int(rest[0]) {
			f.Version = rest[1 : 1+int(rest[0])]
			f.CPE = []string{"cpe:/a:apache:activemq:" + cpeValue(f.Version)}
		}
		return f, Whole
	},
})
