package protocol

import "strings"

// memcached says ERROR to what is no command of its own, as others do, so that only its
// version tells.
var _ = register(Protocol{
	Name:      "memcached",
	Source:    "memcached's protocol.txt",
	Ports:     []uint16{11211},
	Ask:       always("version\r\n"),
	Elsewhere: HungUp,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		if version, ok := strings.CutPrefix(line, "VERSION "); ok && said.To == ToAsk && version != "" && isDigit(version[0]) {
			f.Product, f.Version, f.Banner = "Memcached", Clip(version), "-"
			f.CPE = []string{"cpe:/a:memcached:memcached:" + cpeValue(f.Version)}
			return f, when(whole)
		}
		if line == "ERROR" && said.To != Unasked {
			return f, unclear(whole)
		}
		return f, No
	},
})

var _ = registerDatagram(Datagram{
	Name:    "memcached",
	Payload: "memcached",
	Source:  "memcached's protocol.txt, UDP protocol",
	Read: func(b []byte) (f Facts) {
		f.Banner = "-"
		line, _ := firstLine(string(b[min(8, len(b)):]))
		if version, ok := strings.CutPrefix(line, "VERSION "); ok && version != "" && isDigit(version[0]) {
			f.Product, f.Version = "Memcached", Clip(version)
			f.CPE = []string{"cpe:/a:memcached:memcached:" + cpeValue(f.Version)}
		}
		return f
	},
})
