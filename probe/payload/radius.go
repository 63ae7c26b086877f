package payload

import "encoding/binary"

// radius asks for access for a user that does not exist. A server answers only
// clients that it knows by address, and rejects late on purpose, mostly after a
// second. Its answer repeats eight bits; what else it proves needs a secret.
//
// Status-Server (RFC 5997) would be the gentler question, but must be signed
// with that secret, as must everything on the accounting port, 1813, which is
// therefore not asked.
//
// Tried on FreeRADIUS 3.2.1; one that demands a Message-Authenticator in every
// request stays silent. Others are unverified.
var _ = register(Payload{
	Name: "radius",
	Ports: []uint16{
		1812,
		1645, // before RFC 2865 §3
	},
	Source: "RFC 2865 §3, §4.1",
	Bits:   8,
	Append: func(b []byte, id uint64) []byte {
		b = append(b,
			radiusAccessRequest,                            // 0: code
			byte(id),                                       // 1: identifier, repeated in the response
			0, byte(radiusHeaderLen+len(radiusAttributes))) // 2: length
		b = binary.BigEndian.AppendUint64(b, id) // 4: request authenticator, 16 bytes
		b = binary.BigEndian.AppendUint64(b, 0)
		return append(b, radiusAttributes...) // 20
	},
	Match: func(id uint64, b []byte) bool {
		if len(b) < radiusHeaderLen || b[1] != byte(id) {
			return false
		}
		switch b[0] {
		case 2, 3, 11: // Access-Accept, Access-Reject, Access-Challenge
		default:
			return false
		}
		length := int(binary.BigEndian.Uint16(b[2:])) // what is beyond is padding
		return length >= radiusHeaderLen && length <= len(b)
	},
})

const (
	radiusAccessRequest = 1
	radiusHeaderLen     = 20

	radiusAttributes = "\x01\x07sonde" + // 20: User-Name
		"\x02\x12" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + // 27: User-Password: garbage, whatever the secret
		"\x20\x07sonde" // 45: NAS-Identifier
)
