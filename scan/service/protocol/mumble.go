package protocol

import (
	"fmt"
	"strings"
)

// Mumble servers tell their version to a client that tells its own, inside TLS.
var _ = register(Protocol{
	Name:   "mumble",
	Source: "Mumble protocol: TCP stack, Version",
	Secure: []uint16{64738},
	Inside: "mumble",
	Ask:    always("\x00\x00\x00\x00\x00\x04\x08\x80\x86\x04"), // version 1.3.0
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 10 || b[0] != 0 || b[1] != 0 || be.Uint32(b[2:]) > 512 || b[6] != 0x08 {
			return f, No
		}
		if len(b) < 6+int(be.Uint32(b[2:])) {
			return f, Begun
		}
		version, at := 0, 7
		for shift := 0; at < len(b) && shift < 28; shift += 7 {
			version |= int(b[at]&0x7f) << shift
			if at++; b[at-1]&0x80 == 0 {
				break
			}
		}
		if version>>16 != 1 {
			return Facts{}, No
		}
		f.Product, f.Version, f.Banner = "Murmur", fmt.Sprintf("%d.%d.%d", version>>16, version>>8&255, version&255), "-"
		if !strings.Contains(string(b), "umble") && !strings.Contains(string(b), "urmur") {
			f.Product = ""
		}
		return f, Whole
	},
})

// Over UDP a ping is answered by the version and by how many users there are.
var _ = registerDatagram(Datagram{
	Name:    "mumble",
	Payload: "mumble",
	Source:  "Mumble protocol: UDP ping packet",
	Read: func(b []byte) (f Facts) {
		f.Banner = "-"
		if len(b) < 24 {
			return f
		}
		f.Info = fmt.Sprintf("protocol %d.%d.%d, %d of %d users", be.Uint16(b), b[2], b[3], be.Uint32(b[12:]), be.Uint32(b[16:]))
		return f
	},
})
