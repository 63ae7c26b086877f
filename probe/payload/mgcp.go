package payload

// mgcp asks a media gateway about an endpoint that it does not have, which
// changes nothing and is answered with an error.
//
// Tried on osmo-mgw 1.10.0; other gateways are unverified.
var _ = register(Payload{
	Name:   "mgcp",
	Ports:  []uint16{2427},
	Source: "RFC 3435 §2.3.11, §3.2, §3.3",
	Bits:   29,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, "AUEP "...)
		b = appendTransaction(b, id) // repeated in the response
		b = append(b, " sonde-"...)
		b = appendHex(b, id, 16)
		return append(b, "@sonde.invalid MGCP 1.0\r\n"...)
	},
	// A response begins with its code and the transaction; text may follow.
	Match: func(id uint64, b []byte) bool {
		const code = 4 // the code and a space
		var buffer [transactionDigits]byte
		if len(b) <= code+transactionDigits || !isThreeDigits(b) || b[3] != ' ' ||
			string(b[code:code+transactionDigits]) != string(appendTransaction(buffer[:0], id)) {
			return false
		}
		switch b[code+transactionDigits] {
		case ' ', '\r', '\n':
			return true
		}
		return false
	},
})

const transactionDigits = 9

// appendTransaction writes a transaction identifier of 29 bits of id, always as
// nine decimal digits, of which RFC 3435 §3.2.1.2 has no more.
func appendTransaction(b []byte, id uint64) []byte {
	n := 100_000_000 + uint32(id)&(1<<29-1)
	for unit := uint32(100_000_000); unit > 0; unit /= 10 {
		b = append(b, '0'+byte(n/unit%10))
	}
	return b
}
