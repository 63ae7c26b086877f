package payload

import "bytes"

// daytime asks for date and time as text. It has no defined syntax (RFC 867),
// but no date is without digits. The protocol has no identifier.
//
// Tried on xinetd 2.3.15.
var daytime = register(Payload{
	Name:   "daytime",
	Ports:  []uint16{13},
	Source: "RFC 867",
	Append: appendAnything,
	Match: func(_ uint64, answer []byte) bool {
		return len(answer) <= trivialLimit && isText(answer) && bytes.ContainsAny(answer, "0123456789")
	},
})
