package protocol

// An alert tells a server that wants TLS and was asked in clear. What it has to say is
// found out by a handshake, for which package service has crypto/tls.
var TLS = register(Protocol{
	Name:   "tls",
	Source: "RFC 8446 section 5.1 and 6",
	Read: func(said Said) (Facts, Match) {
		b := said.Bytes
		switch {
		case len(b) < 2 || b[0] != 0x15 || b[1] != 3:
			return Facts{}, No
		case len(b) >= 7:
			return Facts{Banner: "-"}, Whole
		}
		return Facts{Banner: "-"}, Some
	},
})
