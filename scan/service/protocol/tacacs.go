package protocol

// TACACS+ servers answer the start of a login, with a body that only who knows the secret
// can read.
var _ = register(Protocol{
	Name:      "tacacs",
	Source:    "RFC 8907 sections 4.1 and 5.1",
	Ports:     []uint16{49},
	Ask:       always("\xc0\x01\x01\x01sond\x00\x00\x00\x08\x01\x00\x01\x01\x00\x00\x00\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 12 || b[0]>>4 != 0xc || b[1] != 1 || b[2] != 2 || string(b[4:8]) != "sond" {
			return f, No
		}
		return Facts{Banner: "-"}, Whole
	},
})
