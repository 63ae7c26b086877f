package protocol

// CoAP over TCP begins with a message of capabilities (CSM) from both sides: length and
// token length in one byte, then the code 7.01.
var _ = register(Protocol{
	Name:      "coap",
	Source:    "RFC 8323 sections 3.2, 5.3 and 11.1",
	Ports:     []uint16{5683},
	Secure:    []uint16{5684},
	Inside:    "coaps",
	Ask:       always("\x00\xe1" + "\x00\xe2"), // CSM, and a ping
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) < 2 || b[0]&15 != 0 || b[0]>>4 > 12 || b[1] != 0xe1 || len(b) < 2+int(b[0]>>4) {
			return f, No
		}
		options := b[2 : 2+int(b[0]>>4)]
		if len(options) == 0 && said.To != ToAsk || len(options) > 0 && options[0]>>4 != 2 && options[0]>>4 != 4 { // Max-Message-Size, Block-Wise-Transfer
			return f, No
		}
		f.Banner = "-"
		return f, Whole
	},
})
