package protocol

// RADIUS servers say whether they let somebody in, and a text for him.
var _ = registerDatagram(Datagram{
	Name:    "radius",
	Payload: "radius",
	Source:  "RFC 2865 sections 3, 4 and 5.18",
	Read: func(b []byte) (f Facts) {
		if len(b) < 20 {
			return f
		}
		f.Info = map[byte]string{2: "accepts", 3: "rejects", 11: "challenges"}[b[0]]
		rest := b[20:min(len(b), max(20, int(be.Uint16(b[2:]))))]
		for len(rest) >= 2 && int(rest[1]) >= 2 && int(rest[1]) <= len(rest) {
			if rest[0] == 18 {
				f.Info = join(f.Info, "says \""+Clip(string(rest[2:rest[1]]))+"\"")
			}
			rest = rest[rest[1]:]
		}
		return f
	},
})
