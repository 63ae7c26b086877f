package protocol

import "strings"

// ZooKeeper answers words of four letters, or says that it may not.
var _ = register(Protocol{
	Name:      "zookeeper",
	Source:    "ZooKeeper administrator's guide: the four letter words",
	Ports:     []uint16{2181},
	Ask:       always("srvr"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		f.Banner = "-"
		if version, ok := strings.CutPrefix(line, "Zookeeper version: "); ok {
			version, _, _ = strings.Cut(version, ",")
			f.Product = "Apache ZooKeeper"
			f.Version, _, _ = strings.Cut(Clip(version), "-")
			f.CPE = []string{"cpe:/a:apache:zookeeper:" + cpeValue(f.Version)}
			return f, when(whole)
		}
		switch line {
		case "srvr is not executed because it is not in the whitelist.", "This ZooKeeper instance is not currently serving requests":
			f.Product = "Apache ZooKeeper"
			return f, Some
		}
		return Facts{}, No
	},
})
