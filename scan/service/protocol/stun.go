package protocol

// STUN servers, and those of TURN, name themselves in answers.
var _ = register(Protocol{
	Name:      "stun",
	Source:    "RFC 8489 sections 5, 7.3 and 14.14",
	Ports:     []uint16{3478},
	Secure:    []uint16{5349},
	Inside:    "stuns",
	Ask:       always("\x00\x01\x00\x00\x21\x12\xa4\x42sonde-asks-u"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 20 || b[0] != 1 || b[1] != 1 && b[1] != 0x11 || string(b[4:20]) != "\x21\x12\xa4\x42sonde-asks-u" {
			return f, No
		}
		size := int(be.Uint16(b[2:]))
		if len(b) < 20+size {
			return f, Begun
		}
		f.Banner = "-"
		f.Product, f.Version = stunSoftware(b[20 : 20+size])
		return f, Whole
	},
})

var _ = registerDatagram(Datagram{
	Name:      "stun",
	Payload:   "stun",
	Source:    "RFC 8489 sections 5 and 14.14",
	Elsewhere: true,
	Read: func(b []byte) (f Facts) {
		f.Banner = "-"
		f.Product, f.Version = stunSoftware(b[min(20, len(b)):])
		return f
	},
})

// stunSoftware finds SOFTWARE among the attributes.
func stunSoftware(b []byte) (product, version string) {
	for len(b) >= 4 {
		kind, length := be.Uint16(b), int(be.Uint16(b[2:]))
		if len(b) < 4+length {
			break
		}
		if kind == 0x8022 {
			return splitVersion(Clip(cString(b[4 : 4+length])))
		}
		b = b[min(len(b), 4+(length+3)&^3):]
	}
	return "", ""
}
