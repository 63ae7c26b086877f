package payload

// a2s asks a game server of Valve's Source engine for its name and map, without
// the number that newer servers want to see in the question. They send that
// number first, which is an answer as well, and shorter.
//
// The question has no room for an identifier.
//
// Unverified.
var a2s = register(Payload{
	Name:      "a2s",
	Ports:     []uint16{27015},
	Source:    "Valve Developer Community, Server queries, A2S_INFO",
	Guessable: true,
	Append: func(b []byte, _ uint64) []byte {
		return append(b, connectionless+"TSource Engine Query\x00"...)
	},
	Match: func(_ uint64, b []byte) bool {
		if len(b) < 9 || string(b[:4]) != connectionless {
			return false
		}
		switch b[4] {
		case 'A': // the number
			return len(b) == 9
		case 'I', 'm': // information, in the form of today and of GoldSrc
			return true
		}
		return false
	},
})

// connectionless is what a datagram begins with that belongs to no game, with
// the engines of Quake and all that came of them.
const connectionless = "\xff\xff\xff\xff"
