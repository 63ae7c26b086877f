package output

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sonde/scan/report"
)

// The words of records about two captures, as schema.json lists them.
var (
	fateNames = []string{"unsure", "lost-there", "unanswered", "lost-back", "answered"}
	pairWhys  = []string{"several-alike", "not-recorded", "answered-on-way", "near-ends"}
)

func (o *object) pair() *report.Pair {
	o.need("proto", "what", "near", "verdict")
	p := &report.Pair{Proto: o.str("proto"), What: o.str("what"), Number: uint32(o.num("number", 32)), Near: o.seen("near"), Far: o.seen("far"),
		Verdict: o.fate("verdict"), Why: o.word("why", pairWhys), Answer: o.str("answer"), By: o.addr("by"), Changes: o.changes(),
		Copies: uint32(o.num("copies", 32))}
	if p.HasDelay = o.has("delay_ms"); p.HasDelay {
		p.Delay = o.millis("delay_ms")
	}
	if o.has("back") {
		b := o.open("back")
		p.Back = b.changes()
		if p.HasBack = b.has("delay_ms"); p.HasBack {
			p.BackDelay = b.millis("delay_ms")
		}
	}
	if o.has("flow") {
		f := o.open("flow")
		f.need("sent", "answered", "packets", "arrived", "answers", "returned")
		p.Flow = &report.PairFlow{Sent: f.num("sent", 64), Answered: f.num("answered", 64), Packets: f.num("packets", 64),
			Arrived: f.num("arrived", 64), Answers: f.num("answers", 64), Returned: f.num("returned", 64)}
	}
	return p
}

func (o *object) fate(key string) report.Fate {
	word := o.word(key, fateNames)
	for i, name := range fateNames {
		if name == word {
			return report.Fate(i)
		}
	}
	return report.Unsure
}

// seen reads where a packet was seen, if it was.
func (o *object) seen(key string) (s report.Seen) {
	if !o.has(key) {
		return s
	}
	in := o.open(key)
	in.need("time", "src", "dst")
	return report.Seen{Time: in.exactly("time"), Src: in.place("src"), Dst: in.place("dst")}
}

// exactly reads a time to the nanosecond.
func (o *object) exactly(key string) time.Time {
	v, ok := get[string](o, key, "string")
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil || !strings.HasSuffix(v, "Z") {
		o.fail(key, fmt.Sprintf("%q is no time in UTC", v))
	}
	return t.UTC()
}

// place reads an address, with its port where it has one. Packets have no zones.
func (o *object) place(key string) netip.AddrPort {
	v := o.str(key)
	a, err := netip.ParseAddrPort(v)
	if addr, bare := netip.ParseAddr(v); bare == nil {
		a, err = netip.AddrPortFrom(addr, 0), nil
	}
	switch {
	case err != nil:
		o.fail(key, "is no address")
	case a.Addr().Zone() != "":
		o.fail(key, "has a zone")
	}
	return a
}

// changes reads those of a packet; none may be there.
func (o *object) changes() []report.Change {
	return each(o, "changes", func(in *object, key string) report.Change { return in.open(key).change() })
}

func (o *object) comparison() *report.Comparison {
	o.need("near", "far", "clock", "questions", "flows", "there", "back")
	c := &report.Comparison{Near: o.capture("near"), Far: o.capture("far"), There: o.passage("there"), Back: o.passage("back"),
		Backwards: o.num("begun_at_far_end", 64), Outside: o.num("not_recorded", 64), Early: o.num("judged_early", 64)}
	k := o.open("clock")
	k.need("offset_ms", "asymmetry_ms", "pairs")
	c.Clock = report.ClockDifference{Offset: k.signed("offset_ms"), Error: k.millis("error_ms"), Asymmetry: k.millis("asymmetry_ms"),
		OneWay: k.bool("one_way"), Pairs: k.num("pairs", 64)}
	if c.Clock.HasDrift = k.has("drift_ppm"); c.Clock.HasDrift {
		k.need("drift_error_ppm")
		c.Clock.Drift, c.Clock.DriftError = k.decimal("drift_ppm"), report.PPM(k.float("drift_error_ppm"))
	}
	c.Questions = each(o, "questions", func(in *object, key string) report.FateCount {
		q := in.open(key)
		q.need("what")
		return report.FateCount{What: q.str("what"), N: q.fates()}
	})
	c.Flows = o.open("flows").fates()
	return c
}

func (o *object) capture(key string) report.Capture {
	in := o.open(key)
	in.need("file", "packets")
	return report.Capture{File: in.str("file"), Packets: in.num("packets", 64), NotRead: in.num("not_read", 64),
		First: in.exactly("first"), Last: in.exactly("last"), Cut: in.str("cut")}
}

func (o *object) fates() (n [report.Fates]uint64) {
	for i, name := range fateNames {
		n[i] = o.num(name, 64)
	}
	return n
}

func (o *object) passage(key string) report.Passage {
	in := o.open(key)
	in.need("sent", "arrived")
	p := report.Passage{Sent: in.num("sent", 64), Arrived: in.num("arrived", 64), Copies: in.num("copies", 64), Stray: in.num("stray", 64)}
	if in.has("delay_ms") {
		d := in.open("delay_ms")
		d.need("min", "median", "max")
		p.Min, p.Median, p.Max = d.millis("min"), d.millis("median"), d.millis("max")
		if p.Max == 0 {
			p.Min, p.Median = 0, 0 // not known
		}
	}
	p.Changes = each(in, "changes", func(in *object, key string) report.ChangeCount {
		c := in.open(key)
		c.need("packets")
		return report.ChangeCount{Change: c.change(), Packets: c.num("packets", 64), Various: c.bool("various")}
	})
	return p
}

// signed reads milliseconds, to the microsecond, that may be negative.
func (o *object) signed(key string) time.Duration {
	v, _ := get[json.Number](o, key, "number")
	if rest, negative := strings.CutPrefix(v.String(), "-"); negative {
		positive := &object{map[string]any{key: json.Number(rest)}, o.path, o.raw, o.bad}
		return -positive.millis(key)
	}
	return o.millis(key)
}

// decimal reads a number that may be negative.
func (o *object) decimal(key string) float64 {
	v, _ := get[json.Number](o, key, "number")
	f, err := strconv.ParseFloat(v.String(), 64)
	if err != nil {
		o.fail(key, "is no number")
	}
	return report.PPM(f)
}
