package payload

import "encoding/binary"

// hail is spoken by nobody: it is the example of a protocol. Whoever is asked
// HAIL and four bytes answers HERE, the same four bytes and a name:
//
//	0  "HAIL" or "HERE"
//	4  identifier, repeated in the answer
//	8  a name, at least one byte, in answers only
var _ = register(Payload{
	Name:   "hail",
	Ports:  []uint16{4242},
	Source: "none: invented",
	Bits:   32,
	Append: func(b []byte, id uint64) []byte {
		return binary.BigEndian.AppendUint32(append(b, "HAIL"...), uint32(id))
	},
	Match: func(id uint64, b []byte) bool {
		const name = 8
		return len(b) > name && string(b[:4]) == "HERE" && binary.BigEndian.Uint32(b[4:]) == uint32(id)
	},
})
