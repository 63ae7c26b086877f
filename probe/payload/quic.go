package payload

import "encoding/binary"

// quic sends a long header of a version that is reserved for exactly this: to
// make the server name the versions that it does speak (RFC 9000 §6.1, §15).
// The server keeps no state for it, and the packet needs no cryptography: it is
// read only as far as the properties that all versions share (RFC 8999).
//
// It has the 1200 bytes below which a server stays silent (RFC 9000 §14.1),
// lest it be used to amplify an attack.
//
// Tried on caddy 2.6.2 (quic-go); other implementations, and DNS over QUIC, are
// unverified.
var _ = register(Payload{
	Name: "quic",
	Ports: []uint16{
		443,  // HTTP/3
		80,   // HTTP/3 on the number of the plain port
		853,  // DNS over QUIC, RFC 9250 §4.1.1
		8443, // HTTP/3, alternate
	},
	Source: "RFC 8999 §5.1, §6, RFC 9000 §6.1, §14.1, §15",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, quicLongHeader|quicFixedBit)         //  0
		b = binary.BigEndian.AppendUint32(b, quicReserved) //  1: version
		b = append(b, 8)                                   //  5: length of the destination connection ID
		b = binary.BigEndian.AppendUint64(b, id)           //  6
		b = append(b, 0)                                   // 14: length of the source connection ID: we have none
		// What follows belongs to the version, which nobody speaks. It is shaped
		// like the rest of an Initial of version 1 (RFC 9000 §17.2.2) for those
		// on the way who read on.
		b = append(b, 0)                                     // 15: length of the token
		b = binary.BigEndian.AppendUint16(b, 1<<14|quicRest) // 16: length of the rest, a two-byte integer
		return append(b, make([]byte, quicRest)...)          // 18
	},
	// A version negotiation packet (RFC 8999 §6) has version 0, our connection
	// IDs with their parts swapped, and a list of versions.
	Match: func(id uint64, b []byte) bool {
		const versions = 15 // offset of the list
		return len(b) >= versions+4 && (len(b)-versions)%4 == 0 &&
			b[0]&quicLongHeader != 0 &&
			binary.BigEndian.Uint32(b[1:]) == 0 &&
			b[5] == 0 && // destination: our source, of no bytes
			b[6] == 8 && // source: our destination
			binary.BigEndian.Uint64(b[7:]) == id
	},
})

const (
	quicLongHeader  = 0x80
	quicFixedBit    = 0x40       // RFC 9000 §17.2
	quicReserved    = 0x1a2a3a4a // of the form 0x?a?a?a?a, RFC 9000 §15
	quicMinDatagram = 1200
	quicRest        = quicMinDatagram - 18
)
