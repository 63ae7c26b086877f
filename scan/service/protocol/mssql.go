package protocol

import "fmt"

// SQL Server answers PRELOGIN before any login, by its exact build.
var _ = register(Protocol{
	Name:   "ms-sql-s",
	Source: "[MS-TDS] sections 2.2.3.1 and 2.2.6.5",
	Ports:  []uint16{1433},
	Ask: always("\x12\x01\x00\x1a\x00\x00\x00\x00" + // PRELOGIN, end of message, 26 bytes
		"\x00\x00\x0b\x00\x06" + "\x01\x00\x11\x00\x01" + "\xff" + // VERSION and ENCRYPTION
		"\x00\x00\x00\x00\x00\x00" + "\x02"), // encryption is not supported
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 8 || b[0] != 4 || b[1] > 1 || b[2] > 1 {
			return f, No
		}
		size := int(be.Uint16(b[2:]))
		if size < 20 {
			return f, No
		}
		if len(b) < size {
			return f, Begun
		}
		body := b[8:size]
		if body[0] != 0 || int(be.Uint16(body[1:]))+6 > len(body) || be.Uint16(body[3:]) != 6 { // VERSION is first
			return Facts{}, No
		}
		v := body[be.Uint16(body[1:]):]
		f.Banner = "-"
		f.Product, f.Version = "Microsoft SQL Server", fmt.Sprintf("%d.%d.%d", v[0], v[1], be.Uint16(v[2:]))
		f.CPE = []string{"cpe:/a:microsoft:sql_server:" + f.Version}
		return f, Whole
	},
})
