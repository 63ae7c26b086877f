package protocol

// A display manager names its host, and says how willing it is.
var _ = registerDatagram(Datagram{
	Name:    "xdmcp",
	Payload: "xdmcp",
	Source:  "X Display Manager Control Protocol 1.1 section 4",
	Read: func(b []byte) (f Facts) {
		if len(b) < 6 {
			return f
		}
		var words []string
		for rest := b[6:]; len(rest) >= 2; {
			size := int(be.Uint16(rest))
			if size > len(rest)-2 {
				break
			}
			words = append(words, string(rest[2:2+size]))
			rest = rest[2+size:]
		}
		if b[3] == 5 && len(words) > 0 { // willing: the way of proof comes first
			words = words[1:]
		}
		if len(words) == 2 {
			f.Host, f.Info = Clip(words[0]), "says \""+Clip(words[1])+"\""
		}
		return f
	},
})
