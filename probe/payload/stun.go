package payload

import "encoding/binary"

// stun asks for a binding: from which address and port did you get this? A
// server must answer without authentication, and often names its software.
//
// Tried on coturn 4.6.1; others are unverified.
var _ = register(Payload{
	Name:   "stun",
	Ports:  []uint16{3478},
	Source: "RFC 8489 §5, §6.3",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = binary.BigEndian.AppendUint16(b, stunBindingRequest) // 0: message type
		b = binary.BigEndian.AppendUint16(b, 0)                  // 2: length of the attributes: none
		b = binary.BigEndian.AppendUint32(b, stunMagicCookie)    // 4
		b = binary.BigEndian.AppendUint32(b, 0)                  // 8: transaction ID, 96 bits:
		return binary.BigEndian.AppendUint64(b, id)              // 12: 64 of them are ours
	},
	Match: func(id uint64, b []byte) bool {
		if len(b) < stunHeaderLen {
			return false
		}
		switch binary.BigEndian.Uint16(b) {
		case stunBindingSuccess, stunBindingError:
		default:
			return false
		}
		attributes := int(binary.BigEndian.Uint16(b[2:]))
		return attributes == len(b)-stunHeaderLen && attributes%4 == 0 &&
			binary.BigEndian.Uint32(b[4:]) == stunMagicCookie &&
			binary.BigEndian.Uint32(b[8:]) == 0 &&
			binary.BigEndian.Uint64(b[12:]) == id
	},
})

// RFC 8489 §5; message types as method 1, binding, with the class in their bits.
const (
	stunHeaderLen      = 20
	stunMagicCookie    = 0x2112a442
	stunBindingRequest = 0x0001
	stunBindingSuccess = 0x0101
	stunBindingError   = 0x0111
)
