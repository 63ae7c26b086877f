package output

import (
	"strconv"

	"sonde/scan/report"
)

// This file writes and reads how long packets may be on a way.

// appendMTU writes it as a sentence, without the full stop at its end.
func appendMTU(b []byte, m *report.PathMTU) []byte {
	b = strconv.AppendUint(append(b, "MTU "...), uint64(m.MTU), 10)
	if m.Target {
		b = append(b, " to the target"...)
	} else {
		b = appendPlace(append(b, " up to "...), &m.Hop)
	}
	if len(m.Limits) == 0 && m.Hole == nil {
		if m.MTU == m.Own {
			return append(b, ", as our interface has it"...)
		}
		return b
	}
	sep := ": "
	for i := range m.Limits {
		b = appendMTULimit(append(b, sep...), &m.Limits[i])
		sep = ", "
	}
	if h := m.Hole; h != nil {
		b = strconv.AppendUint(append(b, sep...), uint64(h.Least), 10)
		b = append(b, " bytes and more vanish "...)
		if h.After.TTL == 0 {
			b = appendPlace(append(b, "before "...), &h.By)
		} else {
			b = appendPlace(append(b, "between "...), &h.After)
			b = appendPlace(append(b, " and "...), &h.By)
		}
		if h.Target {
			b = append(b, ", the target, or get no answer there"...)
		} else {
			b = append(b, ", and nobody says so"...)
		}
	}
	return b
}

func appendMTULimit(b []byte, l *report.MTULimit) []byte {
	if l.By.TTL == 0 {
		b = appendAddr(b, l.By.From)
	} else {
		b = appendPlace(b, &l.By)
	}
	if l.MTU == 0 {
		return strconv.AppendUint(append(b, " passes on less than "...), uint64(l.Sent), 10)
	}
	return strconv.AppendUint(append(b, " passes on "...), uint64(l.MTU), 10)
}

func (l *line) pathMTU(m *report.PathMTU) {
	l.addr("addr", m.Addr)
	l.num("mtu", uint64(m.MTU))
	l.hopAt("to", &m.Hop)
	l.yes("target", m.Target)
	l.num("own", uint64(m.Own))
	for i := range l.objects("limits", len(m.Limits)) {
		limit := &m.Limits[i]
		l.hopAt("by", &limit.By)
		l.some("mtu", uint64(limit.MTU))
		l.num("sent", uint64(limit.Sent))
	}
	if h := m.Hole; h != nil {
		l.open("vanish")
		l.num("least", uint64(h.Least))
		if h.After.TTL > 0 {
			l.hopAt("after", &h.After)
		}
		l.hopAt("by", &h.By)
		l.yes("target", h.Target)
		l.shut()
	}
}

// hopAt writes a hop, and who it is.
func (l *line) hopAt(key string, h *report.HopAt) {
	l.some(key+"_hop", uint64(h.TTL))
	l.addr(key, h.From)
}

func (o *object) pathMTU() *report.PathMTU {
	o.need("addr", "mtu", "to_hop", "own")
	m := &report.PathMTU{Addr: o.addr("addr"), MTU: uint16(o.num("mtu", 16)), Hop: o.hop1("to"), Target: o.bool("target"), Own: uint16(o.count("own", 16))}
	m.Limits = each(o, "limits", func(in *object, key string) report.MTULimit {
		l := in.open(key)
		l.need("sent")
		return report.MTULimit{By: l.hopAt("by"), MTU: uint16(l.num("mtu", 16)), Sent: uint16(l.num("sent", 16))}
	})
	if o.has("vanish") {
		v := o.open("vanish")
		v.need("least", "by_hop")
		m.Hole = &report.MTUHole{Least: uint16(v.count("least", 16)), By: v.hop1("by"), Target: v.bool("target")}
		if v.has("after_hop") {
			m.Hole.After = v.hop1("after")
		}
	}
	return m
}

// hop1 reads a hop, of which the number is there.
func (o *object) hop1(key string) report.HopAt {
	o.count(key+"_hop", 8)
	return o.hopAt(key)
}

// hopAt reads a hop; that of an address that no hop has is 0.
func (o *object) hopAt(key string) report.HopAt {
	return report.HopAt{TTL: uint8(o.num(key+"_hop", 8)), From: o.addr(key)}
}
