package protocol

import "strings"

// SMTP, and LMTP, which differs in one command (RFC 2033 section 4.1).
var _ = register(Protocol{
	Name:   "smtp",
	Source: "RFC 5321 sections 4.1.1.1 and 4.2, RFC 2033, RFC 3207",
	Ports:  []uint16{25, 26, 366, 587, 24, 2525},
	Secure: []uint16{465},
	Inside: "smtps",
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		r := readReply(said.Text())
		if !r.greets() || isOther(r) {
			return Facts{}, No
		}
		f := r.facts("smtp.banner")
		// The first word of a greeting is a name.
		if host, _, _ := strings.Cut(r.text, " "); r.code == "220" && isHostName(host) {
			f.Host = host
		}
		switch {
		case r.says("LMTP"):
			f.Service = "lmtp"
			return f, when(r.whole)
		case r.says("SMTP"):
			return f, when(r.whole)
		case r.code == "220" && !r.says("FTP") && said.To == Unasked:
			return f, unclear(r.whole)
		}
		return Facts{}, No
	},
	// Only a mail server takes EHLO.
	Settle: func(c Conn) bool { return readReply(string(c.Say(ehlo, wholeReply))).code == "250" },
	// Talk asks for the extensions.
	Talk: func(c Conn, f *Facts) {
		if f.Code != "220" {
			return
		}
		hail := ehlo
		if f.Service == "lmtp" {
			hail = "L" + ehlo[1:]
		}
		r := readReply(string(c.Say(hail, wholeReply)))
		if r.code != "250" {
			return
		}
		f.How = "+ehlo"
		for line := range strings.SplitSeq(r.text, "\n") {
			if strings.EqualFold(line, "STARTTLS") {
				f.Info = join(f.Info, "STARTTLS")
			}
		}
	},
	Bye:     "QUIT\r\n",
	Upgrade: func(c Conn) bool { return readReply(string(c.Say("STARTTLS\r\n", wholeReply))).code == "220" },
})

// The name is one that cannot be anybody's (RFC 2606 section 2).
const ehlo = "EHLO sonde.invalid\r\n"
