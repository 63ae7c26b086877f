package payload

// ipmi sends the presence ping of ASF, by which managers find the controllers
// of machines (BMCs) that speak IPMI. It needs no session.
//
// Of the message tag, all that is repeated, one value asks for no answer; we
// use half of them.
//
// Tried on OpenIPMI's simulator 2.0.33; real controllers are unverified.
var _ = register(Payload{
	Name:      "ipmi",
	Ports:     []uint16{623},
	Source:    "IPMI 2.0 §13.1.3, §13.2.3, §13.2.4, ASF 2.0 §3.2.4",
	Bits:      7,
	Guessable: true,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, rmcpHead...)
		return append(b,
			asfPing,       //  8: message type
			byte(id)&0x7f, //  9: message tag; 0xff would ask for no answer
			0,             // 10: reserved
			0)             // 11: data length
	},
	Match: func(id uint64, b []byte) bool {
		return len(b) == 28 && string(b[:8]) == rmcpHead && b[8] == asfPong && b[9] == byte(id)&0x7f && b[11] == 16
	},
})

const (
	rmcpHead = "\x06\x00" + // 0: RMCP version 1.0, reserved
		"\xff" + // 2: sequence number: not to be acknowledged
		"\x06" + // 3: class ASF
		"\x00\x00\x11\xbe" // 4: enterprise number of the ASF
	asfPong = 0x40
	asfPing = 0x80
)
