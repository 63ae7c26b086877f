package protocol

var hylafaxForm = grammar(`\(HylaFAX \(tm\) Version (\S+)\)`)

// HylaFAX has its replies from FTP.
var _ = register(Protocol{
	Name:   "hylafax",
	Source: "hfaxd(8)",
	Ports:  []uint16{4559},
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		r := readReply(said.Text())
		found := hylafaxForm().FindStringSubmatch(r.text)
		if r.code != "220" && r.code != "130" || found == nil {
			return Facts{}, No
		}
		return Facts{Product: "HylaFAX", Version: Clip(found[1])}, when(r.whole)
	},
})
