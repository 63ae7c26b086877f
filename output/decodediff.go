package output

import (
	"slices"

	"sonde/probe"
	"sonde/scan/report"
)

func (o *object) difference() *report.Difference {
	o.need("addr", "what")
	d := &report.Difference{Addr: o.addr("addr"), Proto: o.str("proto"), Port: uint16(o.num("port", 16)), TTL: uint8(o.num("ttl", 8)),
		Old: o.str("old"), New: o.str("new"), Open: o.ports("open")}
	d.What = report.Aspect(max(0, slices.Index(report.Aspects(), o.word("what", report.Aspects()))))
	d.OldReason, d.NewReason = o.because("old_reason"), o.because("new_reason")
	if o.has("why") != (o.has("weak") && o.bool("weak")) {
		o.fail("why", "goes with \"weak\"")
	}
	if o.has("why") {
		d.Weak = report.Weakness(1 + max(0, slices.Index(report.Weaknesses(), o.word("why", report.Weaknesses()))))
	}
	return d
}

// because reads a reason that is an answer.
func (o *object) because(key string) probe.Reason {
	if !o.has(key) {
		return probe.NoResponse
	}
	return o.reason(key)
}

func (o *object) differences() *report.Differences {
	o.need("old", "new", "strong", "weak", "same")
	d := &report.Differences{Old: o.side("old"), New: o.side("new"), Same: o.num("same", 64), OneSided: o.num("one_sided", 64),
		Undecided: o.num("undecided", 64), OtherKind: o.num("other_kind", 64)}
	strong, weak := o.open("strong"), o.open("weak")
	for i, name := range report.Aspects() {
		d.Strong[i] = strong.num(name, 64)
	}
	for i, name := range report.Weaknesses() {
		d.Weak[i+1] = weak.num(name, 64)
	}
	return d
}

func (o *object) side(key string) report.Side {
	s := o.open(key)
	s.need("file", "runs", "complete", "records")
	return report.Side{File: s.str("file"), Command: s.str("command"), Time: s.time("begun"), Runs: uint32(s.num("runs", 32)), Complete: s.bool("complete"),
		Records: s.num("records", 64), Unread: s.num("unread", 64), Flags: s.words("flags")}
}
