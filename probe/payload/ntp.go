package payload

import "encoding/binary"

// ntp asks for the time, as a client of version 4. Nothing but the version and
// mode and the transmit timestamp is filled in: a server uses nothing else, and
// needs no real time in the timestamp, which it only returns.
//
// Tried on chrony 4.3; ntpd, NTPsec and Windows are unverified.
var _ = register(Payload{
	Name:   "ntp",
	Ports:  []uint16{123},
	Source: "RFC 5905 §7.3",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, 0<<6|ntpVersion<<3|ntpClient) //  0: LI, VN, Mode
		b = append(b, make([]byte, ntpTransmit-1)...)
		return binary.BigEndian.AppendUint64(b, id) // 40: Transmit Timestamp
	},
	// A server copies our transmit timestamp to its origin timestamp, also in a
	// kiss-o'-death packet (§7.4). Extension fields or a MAC may follow.
	Match: func(id uint64, answer []byte) bool {
		return len(answer) >= ntpLen &&
			answer[0]&7 == ntpServer &&
			binary.BigEndian.Uint64(answer[ntpOrigin:]) == id
	},
})

const (
	ntpVersion = 4
	ntpClient  = 3 // modes
	ntpServer  = 4

	ntpOrigin   = 24 // offsets
	ntpTransmit = 40
	ntpLen      = 48
)
