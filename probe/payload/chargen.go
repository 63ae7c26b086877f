package payload

// chargen asks for characters, of which the server sends a random number, at
// most 512: one datagram for one datagram (RFC 864). The protocol has no
// identifier.
//
// Tried on xinetd 2.3.15.
var chargen = register(Payload{
	Name:   "chargen",
	Ports:  []uint16{19},
	Source: "RFC 864",
	Append: appendAnything,
	Match: func(_ uint64, answer []byte) bool {
		return len(answer) <= chargenLimit && isText(answer)
	},
})

// xinetd and others send whole lines of 74 bytes, and some a buffer of 1024.
const chargenLimit = 1024
