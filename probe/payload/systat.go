package payload

// systat asks who is logged in. The answer is text of no defined form, one user
// a line, and the protocol has no identifier.
//
// Unverified.
var systat = register(Payload{
	Name:   "systat",
	Ports:  []uint16{11},
	Source: "RFC 866",
	Append: appendAnything,
	Match: func(_ uint64, answer []byte) bool {
		return isText(answer) // of several datagrams if need be, each of 512 bytes or, today, more
	},
})
