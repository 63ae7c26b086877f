package protocol

import "strings"

var _ = register(Protocol{
	Name:   "sieve",
	Source: "RFC 5804 sections 1.7 and 2.2",
	Ports:  []uint16{4190},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		text := said.Text()
		if !strings.HasPrefix(text, "\"IMPLEMENTATION\" \"") {
			return f, No
		}
		f.Product, f.Version = splitVersion(between(text, "\"IMPLEMENTATION\" \"", "\"\r\n"))
		if strings.Contains(text, "\"STARTTLS\"") {
			f.Info = "STARTTLS"
		}
		if i := strings.LastIndex(text, "\nOK"); i < 0 || !lineEnds(said.Bytes) {
			return f, Begun
		}
		return f, Whole
	},
	Upgrade: func(c Conn) bool { return strings.HasPrefix(string(c.Say("STARTTLS\r\n", lineEnds)), "OK") },
	Bye:     "LOGOUT\r\n",
})
