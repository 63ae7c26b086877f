package trial

import (
	"time"

	"sonde/scan/stat"
)

// rates counts what became of the packets of each variant.
func rates(d *Design, obs []Observation) []Rate {
	list := make([]Rate, d.Variants())
	times := make([][]float64, len(list))
	for i := range list {
		list[i] = Rate{Variant: i, Kinds: map[string]int{}}
	}
	for _, o := range obs {
		r := &list[o.Variant]
		r.Sent++
		if o.Kind != "" {
			r.Answered++
			r.Kinds[o.Kind]++
			times[o.Variant] = append(times[o.Variant], float64(o.RTT))
		}
	}
	for i := range list {
		r := &list[i]
		if r.Sent > 0 {
			r.Rate = float64(r.Answered) / float64(r.Sent)
		}
		r.Low, r.High = stat.Wilson(r.Rate, float64(r.Sent), stat.Normal95)
		if t := times[i]; len(t) > 0 {
			r.Min, r.Median, r.P95 = time.Duration(stat.Quantile(t, 0)), time.Duration(stat.Median(t)), time.Duration(stat.Quantile(t, 0.95))
		}
	}
	return list
}
