package protocol

import "strings"

// UPnP devices say in SERVER what they are, and in LOCATION where they are described.
var _ = registerDatagram(Datagram{
	Name:    "ssdp",
	Payload: "ssdp",
	Source:  "UPnP Device Architecture 1.1 section 1.3.3",
	Read: func(b []byte) (f Facts) {
		for line := range strings.SplitSeq(string(b[:min(len(b), maxText)]), "\r\n") {
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			switch {
			case value == "":
			case strings.EqualFold(name, "SERVER"):
				var rest string
				f.Product, f.Version, rest = ServerTokens(Clip(value))
				f.Info = join(rest, f.Info)
			case strings.EqualFold(name, "LOCATION"):
				f.Info = join(f.Info, Clip(value))
			}
		}
		return f
	},
})
