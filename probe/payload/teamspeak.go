package payload

import "encoding/binary"

// teamspeak begins the handshake of a TeamSpeak 3 client, whose first answer the
// server gives before it keeps anything of us. The vendor has published nothing;
// the source is what others found out.
//
// Unverified.
var teamspeak = register(Payload{
	Name:   "teamspeak3",
	Ports:  []uint16{9987},
	Source: "ReSpeak tsdeclarations, TS3 protocol paper §1.1, §2.1, §2.2",
	Bits:   32,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, teamspeakMAC...)                         //  0
		b = append(b, 0, 101)                                  //  8: packet ID
		b = append(b, 0, 0)                                    // 10: client ID: none yet
		b = append(b, teamspeakInit)                           // 12: flags and packet type
		b = binary.BigEndian.AppendUint32(b, teamspeakVersion) // 13: of the client, as a time
		b = append(b, 0)                                       // 17: step
		b = binary.BigEndian.AppendUint32(b, uint32(id>>32))   // 18: time of sending
		b = binary.BigEndian.AppendUint32(b, uint32(id))       // 22: random, repeated backwards
		return binary.BigEndian.AppendUint64(b, 0)             // 26: reserved
	},
	Match: func(id uint64, b []byte) bool {
		return len(b) == 32 && string(b[:8]) == teamspeakMAC && b[8] == 0 && b[9] == 101 &&
			b[10] == teamspeakInit && b[11] == 1 && // step
			binary.LittleEndian.Uint32(b[28:]) == uint32(id)
	},
})

const (
	teamspeakMAC     = "TS3INIT1" // in place of a signature, before there are keys
	teamspeakInit    = 0x88       // not encrypted; Init1
	teamspeakVersion = 0x063bece9
)
