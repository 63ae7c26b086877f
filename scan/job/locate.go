package job

import (
	"context"

	"sonde/scan/report"
	"sonde/scan/trial"
)

// This file looks for where on the way a difference begins.

// locate looks for it at every target where something was named, one after the other.
func (t *trials) locate(ctx context.Context) error {
	if !t.spec.Trial.Locate {
		return nil
	}
	for _, d := range t.each {
		if ctx.Err() != nil {
			return nil
		}
		if err := t.locateAt(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// locateAt looks for it at one target, by the variant that fares worst and the one that
// fares best.
func (t *trials) locateAt(ctx context.Context, d *tried) error {
	v := d.judge()
	if v.Result != trial.Named {
		return nil
	}
	worst, best := extremes(v)
	d.place = &report.Place{Variant: t.variants.design.Name(worst), Beside: t.variants.design.Name(best)}
	family := 0
	if !d.addr.Is4() {
		family = 1
	}
	l := trial.Locate{Target: d.addr, Kind: t.asked.kind, Port: t.asked.port, Hops: uint8(value(t.spec.Ask.Hops, traceHops)),
		Guilty: t.variants.list[worst].asked.crafts[family], Innocent: t.variants.list[best].asked.crafts[family]}
	found, stats, err := l.Run(ctx, t.engine, t.base())
	t.addStats(stats)
	if err != nil || found == nil {
		return err
	}
	p := d.place
	p.Found, p.Enough, p.Between = found.Found, found.Enough, found.Between
	if found.Found {
		p.Near, p.Far = point(&found.Near), point(&found.Far)
	}
	return nil
}

// point is a hop as a record has it.
func point(h *trial.Hop) report.Point {
	p := report.Point{TTL: h.TTL, Target: h.Target}
	if len(h.From) > 0 {
		p.From = h.From[0]
	}
	return p
}

// extremes are the variants that fare worst and best: by the share that is answered, or
// where that is not what differs, by the share of the kind of answer that does.
func extremes(v *trial.Verdict) (worst, best int) {
	kind := v.Effects[0].Kind
	fares := func(r *trial.Rate) float64 {
		if kind == "" {
			return float64(r.Answered) / float64(max(1, r.Sent))
		}
		return -float64(r.Kinds[kind]) / float64(max(1, r.Answered))
	}
	for i := range v.Rates {
		if fares(&v.Rates[i]) < fares(&v.Rates[worst]) {
			worst = i
		}
		if fares(&v.Rates[i]) > fares(&v.Rates[best]) {
			best = i
		}
	}
	return worst, best
}
