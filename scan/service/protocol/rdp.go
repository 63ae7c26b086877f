package protocol

// RDP begins with a connection request of X.224, in which both say by which security they
// go on.
var _ = register(Protocol{
	Name:      "ms-wbt-server",
	Source:    "RFC 1006, ITU-T X.224 section 13, [MS-RDPBCGR] sections 2.2.1.1 and 2.2.1.2",
	Ports:     []uint16{3389},
	Ask:       always("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x0b\x00\x00\x00"),
	Elsewhere: HungUp | Silent | Binary,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) >= 9 && b[0] == 3 && b[1] == 0 && int(be.Uint16(b[2:])) == len(b) && string(b[4:6]) == "\x02\xf0" { // data of X.224
			return f, Unclear
		}
		if said.To == Unasked || len(b) < 11 || b[0] != 3 || b[1] != 0 || b[5] != 0xd0 {
			return f, No
		}
		if size := int(be.Uint16(b[2:])); size < 11 || size > 256 || int(b[4]) != size-5 {
			return f, No
		} else if len(b) < size {
			return f, Begun
		}
		f.Banner = "-"
		if len(b) < 19 {
			f.Info = "RDP security"
			if said.To != ToAsk {
				f.Service, f.Info = "iso-tsap", ""
			}
			return f, Whole
		}
		switch b[11] {
		case 2: // RDP_NEG_RSP
			f.Info = map[uint32]string{0: "RDP security", 1: "TLS", 2: "CredSSP", 8: "CredSSP, early"}[le.Uint32(b[15:])]
		case 3: // RDP_NEG_FAILURE
			f.Info = "refuses our security"
		default:
			return Facts{}, No
		}
		return f, Whole
	},
})
