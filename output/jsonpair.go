package output

import (
	"net/netip"
	"time"

	"sonde/scan/report"
)

func (l *line) pair(p *report.Pair) {
	l.str("proto", p.Proto)
	l.str("what", p.What)
	l.some("number", uint64(p.Number))
	l.seen("near", &p.Near)
	l.seen("far", &p.Far)
	l.word("verdict", p.Verdict.String())
	l.said("why", p.Why)
	l.said("answer", p.Answer)
	l.addr("by", p.By)
	l.changes(p.Changes)
	if p.HasDelay {
		l.millis("delay_ms", p.Delay)
	}
	if p.HasBack || len(p.Back) > 0 {
		l.open("back")
		l.changes(p.Back)
		if p.HasBack {
			l.millis("delay_ms", p.BackDelay)
		}
		l.shut()
	}
	l.some("copies", uint64(p.Copies))
	if f := p.Flow; f != nil {
		l.open("flow")
		l.num("sent", f.Sent)
		l.num("answered", f.Answered)
		l.num("packets", f.Packets)
		l.num("arrived", f.Arrived)
		l.num("answers", f.Answers)
		l.num("returned", f.Returned)
		l.shut()
	}
}

// seen writes where a packet was seen, if it was.
func (l *line) seen(key string, s *report.Seen) {
	if s.Time.IsZero() {
		return
	}
	l.open(key)
	l.exactly("time", s.Time)
	l.place("src", s.Src)
	l.place("dst", s.Dst)
	l.shut()
}

// exactly writes a time to the nanosecond, in UTC; the zero time is absent.
func (l *line) exactly(key string, t time.Time) {
	if !t.IsZero() {
		l.key(key)
		l.b = append(t.UTC().AppendFormat(append(l.b, '"'), time.RFC3339Nano), '"')
	}
}

// place writes an address with its port, or without one.
func (l *line) place(key string, a netip.AddrPort) {
	l.key(key)
	l.b = append(appendEnd(append(l.b, '"'), a), '"')
}

// appendEnd writes "10.0.0.1:80", "[2001:db8::1]:80", or where there is no port the
// address alone.
func appendEnd(b []byte, a netip.AddrPort) []byte {
	if a.Port() == 0 {
		return a.Addr().AppendTo(b)
	}
	return a.AppendTo(b)
}

func (l *line) comparison(c *report.Comparison) {
	l.capture("near", &c.Near)
	l.capture("far", &c.Far)
	l.open("clock")
	l.signed("offset_ms", c.Clock.Offset)
	if c.Clock.Error > 0 {
		l.millis("error_ms", c.Clock.Error)
	}
	l.millis("asymmetry_ms", c.Clock.Asymmetry)
	l.yes("one_way", c.Clock.OneWay)
	if c.Clock.HasDrift {
		l.float("drift_ppm", c.Clock.Drift, 3)
		l.float("drift_error_ppm", c.Clock.DriftError, 3)
	}
	l.num("pairs", c.Clock.Pairs)
	l.shut()
	for i := range l.objects("questions", len(c.Questions)) {
		l.str("what", c.Questions[i].What)
		l.fates(&c.Questions[i].N)
	}
	if len(c.Questions) == 0 { // which is no less to be told
		l.list("questions", nil)
	}
	l.open("flows")
	l.fates(&c.Flows)
	l.shut()
	l.passage("there", &c.There)
	l.passage("back", &c.Back)
	l.some("begun_at_far_end", c.Backwards)
	l.some("not_recorded", c.Outside)
	l.some("judged_early", c.Early)
}

func (l *line) capture(key string, c *report.Capture) {
	l.open(key)
	l.str("file", c.File)
	l.num("packets", c.Packets)
	l.some("not_read", c.NotRead)
	l.exactly("first", c.First)
	l.exactly("last", c.Last)
	l.said("cut", c.Cut)
	l.shut()
}

// fates writes those that occurred.
func (l *line) fates(n *[report.Fates]uint64) {
	for f, n := range n {
		l.some(report.Fate(f).String(), n)
	}
}

func (l *line) passage(key string, p *report.Passage) {
	l.open(key)
	l.num("sent", p.Sent)
	l.num("arrived", p.Arrived)
	l.some("copies", p.Copies)
	l.some("stray", p.Stray)
	if p.Max > 0 {
		l.open("delay_ms")
		l.millis("min", p.Min)
		l.millis("median", p.Median)
		l.millis("max", p.Max)
		l.shut()
	}
	for i := range l.objects("changes", len(p.Changes)) {
		c := &p.Changes[i]
		l.change(&c.Change)
		l.num("packets", c.Packets)
		l.yes("various", c.Various)
	}
	l.shut()
}

// signed writes milliseconds, to the microsecond, that may be negative.
func (l *line) signed(key string, d time.Duration) {
	if d > -time.Microsecond/2 {
		l.millis(key, d)
		return
	}
	l.millis(key, -d)
	at := len(l.b) // before the number
	for at > 0 && l.b[at-1] != ':' {
		at--
	}
	l.b = append(l.b, 0)
	copy(l.b[at+1:], l.b[at:])
	l.b[at] = '-'
}
