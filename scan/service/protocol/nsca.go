package protocol

// NSCA begins by 128 bytes to encrypt with and its time, and no more.
var _ = register(Protocol{
	Name:   "nsca",
	Source: "NSCA: init_packet",
	Ports:  []uint16{5667},
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		const year2020, year2038 = 1577836800, 1 << 31
		b := said.Bytes
		if said.To == ToAsk || len(b) != 132 || be.Uint32(b[128:]) < year2020 || be.Uint32(b[128:]) >= year2038 || IsText(b) {
			return Facts{}, No
		}
		return Facts{Banner: "-"}, Some
	},
})
