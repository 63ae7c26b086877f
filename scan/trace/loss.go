package trace

import (
	"cmp"
	"slices"
	"time"

	"sonde/scan/report"
	"sonde/scan/stat"
)

// This file says what it means that questions to hops stayed unanswered. A packet for a far
// hop has passed all nearer ones: what gets lost on the way to a hop, or on the way back, is
// missing of those behind it, too, and where these lack less, it is replies of the hop that
// are missing. Routers limit how many they send (RFC 1812 §4.3.2.8, RFC 4443 §2.4 f).

// sure is how many standard deviations a hop has to lack more than one behind it.
const sure = 3.29

// judge tells what the counts of all hops mean.
func (w *Way) judge() {
	w.counted = make([]report.Counted, len(w.Hops))
	for i := range w.Hops {
		t, c := &w.tallies[i], &w.counted[i]
		if c.Jitter = report.RTT(t.jitter()); t.sent == 0 || t.received == t.sent {
			continue
		}
		own, beyond := false, false
		for j := i + 1; j < len(w.Hops); j++ {
			if o := &w.tallies[j]; o.received > 0 {
				low, _ := stat.Difference(t.lost(), float64(t.sent), o.lost(), float64(o.sent), sure)
				own, beyond = own || low > 0, true
			}
		}
		bucket, found := t.bucket()
		switch {
		case found:
			c.Missing, c.PerSecond = report.MissingLimited, bucket.Rate
		case own:
			c.Missing = report.MissingReplies
		case t.received == 0 || !beyond && !w.Hops[i].Reached:
			c.Missing = report.MissingUnsure
		default:
			c.Missing = report.MissingWay
		}
	}
	w.placeLoss()
	w.slow()
}

// lost is the share of questions without an answer.
func (t *tally) lost() float64 { return 1 - float64(t.received)/float64(t.sent) }

// lostAll is how many packets have to be missing before it is said that they get lost up to
// the first hop already.
const lostAll = 10

func sum(list []float64) (s float64) {
	for _, v := range list {
		s += v
	}
	return s
}

// placeLoss finds out from which hop on packets get lost, by the hops that nothing else is
// known of.
func (w *Way) placeLoss() {
	var at []int
	var asked, lost []float64
	for i := range w.Hops {
		if t, m := &w.tallies[i], w.counted[i].Missing; t.sent > 0 && (m == report.MissingNone || m == report.MissingWay) {
			at = append(at, i)
			asked, lost = append(asked, float64(t.sent)), append(lost, float64(t.sent-t.received))
		}
	}
	b, ok := stat.FindBegin(asked, lost)
	if !ok {
		if gone := sum(lost); gone >= lostAll && lost[0] > 0 {
			w.counted[at[0]].Begins = &report.LossBegin{Rate: report.Loss(gone / sum(asked))}
		}
		return
	}
	w.counted[at[b.Most]].Begins = &report.LossBegin{After: w.Hops[at[b.Least-1]].TTL, Rate: report.Loss(b.Rate)}
}

// Bounds of what is called slow: so much more than a hop beyond, as a share and at least.
const (
	slowShare = 4 // a quarter
	slowLeast = 2 * time.Millisecond
	slowTimes = 10 // round trips of each
)

// slow marks hops that answer late: half of their answers took longer than nine of ten from
// somebody behind them. The way is not what takes so long.
func (w *Way) slow() {
	for i := range w.Hops {
		t := &w.tallies[i]
		if t.times.N < slowTimes {
			continue
		}
		half := t.times.Percentile(50)
		w.counted[i].Slow = slices.ContainsFunc(w.tallies[i+1:], func(o tally) bool {
			return o.times.N >= slowTimes && half > o.times.Percentile(90)+max(slowLeast, o.times.Percentile(90)/slowShare)
		})
	}
}

// repeated is what there is to say of the questions that were counted.
func (w *Way) repeated(i int, r *report.Hop) {
	t := &w.tallies[i]
	if t.sent == 0 {
		return
	}
	r.Counted = &w.counted[i]
	r.Repeat = report.Repeat{Sent: t.sent, Answered: t.received}
	if n := &t.times; n.N > 0 {
		r.Repeat.Min, r.Repeat.Avg, r.Repeat.Max = report.RTT(n.Min), report.RTT(n.Mean()), report.RTT(cmp.Or(n.Max, time.Microsecond))
		r.Repeat.Deviation = report.RTT(n.Deviation())
		r.Repeat.P50, r.Repeat.P90, r.Repeat.P99 = n.Percentile(50), n.Percentile(90), n.Percentile(99)
	}
}
