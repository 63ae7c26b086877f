package sweep

import (
	"slices"

	"sonde/probe"
)

// ByKernel replaces kinds that need packets of our own by those that ask the same
// through the kernel. There must be one for each.
func ByKernel(pings []Ping) []Ping {
	var list []Ping
	for _, p := range pings {
		p.Kind, _ = probe.BySocket(p.Kind)
		if !slices.Contains(list, p) { // several kinds may become the same one
			list = append(list, p)
		}
	}
	return list
}
