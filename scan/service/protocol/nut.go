package protocol

import "strings"

var _ = register(Protocol{
	Name:   "nut",
	Source: "Network UPS Tools: network protocol (draft-bnut-ups), VER",
	Ports:  []uint16{3493},
	Ask:    always("VER\n"),
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		f.Banner = "-"
		if rest, ok := strings.CutPrefix(line, "Network UPS Tools upsd "); ok {
			f.Product = "Network UPS Tools upsd"
			f.Version, _, _ = strings.Cut(Clip(rest), " ")
			f.CPE = []string{"cpe:/a:networkupstools:network_ups_tools:" + cpeValue(f.Version)}
			return f, when(whole)
		}
		if said.To != Unasked && (line == "ERR UNKNOWN-COMMAND" || line == "ERR INVALID-ARGUMENT" || line == "ERR ACCESS-DENIED") {
			return f, when(whole)
		}
		return Facts{}, No
	},
	Upgrade: func(c Conn) bool { return strings.HasPrefix(string(c.Say("STARTTLS\n", lineEnds)), "OK STARTTLS") },
})
