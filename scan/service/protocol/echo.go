package protocol

import "strings"

var _ = register(Protocol{
	Name:   "echo",
	Source: "RFC 862",
	Ports:  []uint16{7},
	Read: func(said Said) (Facts, Match) {
		if n := len(said.Bytes); said.To == Unasked || n < 8 || !strings.HasPrefix(said.Sent, said.Text()) {
			return Facts{}, No
		} else if n < len(said.Sent) {
			return Facts{Banner: "-"}, Some
		}
		return Facts{Banner: "-"}, Whole
	},
})
