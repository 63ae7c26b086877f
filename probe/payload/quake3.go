package payload

import "bytes"

// quake3 asks a game server of the Quake III engine for its name and map. The
// answer to getinfo is shorter than that to getstatus, which has a line for each
// player, and repeats the challenge just so.
//
// Unverified.
var quake3 = register(Payload{
	Name:   "quake3",
	Ports:  []uint16{27960},
	Source: "Quake III Arena, connectionless packets getinfo and infoResponse",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, connectionless+"getinfo "...)
		b = appendHex(b, id, 16) // challenge
		return append(b, 0)
	},
	// Keys and values with a backslash before each.
	Match: func(id uint64, b []byte) bool {
		const begin, challenge = connectionless + "infoResponse\n\\", "\\challenge\\"
		var buffer [len(challenge) + 16]byte
		want := appendHex(append(buffer[:0], challenge...), id, 16)
		return bytes.HasPrefix(b, []byte(begin)) && bytes.Contains(b, want)
	},
})
