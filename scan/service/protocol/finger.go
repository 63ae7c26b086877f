package protocol

import (
	"strings"
)

// Finger is answered by people's names; of nobody, by what programs say then. The question
// is for one that nobody has.
var fingerAnswers = grammar(`(?m)^(Login: +\S+ +(\t| )*Name: |Login +Name +(Tty|TTY)|finger: \S+: no such user|No one logged on\.?\s*$|` +
	`Login name: \S+ +In real life: )`)

var _ = register(Protocol{
	Name:      "finger",
	Source:    "RFC 1288 section 2",
	Ports:     []uint16{79},
	Ask:       always("\r\n"),
	Elsewhere: Text,
	Read: func(said Said) (f Facts, m Match) {
		text := strings.ReplaceAll(string(said.Bytes[:min(len(said.Bytes), 2048)]), "\r", "")
		if said.To == Unasked || !fingerAnswers().MatchString(text) {
			return f, No
		}
		return f, Some
	},
})
