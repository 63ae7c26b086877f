package payload

import "encoding/binary"

// raknet pings a game server that uses the RakNet library, such as that of
// Minecraft's Bedrock edition, which names itself in the answer.
//
// Unverified.
var raknet = register(Payload{
	Name:   "raknet",
	Ports:  []uint16{19132},
	Source: "RakNet, message identifiers ID_UNCONNECTED_PING and _PONG",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, raknetPing)                        // 0
		b = binary.BigEndian.AppendUint64(b, id)         // 1: time, repeated in the answer
		b = append(b, raknetMagic...)                    // 9
		return binary.BigEndian.AppendUint64(b, id^0xff) // 25: identifier of the client, not equal to any word before
	},
	Match: func(id uint64, b []byte) bool {
		// Message, time, identifier of the server, magic, and text of a length that is told.
		const magic, text = 17, 33
		if len(b) < text || b[0] != raknetPong || binary.BigEndian.Uint64(b[1:]) != id || string(b[magic:text]) != raknetMagic {
			return false
		}
		if len(b) == text { // a server without text
			return true
		}
		return len(b) >= text+2 && int(binary.BigEndian.Uint16(b[text:])) == len(b)-text-2
	},
})

const (
	raknetPing = 0x01
	raknetPong = 0x1c
	// By these bytes RakNet tells messages outside of a connection.
	raknetMagic = "\x00\xff\xff\x00\xfe\xfe\xfe\xfe\xfd\xfd\xfd\xfd\x12\x34\x56\x78"
)
