package protocol

// OpenVPN answers a reset by its own, unless it wants it signed (tls-auth).
var _ = register(Protocol{
	Name:      "openvpn",
	Source:    "OpenVPN wire protocol (draft-openvpn): P_CONTROL_HARD_RESET_CLIENT_V2",
	Ports:     []uint16{1194},
	Ask:       always("\x00\x0e\x38sonde-vp\x00\x00\x00\x00\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 3 || b[0] != 0 || b[2]>>3 != 8 || b[1] < 14 {
			return f, No
		}
		f.Banner = "-"
		if len(b) < 2+int(b[1]) {
			return f, Begun
		}
		for i := 11; i+8 <= len(b); i++ {
			if string(b[i:i+8]) == "sonde-vp" { // it acknowledges our session
				return f, Whole
			}
		}
		return Facts{}, No
	},
})
