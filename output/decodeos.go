package output

import "sonde/scan/report"

func (o *object) os() *report.OS {
	o.need("addr", "unknown")
	r := &report.OS{Addr: o.addr("addr"), Unknown: o.share("unknown"), Why: o.str("why"), For: o.list("for"), Against: o.list("against"),
		Passive: o.bool("passive"), Seen: uint32(o.num("seen", 32)), Hops: uint8(o.num("hops", 8)), Features: o.list("features"), Sample: o.str("sample")}
	if o.has("matches") {
		r.Matches = each(o, "matches", func(in *object, key string) report.OSMatch { return in.open(key).osMatch() })
	}
	if o.has("said") {
		r.Said = each(o, "said", func(in *object, key string) report.OSWord {
			s := in.open(key)
			s.need("port", "os")
			w := report.OSWord{Port: uint16(s.num("port", 16)), Text: s.str("os")}
			if s.has("agrees") {
				w.Agrees = s.bool("agrees")
				w.Differs = !w.Agrees
			}
			return w
		})
	}
	if o.has("apart") {
		r.Apart = each(o, "apart", func(in *object, key string) report.OSPorts {
			a := in.open(key)
			a.need("ports", "confidence")
			return report.OSPorts{Ports: a.ports("ports"), Name: a.str("name"), Confidence: a.share("confidence"), Evidence: a.str("evidence")}
		})
	}
	return r
}

func (o *object) osMatch() report.OSMatch {
	o.need("name", "family", "confidence", "family_confidence")
	m := report.OSMatch{Name: o.str("name"), Family: o.str("family"), Generation: o.str("generation"), Confidence: o.share("confidence"),
		InFamily: o.share("family_confidence"), CPE: o.str("cpe"), Device: o.str("device"), Unverified: o.bool("unverified")}
	if o.has("hints") {
		m.Hints = each(o, "hints", func(in *object, key string) report.OSHint {
			h := in.open(key)
			h.need("name", "confidence")
			return report.OSHint{Name: h.str("name"), Confidence: h.share("confidence")}
		})
	}
	return m
}
