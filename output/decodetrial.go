package output

import (
	"encoding/json"
	"strconv"

	"sonde/scan/report"
)

// The words of records about trials, as schema.json lists them.
var (
	trialResults = []string{"too-few", "named", "nothing", "silent"}
	trialProtos  = []string{"icmp", "tcp", "udp"}
	flowResults  = []string{"unsure", "chance", "dead-flows", "uneven"}
)

func (o *object) trials() *report.Trials {
	o.need("proto", "blocks", "interval_ms")
	t := &report.Trials{Proto: o.word("proto", trialProtos), Port: uint16(o.num("port", 16)), Blocks: uint32(o.num("blocks", 32)), Interval: o.millis("interval_ms")}
	if o.has("vary") {
		t.Factors = each(o, "vary", func(in *object, key string) report.Factor {
			f := in.open(key)
			f.need("field", "values")
			return report.Factor{Name: f.str("field"), Values: f.list("values")}
		})
	}
	return t
}

func (o *object) trial() *report.Trial {
	o.need("addr", "variant", "sent", "answered", "low", "high")
	t := &report.Trial{Addr: o.addr("addr"), Proto: o.str("proto"), Port: uint16(o.num("port", 16)), Variant: o.str("variant"),
		Sent: uint32(o.num("sent", 32)), Answered: uint32(o.num("answered", 32)), Low: o.share("low"), High: o.share("high"), Unsent: uint32(o.num("unsent", 32))}
	if o.has("kinds") {
		t.Kinds = each(o, "kinds", func(in *object, key string) report.KindCount {
			k := in.open(key)
			k.need("kind", "count")
			return report.KindCount{Kind: k.str("kind"), N: uint32(k.num("count", 32))}
		})
	}
	if t.Answered > 0 {
		o.need("rtt_ms")
		in := o.open("rtt_ms")
		in.need("min", "median", "p95")
		t.Min, t.Median, t.P95 = in.millis("min"), in.millis("median"), in.millis("p95")
	}
	return t
}

func (o *object) effect() *report.Effect {
	o.need("properties", "with", "without", "low", "high", "p")
	return &report.Effect{Addr: o.addr("addr"), Properties: o.list("properties"), Kind: o.str("kind"), With: o.share("with"), Without: o.share("without"),
		Low: o.rate("low"), High: o.rate("high"), P: report.P(o.probability("p")), Alike: o.words("alike"), Rivals: o.words("rivals")}
}

func (o *object) conclusion() *report.Conclusion {
	o.need("result", "bound", "blocks")
	c := &report.Conclusion{Addr: o.addr("addr"), Result: o.word("result", trialResults), Bound: o.share("bound"), Untold: o.words("untold"),
		More: uint32(o.num("more", 32)), Blocks: uint32(o.num("blocks", 32))}
	if o.has("rest") {
		c.Rest = each(o, "rest", func(in *object, key string) report.Bounded {
			b := in.open(key)
			b.need("property", "bound")
			return report.Bounded{Property: b.str("property"), Bound: b.share("bound")}
		})
	}
	if o.has("reason") {
		c.Reason = o.reason("reason")
		c.Errno = o.localError(c.Reason)
	}
	if o.has("flows") {
		f := o.open("flows")
		f.need("result", "asked", "silent", "dead", "low", "high", "loss")
		c.Flows = &report.Flows{Result: f.word("result", flowResults), Asked: uint32(f.num("asked", 32)), Silent: uint32(f.num("silent", 32)),
			Dead: f.share("dead"), Low: f.share("low"), High: f.share("high"), Loss: f.share("loss"), Decides: f.words("decides"), Idle: f.words("idle")}
	}
	if o.has("place") {
		p := o.open("place")
		p.need("variant", "beside", "found")
		c.Place = &report.Place{Variant: p.str("variant"), Beside: p.str("beside"), Found: p.bool("found"), Enough: p.bool("enough")}
		if c.Place.Found {
			p.need("near", "far")
			c.Place.Near, c.Place.Far = p.point("near"), p.point("far")
		}
		if p.has("between") {
			c.Place.Between = each(p, "between", func(in *object, key string) uint8 { return uint8(in.count(key, 8)) })
		}
	}
	return c
}

func (o *object) point(key string) report.Point {
	in := o.open(key)
	in.need("ttl")
	return report.Point{TTL: uint8(in.num("ttl", 8)), From: in.addr("from"), Target: in.bool("target")}
}

// words reads a list that may not be there.
func (o *object) words(key string) []string {
	if !o.has(key) {
		return nil
	}
	return o.list(key)
}

// share reads a share of all, from 0 to 1.
func (o *object) share(key string) float64 {
	if f := o.rate(key); f >= 0 {
		return f
	}
	o.fail(key, "is no share")
	return 0
}

// probability reads one with all its digits, of which small ones need many.
func (o *object) probability(key string) float64 {
	p := o.float(key)
	if p > 1 {
		o.fail(key, "is no probability")
	}
	return p
}

// rate reads a share, or a difference of two.
func (o *object) rate(key string) float64 {
	v, _ := get[json.Number](o, key, "number")
	f, err := strconv.ParseFloat(v.String(), 64)
	if err != nil || f < -1 || f > 1 {
		o.fail(key, "is no share, nor a difference of two")
	}
	return report.Rate(f)
}
