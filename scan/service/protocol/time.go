package protocol

// Time is four bytes and no more: the seconds since 1900. Those of the years 2020 to 2031
// are taken for it.
var _ = register(Protocol{
	Name:   "time",
	Source: "RFC 868",
	Ports:  []uint16{37},
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		const year2020, year2032 = 3786825600, 4165516800
		if b := said.Bytes; said.To != Unasked || len(b) != 4 || be.Uint32(b) < year2020 || be.Uint32(b) >= year2032 {
			return Facts{}, No
		}
		return Facts{Banner: "-"}, Some
	},
})
