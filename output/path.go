package output

import (
	"slices"
	"strconv"
	"strings"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// path is what the fields of our packet went through, for people.
type path struct {
	dscp, ecn bool // have something to show
	changes   []report.Rewrite
	hops      []report.Hop
	verbose   bool
	last      uint8 // the TTL of the last hop that answered; 0: none did
}

// newPath is the path to h.
func newPath(h *Host, verbose bool) *path {
	p := &path{changes: h.Rewrites, hops: h.Hops, verbose: verbose}
	for i := range h.Hops {
		hop := &h.Hops[i]
		if hop.HasTOS {
			p.dscp = p.dscp || hop.TOS>>2 != 0
			p.ecn = p.ecn || hop.TOS&3 != 0
		}
		for _, c := range hop.Changes {
			p.dscp = p.dscp || c.Field == "dscp"
			p.ecn = p.ecn || c.Field == "ecn"
		}
		if hop.From.IsValid() {
			p.last = hop.TTL
		}
	}
	return p
}

// cells are what a hop saw of DSCP and ECN; empty where that is nothing on the whole path.
func (p *path) cells(h *report.Hop) (dscp, ecn string) {
	if p.dscp {
		dscp = p.cell(h, "dscp", wire.DSCPName(h.TOS>>2))
	}
	if p.ecn {
		ecn = p.cell(h, "ecn", wire.ECNName(h.TOS))
	}
	return dscp, ecn
}

// cell is what a hop saw of a field of the IP header: "ef", "ef → cs0" where it was another
// one before.
func (p *path) cell(h *report.Hop, field, seen string) string {
	if !h.HasTOS {
		return "not visible"
	}
	for i := range p.changes {
		if c := &p.changes[i]; c.By.TTL == h.TTL && c.Field == field {
			return Escape(c.From) + " → " + seen
		}
	}
	return seen
}

// appendChanges writes what was changed at a hop or before it, a line for each.
func (p *path) appendChanges(b []byte, ttl uint8) []byte {
	for i := range p.changes {
		if c := &p.changes[i]; c.By.TTL == ttl {
			b = append(appendRewrite(append(b, "     "...), c), '\n')
		}
	}
	return b
}

// appendEchoes writes what the target's answer shows, and what it does not though it might:
// of changes that are known already only that is new which came as it was sent.
func (p *path) appendEchoes(b []byte, ttl uint8) []byte {
	for i := range p.hops {
		h := &p.hops[i]
		if h.TTL != ttl {
			continue
		}
		missing := slices.DeleteFunc(slices.Clone(h.Unanswered), func(field string) bool {
			return slices.ContainsFunc(p.changes, func(c report.Rewrite) bool { return c.Field == field })
		})
		if len(h.Came) > 0 && (p.verbose || len(missing) > 0 || len(p.changes) > 0) {
			b = AppendText(append(b, "     its answer shows that "...), enumerate(h.Came))
			b = append(b, " came\n"...)
		}
		if len(missing) > 0 {
			b = AppendText(append(b, "     its answer does not show "...), strings.Join(missing, ", "))
			b = append(b, ": not used by the target, or lost on the way there or back\n"...)
		}
	}
	return b
}

// appendInterface writes "incoming interface eth0 (10.1.0.2, index 3, MTU 1500)".
func appendInterface(b []byte, in *wire.Interface) []byte {
	b = append(append(b, in.Role.String()...), " interface"...)
	if in.Role == wire.NextHop {
		b = append(b[:0], "next hop"...)
	}
	if in.Name != "" {
		b = AppendText(append(b, ' '), in.Name)
	}
	var about []string
	if in.Addr.IsValid() {
		about = append(about, string(appendAddr(nil, in.Addr)))
	}
	if in.Index > 0 {
		about = append(about, "index "+strconv.FormatUint(uint64(in.Index), 10))
	}
	if in.MTU > 0 {
		about = append(about, "MTU "+strconv.FormatUint(uint64(in.MTU), 10))
	}
	if len(about) > 0 {
		b = append(append(append(b, " ("...), strings.Join(about, ", ")...), ')')
	}
	return b
}

// appendUnseen writes which fields are not visible, a line for the hops that quote too
// little of the same ones. What an answer that quotes nothing shows is not spoken of.
func appendUnseen(b []byte, hops []report.Hop) []byte {
	first := true
	for i := range hops {
		h := &hops[i]
		same := func(o report.Hop) bool { return slices.Equal(o.Unseen, h.Unseen) && o.Quoted == h.Quoted }
		if len(h.Unseen) == 0 || slices.ContainsFunc(hops[:i], same) {
			continue
		}
		if first {
			b = append(b, '\n')
			first = false
		}
		var list []string
		for k := range hops {
			if same(hops[k]) {
				list = append(list, strconv.Itoa(int(hops[k].TTL)))
			}
		}
		b = append(append(b, verb(uint64(len(list)), "hop", "hops")...), ' ')
		b = append(append(b, enumerate(list)...), verb(uint64(len(list)), " quotes ", " quote ")...)
		b = appendCount(b, uint64(h.Quoted), "byte")
		b = append(AppendText(append(b, ": "...), strings.Join(h.Unseen, ", ")), " not visible\n"...)
	}
	return b
}
