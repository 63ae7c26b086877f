package protocol

import "strings"

var _ = register(Protocol{
	Name:   "munin",
	Source: "guide.munin-monitoring.org: data exchange network protocol",
	Ports:  []uint16{4949},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		host, ok := strings.CutPrefix(line, "# munin node at ")
		if !ok {
			return f, No
		}
		f.Host = Clip(host)
		return f, when(whole)
	},
	Talk: func(c Conn, f *Facts) {
		line, _ := firstLine(string(c.Say("version\n", lineEnds)))
		if _, version, ok := strings.Cut(line, " version: "); ok && strings.HasPrefix(line, "munins node on ") {
			f.Product, f.Version, f.How = "munin-node", Clip(version), "+version"
		}
	},
	Bye: "quit\n",
})
