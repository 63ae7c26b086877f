package output

import (
	"strconv"

	"sonde/scan/report"
)

// appendRewrite writes where a field was changed as a sentence, without the full stop at
// its end, and escaped.
func appendRewrite(b []byte, r *report.Rewrite) []byte {
	b = AppendText(b, r.Field)
	switch {
	case r.Field == "ttl": // of which every router takes one
		b = AppendText(append(b, " is "...), r.To)
		b = AppendText(append(b, " where "...), r.From)
		b = append(b, " should be left: it was not counted down by one"...)
	case r.To == "":
		b = append(appendValue(b, r.From), " was removed"...)
	case r.From == "":
		b = append(appendValue(b, r.To), " was added"...)
	default:
		b = appendValue(append(b, " was changed from"...), r.From)
		b = appendValue(append(b, " to"...), r.To)
	}
	b = appendBetween(append(b, ' '), r)
	if r.Field == "checksum" {
		b = append(b, ": so was something that is not quoted, or a NAT corrects what is"...)
	}
	return b
}

// appendValue writes a value with a blank before it; of what is only there or not, nothing.
func appendValue(b []byte, value string) []byte {
	if value == "on" {
		return b
	}
	return AppendText(append(b, ' '), value)
}

// appendBetween writes between which hops it was.
func appendBetween(b []byte, r *report.Rewrite) []byte {
	if r.After.TTL == 0 {
		b = appendPlace(append(b, "before "...), &r.By)
	} else {
		b = appendPlace(append(b, "between "...), &r.After)
		b = appendPlace(append(b, " and "...), &r.By)
	}
	if r.Target {
		b = append(b, ", the target"...)
	}
	if r.After.TTL == 0 || len(r.Between) == 0 {
		return b
	}
	b = append(append(b, "; "...), verb(uint64(len(r.Between)), "hop", "hops")...)
	for i, ttl := range r.Between {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(append(b, ' '), uint64(ttl), 10)
	}
	return append(append(b, ", between them, "...), verb(uint64(len(r.Between)), "does not show it", "do not show it")...)
}

func appendPlace(b []byte, p *report.HopAt) []byte {
	b = strconv.AppendUint(append(b, "hop "...), uint64(p.TTL), 10)
	return append(appendAddr(append(b, " ("...), p.From), ')')
}

func (l *line) rewrite(r *report.Rewrite) {
	l.addr("addr", r.Addr)
	l.str("field", r.Field)
	l.str("from", r.From)
	l.str("to", r.To)
	if r.After.TTL > 0 {
		l.num("after_hop", uint64(r.After.TTL))
		l.addr("after", r.After.From)
	}
	l.num("by_hop", uint64(r.By.TTL))
	l.addr("by", r.By.From)
	l.yes("target", r.Target)
	if len(r.Between) > 0 {
		l.key("between")
		for i, ttl := range r.Between {
			l.b = append(l.b, "[,"[min(i, 1)])
			l.b = strconv.AppendUint(l.b, uint64(ttl), 10)
		}
		l.b = append(l.b, ']')
	}
}

func (o *object) rewrite() *report.Rewrite {
	o.need("addr", "field", "from", "to", "by_hop")
	r := &report.Rewrite{Addr: o.addr("addr"), Field: o.str("field"), From: o.str("from"), To: o.str("to"),
		By: report.HopAt{TTL: uint8(o.count("by_hop", 8)), From: o.addr("by")}, Target: o.bool("target"),
		Between: each(o, "between", func(in *object, key string) uint8 { return uint8(in.count(key, 8)) })}
	if o.has("after_hop") {
		r.After = report.HopAt{TTL: uint8(o.count("after_hop", 8)), From: o.addr("after")}
	}
	return r
}
