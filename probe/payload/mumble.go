package payload

import "encoding/binary"

// mumble pings a voice server, which answers with its version and how many users
// it has.
//
// Tried on Mumble 1.3.4.
var _ = register(Payload{
	Name:   "mumble",
	Ports:  []uint16{64738},
	Source: "Mumble protocol documentation, UDP ping packet",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, 0, 0, 0, 0)                   // 0: kind: ping
		return binary.BigEndian.AppendUint64(b, id) // 4: repeated in the answer
	},
	// Version, identifier, users, most users, bandwidth.
	Match: func(id uint64, b []byte) bool {
		return len(b) == 24 && b[0] == 0 && binary.BigEndian.Uint64(b[4:]) == id
	},
})
