package output

import (
	"strconv"

	"sonde/probe"
	"sonde/scan/report"
)

func (l *line) trials(t *report.Trials) {
	l.open("trials")
	l.str("proto", t.Proto)
	l.some("port", uint64(t.Port))
	l.num("blocks", uint64(t.Blocks))
	l.millis("interval_ms", t.Interval)
	for i := range l.objects("vary", len(t.Factors)) {
		l.str("field", t.Factors[i].Name)
		l.list("values", t.Factors[i].Values)
	}
	l.shut()
}

func (l *line) trial(t *report.Trial) {
	l.addr("addr", t.Addr)
	l.said("proto", t.Proto)
	l.some("port", uint64(t.Port))
	l.str("variant", t.Variant)
	l.num("sent", uint64(t.Sent))
	l.num("answered", uint64(t.Answered))
	if t.Sent > 0 {
		l.float("rate", report.Rate(float64(t.Answered)/float64(t.Sent)), 6)
	}
	l.float("low", t.Low, 6)
	l.float("high", t.High, 6)
	for i := range l.objects("kinds", len(t.Kinds)) {
		l.str("kind", t.Kinds[i].Kind)
		l.num("count", uint64(t.Kinds[i].N))
	}
	if t.Answered > 0 {
		l.open("rtt_ms")
		l.millis("min", t.Min)
		l.millis("median", t.Median)
		l.millis("p95", t.P95)
		l.shut()
	}
	l.some("unsent", uint64(t.Unsent))
}

// effect writes a finding.
func (l *line) effect(e *report.Effect) {
	l.addr("addr", e.Addr)
	l.str("text", string(appendEffect(nil, e)))
	l.word("about", aboutEffect)
	l.str("factor", property(e.Properties))
	l.list("properties", e.Properties)
	l.said("kind", e.Kind)
	l.float("with", e.With, 6)
	l.float("without", e.Without, 6)
	l.float("effect", report.Rate(e.With-e.Without), 6)
	l.float("low", e.Low, 6)
	l.float("high", e.High, 6)
	l.key("p")
	l.b = strconv.AppendFloat(l.b, e.P, 'g', 3, 64)
	l.words("alike", e.Alike)
	l.words("rivals", e.Rivals)
}

// aboutEffect is what findings about effects have in "about".
const aboutEffect = "effect"

// words writes a list unless it is empty.
func (l *line) words(key string, list []string) {
	if len(list) > 0 {
		l.list(key, list)
	}
}

func (l *line) conclusion(c *report.Conclusion) {
	l.addr("addr", c.Addr)
	l.str("text", string(appendConclusion(nil, c)))
	l.str("result", c.Result)
	l.float("bound", c.Bound, 6)
	for i := range l.objects("rest", len(c.Rest)) {
		l.str("property", c.Rest[i].Property)
		l.float("bound", c.Rest[i].Bound, 6)
	}
	l.words("untold", c.Untold)
	l.some("more", uint64(c.More))
	l.num("blocks", uint64(c.Blocks))
	if c.Reason != probe.NoResponse {
		l.word("reason", c.Reason.String())
		l.localError(c.Reason, c.Errno)
	}
	if f := c.Flows; f != nil {
		l.open("flows")
		l.str("result", f.Result)
		l.num("asked", uint64(f.Asked))
		l.num("silent", uint64(f.Silent))
		l.float("dead", f.Dead, 6)
		l.float("low", f.Low, 6)
		l.float("high", f.High, 6)
		l.float("loss", f.Loss, 6)
		l.words("decides", f.Decides)
		l.words("idle", f.Idle)
		l.shut()
	}
	if p := c.Place; p != nil {
		l.open("place")
		l.str("variant", p.Variant)
		l.str("beside", p.Beside)
		l.bool("found", p.Found)
		if p.Found {
			l.point("near", &p.Near)
			l.point("far", &p.Far)
		}
		for i, ttl := range p.Between {
			if i == 0 {
				l.key("between")
				l.b = append(l.b, '[')
			} else {
				l.b = append(l.b, ',')
			}
			l.b = strconv.AppendUint(l.b, uint64(ttl), 10)
		}
		if len(p.Between) > 0 {
			l.b = append(l.b, ']')
		}
		l.yes("enough", p.Enough)
		l.shut()
	}
}

func (l *line) point(key string, p *report.Point) {
	l.open(key)
	l.num("ttl", uint64(p.TTL))
	l.addr("from", p.From)
	l.yes("target", p.Target)
	l.shut()
}
