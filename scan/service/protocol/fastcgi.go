package protocol

// FastCGI applications tell their limits.
var _ = register(Protocol{
	Name:      "fastcgi",
	Source:    "FastCGI 1.0 sections 3.3 and 4.1",
	Ports:     []uint16{9002},
	Ask:       always("\x01\x09\x00\x00\x00\x11\x07\x00\x0f\x00FCGI_MPXS_CONNS" + zeros(7)),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 8 || b[0] != 1 || b[1] != 10 || b[2] != 0 || b[3] != 0 || len(b) < 8+int(be.Uint16(b[4:])) {
			return f, No
		}
		return Facts{Banner: "-"}, Whole
	},
})
