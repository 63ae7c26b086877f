package payload

import "encoding/binary"

// rip asks a router for its routing table, as programs that watch it do. A
// question for a single route would be answered more shortly, but some, such as
// BIRD, answer none but this.
//
// The question has no room for an identifier.
//
// Unverified.
var rip = Payload{
	Name:      "rip",
	Ports:     []uint16{520},
	Source:    "RFC 2453 §3.9.1, §4",
	Guessable: true,
	Append: func(b []byte, _ uint64) []byte {
		b = append(b, ripRequest, 2, 0, 0)            //  0: command, version, must be zero
		b = append(b, make([]byte, ripEntryLen-1)...) //  4: one entry, of address family 0
		return append(b, ripInfinity)                 // 27: with metric 16: everything
	},
	Match: func(_ uint64, b []byte) bool {
		if len(b) < 4+ripEntryLen || (len(b)-4)%ripEntryLen != 0 || len(b) > 4+25*ripEntryLen ||
			b[0] != ripResponse || b[1] != 1 && b[1] != 2 || b[2] != 0 || b[3] != 0 {
			return false
		}
		for entry := b[4:]; len(entry) > 0; entry = entry[ripEntryLen:] {
			switch binary.BigEndian.Uint16(entry) {
			case 0xffff: // authentication (§4.1), in the first place
			case 2: // IP
				if binary.BigEndian.Uint32(entry[16:]) > ripInfinity {
					return false
				}
			default:
				return false
			}
		}
		return true
	},
}

const (
	ripRequest  = 1
	ripResponse = 2
	ripEntryLen = 20
	ripInfinity = 16
)
