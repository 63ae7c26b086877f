package protocol

import (
	"fmt"
	"strings"
)

// NetBIOS nodes list their names: of the machine, of its workgroup or domain.
var _ = registerDatagram(Datagram{
	Name:    "netbios-ns",
	Payload: "netbios-ns",
	Source:  "RFC 1002 section 4.2.18, MS-BRWS section 2.1.1",
	Read: func(b []byte) (f Facts) {
		const names = 12 + 34 + 10 + 1 // behind header, name, and type to length
		if len(b) < names {
			return f
		}
		var group string
		rest := b[names:]
		for range int(b[names-1]) {
			if len(rest) < 18 {
				return f
			}
			name, suffix, isGroup := strings.TrimRight(string(rest[:15]), " \x00"), rest[15], rest[16]&0x80 != 0
			rest = rest[18:]
			switch {
			case suffix == 0 && !isGroup && f.Host == "":
				f.Host = Clip(name)
			case suffix == 0 && isGroup && group == "":
				group = name
			case suffix == 0x1c && isGroup:
				f.Info = "domain controller"
			}
		}
		if group != "" {
			f.Info = join("workgroup "+Clip(group), f.Info)
		}
		if len(rest) >= 6 && string(rest[:6]) != "\x00\x00\x00\x00\x00\x00" {
			f.Info = join(f.Info, fmt.Sprintf("hardware address %02x:%02x:%02x:%02x:%02x:%02x", rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]))
		}
		return f
	},
})
