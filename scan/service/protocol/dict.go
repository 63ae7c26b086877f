package protocol

import "strings"

// DICT has its greeting's code from SMTP and ends it with its capabilities and a
// message identifier: "220 dict.example dictd 1.13/rf <auth.mime> <1.2@dict.example>".
var _ = register(Protocol{
	Name:   "dict",
	Source: "RFC 2229 section 3.1",
	Ports:  []uint16{2628},
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		r := readReply(said.Text())
		if f := readDict(r); f.Service != "" {
			return f, when(r.whole)
		}
		return Facts{}, No
	},
})

// readDict returns facts without a Service for what is not DICT.
func readDict(r reply) (f Facts) {
	text := strings.TrimRight(r.text, " ")
	if r.code != "220" || !r.whole || !strings.HasSuffix(text, ">") || !strings.Contains(text, "> <") {
		return f
	}
	if id := text[strings.LastIndexByte(text, '<'):]; !strings.Contains(id, "@") {
		return f
	}
	f.Service = "dict"
	words := strings.Fields(text)
	if len(words) > 2 && isHostName(words[0]) {
		f.Host, words = words[0], words[1:]
	}
	if i := 1; len(words) > i && !strings.HasPrefix(words[0], "<") && isDigit(words[i][0]) {
		f.Product = Clip(words[0])
		f.Version, _, _ = strings.Cut(Clip(words[i]), "/")
	}
	return f
}

// isOther tells whether a reply that FTP and SMTP may have is another protocol's.
func isOther(r reply) bool {
	return readDict(r).Service != "" || hylafaxForm().MatchString(r.text)
}
