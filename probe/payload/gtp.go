package payload

import "encoding/binary"

// gtp sends an echo request of version 1, by which the nodes of a mobile network
// watch each other, on the ports of control and of users' packets. It belongs to
// no tunnel, and is answered without any. A node that speaks version 2 alone
// answers that it does, in a message that repeats nothing, so does not match.
//
// Tried on osmo-ggsn 1.9.0; other nodes are unverified.
var _ = register(Payload{
	Name: "gtp",
	Ports: []uint16{
		2123, // GTP-C
		2152, // GTP-U
	},
	Source: "3GPP TS 29.060 §6, §7.2.1, §7.2.2, TS 29.281 §5.1, §7.2",
	Bits:   16,
	Append: func(b []byte, id uint64) []byte {
		b = append(b,
			gtpVersion1|gtpSequence, // 0
			gtpEchoRequest,          // 1: message type
			0, 4,                    // 2: length of what follows the first 8 bytes
			0, 0, 0, 0) // 4: tunnel endpoint: none
		b = binary.BigEndian.AppendUint16(b, uint16(id)) // 8: sequence number, repeated in the answer
		return append(b,
			0, // 10: N-PDU number, unused
			0) // 11: next extension header: none
	},
	// The answer has the same header, and a restart counter. A tunnel endpoint
	// other than zero is not allowed in it, but seen.
	Match: func(id uint64, b []byte) bool {
		return len(b) >= 12 && b[0]&^0x05 == gtpVersion1|gtpSequence && // flags E and PN aside
			b[1] == gtpEchoResponse &&
			int(binary.BigEndian.Uint16(b[2:])) == len(b)-8 &&
			binary.BigEndian.Uint16(b[8:]) == uint16(id)
	},
})

const (
	gtpVersion1     = 1<<5 | 1<<4 // version 1 of GTP, not of GTP'
	gtpSequence     = 1 << 1      // flag S: there is a sequence number
	gtpEchoRequest  = 1
	gtpEchoResponse = 2
)
