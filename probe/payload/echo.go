package payload

import "encoding/binary"

// echo asks for its own datagram back. It is the one protocol whose answer is
// the question, so that Match cannot tell it from a reflection.
//
// Tried on xinetd 2.3.15.
var echo = register(Payload{
	Name:   "echo",
	Ports:  []uint16{7},
	Source: "RFC 862",
	Bits:   64,
	Append: binary.BigEndian.AppendUint64,
	Match: func(id uint64, answer []byte) bool {
		return len(answer) == 8 && binary.BigEndian.Uint64(answer) == id
	},
})
