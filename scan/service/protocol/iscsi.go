package protocol

// iSCSI targets answer a login for discovery, which ends here.
var _ = register(Protocol{
	Name:   "iscsi-target",
	Source: "RFC 7143 sections 11.12 and 11.13",
	Ports:  []uint16{3260, 860},
	Ask: always("\x43\x87\x00\x00" + "\x00\x00\x00\x36" + "\x00\x02\x3d\x00\x00\x01\x00\x00" + zeros(32) +
		"InitiatorName=iqn.2000-01.sonde\x00SessionType=Discovery\x00\x00\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 48 || b[0] != 0x23 || string(b[8:14]) != "\x00\x02\x3d\x00\x00\x01" || b[36] > 3 {
			return f, No
		}
		return Facts{Banner: "-"}, Whole
	},
})
