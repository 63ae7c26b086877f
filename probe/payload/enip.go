package payload

import "encoding/binary"

// enip asks a controller or another EtherNet/IP device who it is. No session is
// needed for that.
//
// Unverified.
var enip = register(Payload{
	Name:   "ethernet-ip",
	Ports:  []uint16{44818},
	Source: "ODVA, The CIP Networks Library, volume 2, §2-3, §2-4.4",
	Bits:   48,
	Append: func(b []byte, id uint64) []byte {
		b = binary.LittleEndian.AppendUint16(b, enipListIdentity) // 0: command
		b = append(b, make([]byte, 12-2)...)                      // 2: length 0, session 0, status 0
		// 12: sender context, returned unchanged. Its first two bytes would be the
		// longest delay of an answer to a broadcast.
		b = append(b, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(id>>32)) // 14
		b = binary.BigEndian.AppendUint32(b, uint32(id))     // 16
		return append(b, 0, 0, 0, 0)                         // 20: options
	},
	Match: func(id uint64, b []byte) bool {
		return len(b) > enipHeaderLen && // there is an item at least
			binary.LittleEndian.Uint16(b) == enipListIdentity &&
			int(binary.LittleEndian.Uint16(b[2:])) == len(b)-enipHeaderLen &&
			binary.LittleEndian.Uint32(b[8:]) == 0 && // status
			binary.BigEndian.Uint64(b[12:]) == id&(1<<48-1)
	},
})

const (
	enipListIdentity = 0x63
	enipHeaderLen    = 24
)
