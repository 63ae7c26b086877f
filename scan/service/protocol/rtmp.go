package protocol

// RTMP servers say our random bytes back, after their own. All 1,537 bytes of ours must
// be there first.
var _ = register(Protocol{
	Name:      "rtmp",
	Source:    "Adobe's RTMP specification 1.0 section 5.2",
	Ports:     []uint16{1935},
	Ask:       always("\x03\x00\x00\x00\x01\x00\x00\x00\x00" + zeros(1528-5) + "sonde"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 9 || b[0] != 3 {
			return f, No
		}
		if len(b) < 1537 {
			return Facts{Banner: "-"}, Opening
		}
		return Facts{Banner: "-"}, Whole
	},
})
