package output

import (
	"fmt"

	"sonde/probe/wire"
)

// path follows the fields of our packet from hop to hop, for people: a change is
// told once, at the first hop that quotes it.
type path struct {
	dscp, ecn bool // have something to show
	fields    map[string]sighting
	findings  []string // escaped
}

// sighting is where a field was last seen, and how.
type sighting struct {
	value string
	hop   *Record // nil: as it was sent
}

func newPath(hops []Record) *path {
	p := &path{fields: map[string]sighting{}}
	for i := range hops {
		if h := &hops[i]; h.HasTOS {
			p.dscp = p.dscp || (h.SentTOS|h.SeenTOS)>>2 != 0
			p.ecn = p.ecn || (h.SentTOS|h.SeenTOS)&3 != 0
		}
	}
	return p
}

// see takes the next hop that answered. It returns the cells DSCP and ECN, and
// what is to be said of changes, escaped; each may be empty.
func (p *path) see(h *Record) (dscp, ecn, note string) {
	before := len(p.findings)
	if p.dscp {
		dscp = p.cell(h, "dscp", wire.DSCPName(h.SentTOS>>2), wire.DSCPName(h.SeenTOS>>2))
	}
	if p.ecn {
		ecn = p.cell(h, "ecn", ecnName(h.SentTOS), ecnName(h.SeenTOS))
	}
	var others string
	for i := 0; ; i++ {
		c, ok := h.change(i)
		if !ok {
			break
		}
		if h.HasTOS && (c.Field == "dscp" || c.Field == "ecn") {
			continue // the cells
		}
		if was, changed := p.take(h, c); changed {
			others += fmt.Sprintf("%s %s → %s, ", Escape(c.Field), Escape(was), Escape(c.Seen))
		}
	}
	if len(p.findings) > before {
		note = others + "changed at or before this hop"
	}
	return dscp, ecn, note
}

// cell is what a hop saw of a field of the IP header: "ef", "ef → cs0" where it
// was another one before.
func (p *path) cell(h *Record, field, sent, seen string) string {
	if !h.HasTOS {
		return "not visible"
	}
	if was, changed := p.take(h, Change{field, sent, seen}); changed {
		return was + " → " + seen
	}
	return seen
}

// take notes what a hop saw, and tells whether it is not what was seen before.
func (p *path) take(h *Record, c Change) (was string, changed bool) {
	last, known := p.fields[c.Field]
	if !known {
		last.value = c.Sent
	}
	p.fields[c.Field] = sighting{c.Seen, h}
	if last.value == c.Seen {
		return last.value, false
	}
	text := fmt.Sprintf("%s %s was changed to %s at or before hop %d (%s)", Escape(c.Field), Escape(last.value),
		Escape(c.Seen), h.Hop, appendAddr(nil, h.From))
	if last.hop != nil {
		text += fmt.Sprintf("; hop %d (%s) still saw %s", last.hop.Hop, appendAddr(nil, last.hop.From), Escape(last.value))
	}
	p.findings = append(p.findings, text)
	return last.value, true
}
