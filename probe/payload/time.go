package payload

// time asks for the time in seconds since 1900. RFC 868 has the client
// send an empty datagram; servers do not look, and ours holds the identifier,
// so that the checksum tells the flow. The answer does not repeat it.
//
// Tried on xinetd 2.3.15.
var _ = register(Payload{
	Name:   "time",
	Ports:  []uint16{37},
	Source: "RFC 868",
	Append: appendAnything,
	Match: func(_ uint64, answer []byte) bool {
		// The top bit is set since January 1968, also by clocks that start at
		// 1970, until the count wraps in February 2036.
		return len(answer) == 4 && answer[0]&0x80 != 0
	},
})
