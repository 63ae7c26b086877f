package protocol

// TFTP servers name no program; what they say of a file that is not there may be shown.
var _ = registerDatagram(Datagram{
	Name:      "tftp",
	Payload:   "tftp",
	Source:    "RFC 1350 section 5",
	Elsewhere: true,
	Read: func(b []byte) (f Facts) {
		if len(b) > 4 && b[1] == 5 {
			if text := cString(b[4:]); text != "" {
				f.Info = "says \"" + Clip(text) + "\""
			}
		}
		return f
	},
})
