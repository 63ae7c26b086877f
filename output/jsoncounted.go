package output

import (
	"net/netip"

	"sonde/scan/report"
)

// This file writes and reads what many questions to a hop tell (trace -c).

// counted writes it. How much is lost follows from the counts, and is said where it is loss.
func (l *line) counted(h *report.Hop) {
	c := h.Counted
	if c == nil {
		return
	}
	l.millis("jitter_ms", c.Jitter)
	if lost := h.Repeat.Lost(); lost >= 0 && (c.Missing == report.MissingNone || c.Missing == report.MissingWay) {
		l.float("loss", lost, 6)
	}
	if c.Missing != report.MissingNone {
		l.word("missing", c.Missing.String())
	}
	if c.Missing == report.MissingLimited {
		l.float("per_second", c.PerSecond, 6)
	}
	l.yes("slow", c.Slow)
	if c.Begins != nil {
		l.open("loss_begins")
		l.num("after", uint64(c.Begins.After))
		l.float("loss", c.Begins.Rate, 6)
		l.shut()
	}
}

// counted reads it; nil where there is none.
func (o *object) counted() *report.Counted {
	if !o.has("jitter_ms") {
		return nil
	}
	c := &report.Counted{Jitter: o.millis("jitter_ms"), Slow: o.bool("slow")}
	if o.has("missing") {
		c.Missing, _ = report.ParseMissing(o.word("missing", report.MissingWords()))
	}
	if c.Missing == report.MissingLimited {
		c.PerSecond = max(report.Loss(o.float("per_second")), 0)
	}
	if o.has("loss_begins") {
		in := o.open("loss_begins")
		in.need("after", "loss")
		c.Begins = &report.LossBegin{After: uint8(in.num("after", 8)), Rate: min(max(report.Loss(in.float("loss")), 0), 1)}
	}
	return c
}

// as reads who announces an address; nil: it is not known.
func (o *object) as() *report.AS {
	if !o.has("as") {
		return nil
	}
	in := o.open("as")
	in.need("numbers", "prefix")
	as := &report.AS{Name: in.str("name"), Numbers: each(in, "numbers", func(in *object, key string) uint32 { return uint32(in.num(key, 32)) })}
	var err error
	if as.Prefix, err = netip.ParsePrefix(in.str("prefix")); err != nil {
		in.fail("prefix", "is none")
	}
	if len(as.Numbers) == 0 {
		in.fail("numbers", "has none")
	}
	return as
}
