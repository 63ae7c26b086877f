package payload

// natpmp asks a gateway for its external address, and maps nothing. The question
// is two bytes, and has no room for an identifier. A server of the successor
// alone, PCP, answers in its own form that it knows no version 0 (RFC 6887 §9).
//
// Tried on MiniUPnPd 2.3.1; other gateways are unverified.
var _ = register(Payload{
	Name:      "nat-pmp",
	Ports:     []uint16{5351},
	Source:    "RFC 6886 §3.2, §3.5, RFC 6887 §7.2, §9",
	Guessable: true,
	Append: func(b []byte, _ uint64) []byte {
		return append(b,
			0, // 0: version
			0) // 1: opcode: external address
	},
	Match: func(_ uint64, b []byte) bool {
		const response = 0x80 // and the opcode
		if len(b) < 8 || b[1] != response {
			return false
		}
		switch b[0] {
		case 0: // result code of 16 bits, seconds since start, address
			return len(b) == 12 && b[2] == 0 && b[3] <= 5 || len(b) == 8 && b[2] == 0 && b[3] >= 1 && b[3] <= 5
		case 2: // PCP: reserved, result UNSUPP_VERSION; at least its header
			return len(b) >= 24 && len(b)%4 == 0 && b[3] == 1
		}
		return false
	},
})
