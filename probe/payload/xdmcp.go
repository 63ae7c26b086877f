package payload

import "encoding/binary"

// xdmcp asks a display manager whether it would manage us. The answer names the
// host and, in words, how willing it is. Nothing is begun by it.
//
// A query has no room for an identifier.
//
// Tried on xdm 1.1.11; GDM, LightDM and others are unverified.
var _ = register(Payload{
	Name:      "xdmcp",
	Ports:     []uint16{177},
	Source:    "X Display Manager Control Protocol 1.1 §3, §4",
	Guessable: true,
	Append: func(b []byte, _ uint64) []byte {
		return append(b,
			0, 1, // 0: version
			0, xdmcpQuery, // 2: opcode
			0, 1, // 4: length of what follows
			0) // 6: authentication names: none
	},
	Match: func(_ uint64, b []byte) bool {
		if len(b) < 6 || binary.BigEndian.Uint16(b) != 1 || int(binary.BigEndian.Uint16(b[4:])) != len(b)-6 {
			return false
		}
		arrays := 0
		switch binary.BigEndian.Uint16(b[2:]) {
		case xdmcpWilling: // authentication name, host name, status
			arrays = 3
		case xdmcpUnwilling: // host name, status
			arrays = 2
		default:
			return false
		}
		rest := b[6:]
		for range arrays { // each an ARRAY8: length and bytes
			if len(rest) < 2 || int(binary.BigEndian.Uint16(rest)) > len(rest)-2 {
				return false
			}
			rest = rest[2+binary.BigEndian.Uint16(rest):]
		}
		return len(rest) == 0
	},
})

const (
	xdmcpQuery     = 2
	xdmcpWilling   = 5
	xdmcpUnwilling = 6
)
