package protocol

import "strings"

var _ = register(Protocol{
	Name:   "pop3",
	Source: "RFC 1939 section 4, RFC 2449 section 6.9, RFC 2595 section 4",
	Ports:  []uint16{110},
	Secure: []uint16{995},
	Inside: "pop3s",
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		if line != "+OK" && !strings.HasPrefix(line, "+OK ") || said.To == ToOther {
			return f, No
		}
		f.Key, f.Text = "pop3.banner", strings.TrimPrefix(line[3:], " ")
		return f, when(whole)
	},
	// Talk asks a server that did not name itself for its capabilities, one of which may.
	Talk: func(c Conn, f *Facts) {
		if f.Product != "" {
			return
		}
		b := c.Say("CAPA\r\n", func(b []byte) bool {
			t := string(b)
			return strings.HasSuffix(t, "\r\n.\r\n") || strings.HasPrefix(t, "-ERR") && strings.HasSuffix(t, "\n")
		})
		for line := range strings.Lines(string(b)) {
			if name, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "IMPLEMENTATION "); ok {
				f.How = "+capa"
				f.Product, f.Version = splitVersion(Clip(name))
			}
		}
	},
	Bye:     "QUIT\r\n",
	Upgrade: func(c Conn) bool { return strings.HasPrefix(string(c.Say("STLS\r\n", lineEnds)), "+OK") },
})
