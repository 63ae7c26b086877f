package protocol

var _ = register(Protocol{
	Name:      "kafka",
	Source:    "kafka.apache.org/protocol: request header v1, ApiVersions v0",
	Ports:     []uint16{9092},
	Secure:    []uint16{9093},
	Ask:       always("\x00\x00\x00\x0f\x00\x12\x00\x00sond\x00\x05sonde"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 14 || string(b[4:8]) != "sond" {
			return f, No
		}
		size, count := int(be.Uint32(b)), int(be.Uint32(b[10:]))
		if be.Uint16(b[8:]) > 100 || count > 1000 || size < 10+6*count {
			return f, No
		}
		f.Banner = "-"
		return f, Whole
	},
})
