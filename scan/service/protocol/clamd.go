package protocol

import "strings"

var _ = register(Protocol{
	Name:      "clamd",
	Source:    "clamd(8): COMMANDS",
	Ports:     []uint16{3310},
	Ask:       always("nVERSION\n"),
	Elsewhere: 0,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		if rest, ok := strings.CutPrefix(line, "ClamAV "); ok && said.To == ToAsk {
			f.Product, f.Banner = "ClamAV", "-"
			f.Version, f.Info, _ = strings.Cut(Clip(rest), "/")
			f.Info, _, _ = strings.Cut(f.Info, "/")
			f.Info = prefixed("signatures ", f.Info)
			f.CPE = []string{"cpe:/a:clamav:clamav:" + cpeValue(f.Version)}
			return f, when(whole)
		}
		if line == "UNKNOWN COMMAND" && said.To != Unasked {
			return f, unclear(whole)
		}
		return f, No
	},
})
