package protocol

import "strings"

// FTP shares its greeting's code with SMTP; only words tell which it is.
var _ = register(Protocol{
	Name:   "ftp",
	Source: "RFC 959 section 4.2, RFC 4217 section 4",
	Ports:  []uint16{21, 2121},
	Secure: []uint16{990},
	Inside: "ftps",
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		r := readReply(said.Text())
		switch {
		case !r.greets(), r.says("SMTP", "LMTP") || isOther(r):
			return Facts{}, No
		case r.says("FTP"):
			return r.facts("ftp.banner"), when(r.whole)
		case r.code == "220" && said.To == Unasked:
			return r.facts("ftp.banner"), unclear(r.whole)
		}
		return Facts{}, No
	},
	// SYST has its own code, and otherwise asks for a login (section 4.1.3).
	Settle: func(c Conn) bool {
		r := readReply(string(c.Say("SYST\r\n", wholeReply)))
		lower := strings.ToLower(r.text)
		return r.code == "215" || r.code == "530" && (strings.Contains(lower, "log") || strings.Contains(lower, "user"))
	},
	Upgrade: func(c Conn) bool { return readReply(string(c.Say("AUTH TLS\r\n", wholeReply))).code == "234" },
})

// greets tells whether a mail or file server may begin with this code.
func (r reply) greets() bool {
	switch r.code {
	case "220", "421", "554", "530", "520", "450", "521":
		return true
	}
	return false
}
