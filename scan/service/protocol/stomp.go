package protocol

import "strings"

// STOMP servers end each frame by a zero byte.
var _ = register(Protocol{
	Name:      "stomp",
	Source:    "STOMP 1.2: frames, connecting, ERROR",
	Ports:     []uint16{61613},
	Secure:    []uint16{61614},
	Ask:       always("STOMP\naccept-version:1.0,1.1,1.2\nhost:/\n\n\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		text := said.Text()
		line, _, _ := CutLine(text)
		if said.To == Unasked || line != "CONNECTED" && line != "ERROR" || !strings.Contains(text, ":") {
			return f, No
		}
		f.Banner = "-"
		if !strings.Contains(text, "\x00") {
			return f, Opening
		}
		for header := range strings.SplitSeq(text, "\n") {
			if value, ok := strings.CutPrefix(strings.TrimRight(header, "\r"), "server:"); ok {
				f.Product, f.Version, f.Info = productTokens(value)
			}
		}
		return f, Whole
	},
})
