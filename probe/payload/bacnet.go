package payload

import "encoding/binary"

// bacnet reads the object identifier of whichever device has this address. The
// usual question, Who-Is, will not do: it is answered to everybody on the
// network. The invoke ID, all that is repeated, has eight bits.
//
// Unverified.
var bacnet = register(Payload{
	Name:      "bacnet",
	Ports:     []uint16{47808},
	Source:    "ANSI/ASHRAE 135 §6.2, §15.5, §20.1, §21, annex J",
	Bits:      8,
	Guessable: true,
	Append: func(b []byte, id uint64) []byte {
		return append(b,
			bacnetIP, bacnetUnicast, // 0: BVLC
			0, 17, // 2: length of the whole message
			1, 4, // 4: NPDU: version; an answer is expected
			0, 5, // 6: APDU: confirmed request; answers of up to 1476 bytes
			byte(id),                     // 8: invoke ID, repeated in the answer
			bacnetReadProperty,           // 9: service
			0x0c, 0x02, 0x3f, 0xff, 0xff, // 10: object [0]: device 4194303, which every device takes for itself (§15.5.2)
			0x19, 75) // 15: property [1]: object-identifier
	},
	Match: func(id uint64, b []byte) bool {
		if len(b) < 9 || b[0] != bacnetIP || b[1] != bacnetUnicast || int(binary.BigEndian.Uint16(b[2:])) != len(b) ||
			b[4] != 1 || b[5]&^0x03 != 0 || // NPDU: of no other network, whatever the priority
			b[7] != byte(id) {
			return false
		}
		switch b[6] >> 4 { // PDU type
		case 3, 5: // complex acknowledgement, error
			return b[8] == bacnetReadProperty
		case 6, 7: // reject, abort, with a reason
			return len(b) == 9
		}
		return false
	},
})

const (
	bacnetIP           = 0x81
	bacnetUnicast      = 0x0a
	bacnetReadProperty = 12
)
