package protocol

import "strings"

var _ = register(Protocol{
	Name:   "ganglia",
	Source: "Ganglia: gmond(1), XML description",
	Ports:  []uint16{8649, 8651},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		text := said.Text()
		if !strings.HasPrefix(text, "<?xml ") || !strings.Contains(text, "<!DOCTYPE GANGLIA_XML") {
			return f, No
		}
		f.Banner = "-"
		tag := between(text, "\n<GANGLIA_XML ", ">")
		if tag == "" {
			return f, Some
		}
		if source := between(tag, "SOURCE=\"", "\""); source == "gmond" || source == "gmetad" {
			f.Product, f.Version = source, between(tag, "VERSION=\"", "\"")
		}
		return f, Whole
	},
})
