package payload

import "encoding/binary"

// coap sends an empty confirmable message, which a server rejects: that costs
// four bytes each way, and reads no resource ("CoAP ping").
//
// Tried on libcoap 4.3.1; other implementations are unverified.
var _ = register(Payload{
	Name:   "coap",
	Ports:  []uint16{5683},
	Source: "RFC 7252 §3, §4.2, §4.3",
	Bits:   16,
	Append: func(b []byte, id uint64) []byte {
		b = append(b,
			coapVersion1|coapConfirmable, // 0: and a token of no bytes
			0)                            // 1: code 0.00: empty
		return binary.BigEndian.AppendUint16(b, uint16(id)) // 2: message ID, repeated in the answer
	},
	Match: func(id uint64, b []byte) bool {
		return len(b) == 4 && b[0] == coapVersion1|coapReset && b[1] == 0 &&
			binary.BigEndian.Uint16(b[2:]) == uint16(id)
	},
})

const (
	coapVersion1    = 1 << 6
	coapConfirmable = 0 << 4
	coapReset       = 3 << 4
)
