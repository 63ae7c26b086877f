package protocol

import "strings"

// IRC servers say much unasked, and answer what they do not know by numbers. Their
// version is told to who registers.
var _ = register(Protocol{
	Name:   "irc",
	Source: "RFC 2812 sections 2.3.1, 3.1, 5",
	Ports:  []uint16{6667, 6665, 6666, 6668, 6669, 7000},
	Secure: []uint16{6697, 994},
	Inside: "ircs",
	Ask:    always("NICK sonde\r\nUSER sonde 0 * :sonde\r\nVERSION\r\n"),
	Read: func(said Said) (f Facts, m Match) {
		known := false
		for line := range strings.Lines(said.Text()) {
			if line[0] != ':' && line[0] != 'N' && line[0] != 'E' {
				continue
			}
			line = strings.TrimRight(line, "\r\n")
			words := strings.Fields(line)
			if strings.HasSuffix(line, "NOTICE * :BitlBee-IRCd initialized, please go on") {
				f.Product = "BitlBee"
			}
			switch {
			case strings.HasPrefix(line, "NOTICE AUTH :"), strings.HasPrefix(line, "ERROR :Closing Link"), strings.HasPrefix(line, "ERROR :") && strings.Contains(line, "IRC"):
				known = true
			case len(words) < 3 || words[0][0] != ':' || said.To == Unasked && words[1] != "NOTICE":
				continue
			case words[1] == "NOTICE" && (words[2] == "AUTH" || words[2] == "*"), len(words[1]) == 3 && allDigits(words[1]) && (words[2] == "*" || said.To == ToAsk):
				known = true
				if isHostName(words[0][1:]) {
					f.Host = Clip(words[0][1:])
				}
			default:
				continue
			}
			if len(words) > 3 && words[1] == "351" { // RPL_VERSION
				f.Product, f.Version = splitIRC(words[3])
			}
			if _, version, ok := strings.Cut(line, "running version "); ok && words[1] == "002" && f.Product == "" {
				f.Product, f.Version = splitIRC(strings.TrimRight(strings.Fields(version + " ?")[0], "."))
			}
		}
		switch {
		case !known:
			return Facts{}, No
		case f.Product != "":
			return f, Whole
		}
		return f, Some
	},
	Bye: "QUIT\r\n",
})

// splitIRC splits "ngircd-26.1." and "InspIRCd-3."; options follow.
func splitIRC(s string) (product, version string) {
	s = strings.TrimRight(s, ".")
	if i := strings.IndexByte(s, '('); i > 0 {
		s = s[:i]
	}
	return splitVersion(Clip(s))
}
