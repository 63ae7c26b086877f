package payload

import "encoding/binary"

// rip asks a router for its metric to one address. The answer is the question
// with the metric filled in, sixteen if there is no route; a question for
// everything would bring the whole table, in as many datagrams as that takes.
//
// Tried on FRR 8.4.4. BIRD answers nobody who asks from another port than 520;
// devices are unverified.
var _ = register(Payload{
	Name:   "rip",
	Ports:  []uint16{520},
	Source: "RFC 2453 §3.9.1, §4",
	Bits:   32,
	Append: func(b []byte, id uint64) []byte {
		b = append(b,
			ripRequest, 2, // 0: command, version
			0, 0, // 2: must be zero
			0, ripInternet, // 4: address family of the one entry
			0, 0) // 6: route tag
		b = binary.BigEndian.AppendUint32(b, uint32(id)) //  8: address, repeated in the answer
		b = append(b, 0xff, 0xff, 0xff, 0xff)            // 12: subnet mask
		return append(b,
			0, 0, 0, 0, // 16: next hop
			0, 0, 0, ripInfinity) // 20: metric
	},
	// Implementations of version 1 leave tag, mask and next hop zero.
	Match: func(id uint64, b []byte) bool {
		return len(b) == 24 && b[0] == ripResponse && (b[1] == 1 || b[1] == 2) && b[2] == 0 && b[3] == 0 &&
			binary.BigEndian.Uint16(b[4:]) == ripInternet &&
			binary.BigEndian.Uint32(b[8:]) == uint32(id) &&
			binary.BigEndian.Uint32(b[20:]) <= ripInfinity
	},
})

const (
	ripRequest  = 1
	ripResponse = 2
	ripInternet = 2
	ripInfinity = 16
)
