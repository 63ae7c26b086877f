package payload

import "encoding/binary"

// slp asks a Service Location Protocol agent which types of service it knows.
//
// Unverified.
var slp = register(Payload{
	Name:   "slp",
	Ports:  []uint16{427},
	Source: "RFC 2608 §8, §10.1",
	Bits:   16,
	Append: func(b []byte, id uint64) []byte {
		b = append(b,
			slpVersion,                           //  0
			slpTypeRequest,                       //  1: function
			0, 0, byte(slpHeaderLen+len(slpAll)), //  2: length of the whole message
			0, 0, //  5: flags: none, since this is no multicast
			0, 0, 0) //  7: offset of the first extension: none
		b = binary.BigEndian.AppendUint16(b, uint16(id)) // 10: XID, repeated in the reply
		b = append(b, "\x00\x02en"...)                   // 12: language tag
		return append(b, slpAll...)                      // 16
	},
	// A reply has the same header, an error code and the types.
	Match: func(id uint64, b []byte) bool {
		if len(b) < 14 || b[0] != slpVersion || b[1] != slpTypeReply ||
			int(b[2])<<16|int(b[3])<<8|int(b[4]) != len(b) ||
			binary.BigEndian.Uint16(b[10:]) != uint16(id) {
			return false
		}
		body := 14 + int(binary.BigEndian.Uint16(b[12:])) // behind the language tag
		return len(b) >= body+2
	},
})

const (
	slpVersion     = 2
	slpTypeRequest = 9 // RFC 2608 §8
	slpTypeReply   = 10
	slpHeaderLen   = 16

	slpAll = "\x00\x00" + // 16: previous responders: none
		"\xff\xff" + // 18: naming authority: all of them
		"\x00\x07DEFAULT" // 20: scope
)
