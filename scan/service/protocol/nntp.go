package protocol

var _ = register(Protocol{
	Name:   "nntp",
	Source: "RFC 3977 section 5.1, RFC 4642 section 2",
	Ports:  []uint16{119, 433},
	Secure: []uint16{563},
	Inside: "nntps",
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		r := readReply(said.Text())
		switch r.code {
		case "200", "201", "400", "502":
			if r.says("NNTP", "NEWS", "INN ", "LEAFNODE", "POSTING") {
				return r.facts("nntp.banner"), when(r.whole)
			}
		}
		return Facts{}, No
	},
	Upgrade: func(c Conn) bool { return readReply(string(c.Say("STARTTLS\r\n", wholeReply))).code == "382" },
})
