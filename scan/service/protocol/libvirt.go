package protocol

// libvirt tells how it wants to be logged in to.
var _ = register(Protocol{
	Name:      "libvirt",
	Source:    "libvirt: RPC infrastructure, REMOTE_PROC_AUTH_LIST",
	Ports:     []uint16{16509},
	Secure:    []uint16{16514},
	Ask:       always("\x00\x00\x00\x1c\x20\x00\x80\x86\x00\x00\x00\x01\x00\x00\x00\x42\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (Facts, Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 28 || string(b[4:16]) != "\x20\x00\x80\x86\x00\x00\x00\x01\x00\x00\x00\x42" || be.Uint32(b[16:]) != 1 {
			return Facts{}, No
		}
		return Facts{Banner: "-", Product: "libvirt"}, Whole
	},
})
