package payload

import "encoding/binary"

// h323 asks a gatekeeper to unregister an endpoint that it does not know, which
// is refused. The obvious question, where the gatekeeper is (GRQ), is no good:
// its answer goes to an address inside of the question, and we have to write
// that without knowing ours. An unregistration has no such address, and is
// answered to where it came from.
//
// The bytes are in the aligned variant of PER (X.691): bits of optional parts
// and choices, and numbers that begin at a byte.
//
// Unverified.
var h323 = register(Payload{
	Name:   "h323-ras",
	Ports:  []uint16{1719},
	Source: "H.225.0 §7.10, annex H",
	Bits:   15,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, 6<<2, 0)                                 //  0: RasMessage: unregistrationRequest, no optional parts
		b = binary.BigEndian.AppendUint16(b, h323Sequence(id)) //  2: requestSeqNum
		return append(b,
			1,          //  4: callSignalAddress: one
			0,          //  5: ipAddress
			0, 0, 0, 0, //  6: ip: unspecified
			0, 0) // 10: port
	},
	// The first byte is a bit for extensions of the choice, five for its index, and
	// the bits of the message that follows.
	Match: func(id uint64, b []byte) bool {
		if len(b) < 3 || binary.BigEndian.Uint16(b[1:]) != h323Sequence(id) {
			return false
		}
		switch b[0] >> 2 {
		case 7, 24: // unregistrationConfirm, unknownMessageResponse
			return true
		case 8: // unregistrationReject
			return len(b) > 3 // rejectReason
		}
		return false
	},
})

// h323Sequence makes a requestSeqNum, as written: it counts from 1, so that
// 0xffff is none.
func h323Sequence(id uint64) uint16 { return uint16(id) & 0x7fff }
