package protocol

import "strings"

// reply is one with a code of three digits, as FTP (RFC 959 section 4.2), SMTP (RFC
// 5321 section 4.2), NNTP (RFC 3977 section 3.2) and others have it. A hyphen after the
// code says that more lines come, the last of which has a space there.
type reply struct {
	code  string // "": it is none
	text  string // its lines, without codes
	whole bool
}

func readReply(b string) reply {
	line, rest, whole := CutLine(b)
	if !hasCode(line) {
		return reply{}
	}
	r := reply{code: line[:3]}
	text := []string{line[min(4, len(line)):]}
	for whole && len(line) > 3 && line[3] == '-' && len(text) < maxLines {
		line, rest, whole = CutLine(rest)
		switch same := hasCode(line) && line[:3] == r.code; {
		case same:
			text = append(text, line[min(4, len(line)):])
		case whole || line != "": // free text, as FTP allows
			text = append(text, line)
			line = r.code + "-"
		}
	}
	r.whole = whole
	r.text = strings.Join(text, "\n")
	return r
}

// hasCode tells whether a line begins with a reply code.
func hasCode(line string) bool {
	return len(line) >= 3 && '1' <= line[0] && line[0] <= '5' && '0' <= line[1] && line[1] <= '9' &&
		'0' <= line[2] && line[2] <= '9' && (len(line) == 3 || line[3] == ' ' || line[3] == '-')
}

// says tells whether one of these words, in capitals, is in a reply, in either case.
func (r reply) says(words ...string) bool {
	upper := strings.ToUpper(r.text)
	for _, word := range words {
		if strings.Contains(upper, word) {
			return true
		}
	}
	return false
}

// facts are those of a reply: its text is for the patterns of a list.
func (r reply) facts(key string) Facts { return Facts{Key: key, Text: r.text, Code: r.code} }

func wholeReply(b []byte) bool { return readReply(string(b)).whole }

// Replies of no protocol that is known are waited for to their end.
var _ = register(Protocol{
	Read: func(said Said) (Facts, Match) {
		if r := readReply(said.Text()); r.code != "" {
			return Facts{Code: r.code, Text: r.text}, unclear(r.whole)
		}
		return Facts{}, No
	},
})
