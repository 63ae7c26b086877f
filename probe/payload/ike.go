package payload

import "encoding/binary"

// ike sends nothing but an IKE header, of major version 5. A responder should
// answer a higher major version than its own with the notification
// INVALID_MAJOR_VERSION (RFC 7296 §2.5; IKEv1 has it too, RFC 2408 §5.2): one
// question of 28 bytes for IKEv1 and IKEv2, which commits it to nothing and
// does not depend on which proposals it likes.
//
// Tried on strongSwan 5.9.8; Libreswan, Windows and the devices of Cisco and
// others are unverified. One without that notification would stay silent, and
// would have to be asked by a complete IKE_SA_INIT.
var _ = register(Payload{
	Name:   "ike",
	Ports:  []uint16{500},
	Source: "RFC 7296 §2.5, §3.1",
	Bits:   64,
	Append: appendIKE,
	Match:  matchIKE,
})

// IKE behind a NAT is the same on the port that IKE shares with ESP in UDP, where four
// zero bytes, the non-ESP marker, tell the two apart.
//
// Tried on strongSwan 5.9.8.
var _ = register(Payload{
	Name:   "ike-nat-t",
	Ports:  []uint16{4500},
	Source: "RFC 3948 §2.2, RFC 7296 §2.5, §3.1",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		return appendIKE(append(b, 0, 0, 0, 0), id)
	},
	Match: func(id uint64, answer []byte) bool {
		return len(answer) > 4 && binary.BigEndian.Uint32(answer) == 0 && matchIKE(id, answer[4:])
	},
})

const (
	ikeHeaderLen = 28
	ikeSAInit    = 34   // exchange type
	ikeInitiator = 0x08 // flag: sent by the original initiator
)

// appendIKE writes an IKE header (RFC 7296 §3.1).
func appendIKE(b []byte, id uint64) []byte {
	b = binary.BigEndian.AppendUint64(b, id) //  0: initiator's SPI, repeated in every answer
	b = binary.BigEndian.AppendUint64(b, 0)  //  8: responder's SPI, not known yet
	b = append(b,
		0,            // 16: next payload: none
		5<<4,         // 17: major and minor version
		ikeSAInit,    // 18
		ikeInitiator) // 19
	b = binary.BigEndian.AppendUint32(b, 0)               // 20: message ID
	return binary.BigEndian.AppendUint32(b, ikeHeaderLen) // 24: length of the whole message
}

// matchIKE accepts any IKEv1 or IKEv2 message for our SPI.
func matchIKE(id uint64, b []byte) bool {
	if len(b) < ikeHeaderLen || binary.BigEndian.Uint64(b) != id {
		return false
	}
	major := b[17] >> 4
	return (major == 1 || major == 2) && uint64(binary.BigEndian.Uint32(b[24:])) == uint64(len(b))
}
