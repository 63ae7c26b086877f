package protocol

import "strings"

var _ = register(Protocol{
	Name:   "imap",
	Source: "RFC 9051 sections 6.2.1 and 7.1, RFC 2971 section 3",
	Ports:  []uint16{143, 220},
	Secure: []uint16{993},
	Inside: "imaps",
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		if !strings.HasPrefix(line, "* OK ") && !strings.HasPrefix(line, "* PREAUTH ") && !strings.HasPrefix(line, "* BYE ") {
			return f, No
		}
		_, text, _ := strings.Cut(line[2:], " ")
		if code, after, ok := strings.Cut(text, "]"); ok && strings.HasPrefix(code, "[") {
			text = strings.TrimPrefix(after, " ")
		}
		f.Key, f.Text = "imap4.banner", text
		return f, when(whole)
	},
	// Talk asks a server that did not name itself for its ID.
	Talk: func(c Conn, f *Facts) {
		if f.Product != "" {
			return
		}
		for line := range strings.Lines(string(c.Say("a ID NIL\r\n", imapDone("a")))) {
			if list, ok := strings.CutPrefix(line, "* ID ("); ok {
				id := parseID(list)
				f.Product, f.Version = Clip(id["name"]), Clip(id["version"])
				if f.Product != "" {
					f.How = "+id"
				}
			}
		}
	},
	Bye: "c LOGOUT\r\n",
	Upgrade: func(c Conn) bool {
		return strings.Contains("\n"+string(c.Say("b STARTTLS\r\n", imapDone("b"))), "\nb OK")
	},
})

// imapDone tells whether the command with this tag is answered.
func imapDone(tag string) func([]byte) bool {
	return func(b []byte) bool {
		return strings.LastIndex("\n"+string(b), "\n"+tag+" ") >= 0 && lineEnds(b)
	}
}

// parseID reads pairs of quoted strings, up to a parenthesis: "name" "Dovecot")
// (RFC 2971 section 3.3). NIL and literals yield nothing.
func parseID(s string) map[string]string {
	id := map[string]string{}
	var words []string
	for len(s) > 0 && s[0] != ')' && len(words) < 60 {
		switch {
		case s[0] == '"':
			var word []byte
			i := 1
			for ; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' && i+1 < len(s) {
					i++
				}
				word = append(word, s[i])
			}
			words, s = append(words, string(word)), s[min(i+1, len(s)):]
		case len(s) >= 3 && strings.EqualFold(s[:3], "NIL"):
			words, s = append(words, ""), s[3:]
		default:
			s = s[1:]
		}
	}
	for i := 0; i+1 < len(words); i += 2 {
		id[strings.ToLower(words[i])] = words[i+1]
	}
	return id
}
