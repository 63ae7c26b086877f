package protocol

// Mail filters agree with a mail server on what they may do.
var _ = register(Protocol{
	Name:      "milter",
	Source:    "libmilter: SMFIC_OPTNEG",
	Ports:     []uint16{8891, 8893},
	Ask:       always("\x00\x00\x00\x0dO\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (Facts, Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 17 || string(b[:3]) != "\x00\x00\x00" || b[3] < 13 || b[4] != 'O' || be.Uint32(b[5:]) < 2 || be.Uint32(b[5:]) > 6 {
			return Facts{}, No
		}
		return Facts{Banner: "-"}, Whole
	},
})
