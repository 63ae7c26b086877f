package payload

import (
	"bytes"
	"encoding/binary"
)

// rx asks a server or client of AFS for the version of its software. Rx, the
// remote procedure calls of AFS, answers that itself, outside of any call.
//
// Unverified.
var rx = register(Payload{
	Name: "rx",
	Ports: []uint16{
		7000, // file server
		7001, // callbacks to clients
		7002, // protection
		7003, // volume location
		7005, // volumes
		7007, // basic overseer
	},
	Source: "RX protocol specification (N. Zeldovich), packet header and debug packets",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = binary.BigEndian.AppendUint64(b, id) //  0: epoch and connection ID, repeated in the answer
		b = append(b, make([]byte, 12)...)       //  8: call, sequence and serial number
		return append(b,
			rxVersion,        // 20: packet type
			rxFromClient,     // 21: flags
			0, 0, 0, 0, 0, 0) // 22: status, security, checksum, service
	},
	// The same header and a string that ends with a zero byte.
	Match: func(id uint64, b []byte) bool {
		return len(b) > rxHeaderLen && binary.BigEndian.Uint64(b) == id &&
			b[20] == rxVersion && b[21]&rxFromClient == 0 &&
			bytes.IndexByte(b[rxHeaderLen:], 0) > 0
	},
})

const (
	rxHeaderLen  = 28
	rxVersion    = 13
	rxFromClient = 1
)
