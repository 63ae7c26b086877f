package payload

import (
	"bytes"
	"encoding/binary"
)

// memcached asks for the server's version, which is short; its statistics or
// contents, by which such servers were used for attacks, are not.
//
// Tried on memcached 1.6.18, which listens to UDP only if told to.
var _ = register(Payload{
	Name:   "memcached",
	Ports:  []uint16{11211},
	Source: "memcached protocol.txt, UDP protocol, version",
	Bits:   16,
	Append: func(b []byte, id uint64) []byte {
		b = binary.BigEndian.AppendUint16(b, uint16(id)) // 0: request ID, repeated in the answer
		b = append(b,
			0, 0, // 2: sequence number
			0, 1, // 4: datagrams in this message
			0, 0) // 6: reserved
		return append(b, "version\r\n"...) // 8
	},
	Match: func(id uint64, b []byte) bool {
		const header = 8
		if len(b) <= header || binary.BigEndian.Uint16(b) != uint16(id) || string(b[2:header]) != "\x00\x00\x00\x01\x00\x00" {
			return false
		}
		answer := b[header:]
		return bytes.HasSuffix(answer, []byte("\r\n")) &&
			(bytes.HasPrefix(answer, []byte("VERSION ")) || bytes.HasPrefix(answer, []byte("ERROR")) ||
				bytes.HasPrefix(answer, []byte("CLIENT_ERROR ")) || bytes.HasPrefix(answer, []byte("SERVER_ERROR ")))
	},
})
