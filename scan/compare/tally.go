package compare

import (
	"time"

	"sonde/scan/report"
	"sonde/scan/stat"
)

// counts are what all flows come to.
type counts struct {
	there, back passage
	questions   []report.FateCount
}

// passage counts the packets of one direction.
type passage struct {
	sent, arrived, copies, stray uint64
	delays                       []float64 // every so many-th
	step, skip                   uint64
	changed                      [aspects]report.ChangeCount
	values                       [aspects][2]uint64 // of the first change
}

// delaysMost is how many delays are kept for their median.
const delaysMost = 1 << 13

// arrive counts a packet that arrived.
func (g *passage) arrive(sent, got *packet) {
	g.arrived++
	g.copies += uint64(got.copies - 1)
	if g.skip++; g.skip >= g.step {
		g.skip = 0
		g.delays = append(g.delays, float64(max(0, got.at-sent.at)))
		if len(g.delays) == delaysMost {
			for i := range delaysMost / 2 {
				g.delays[i] = g.delays[2*i]
			}
			g.delays, g.step = g.delays[:delaysMost/2], max(1, g.step)*2
		}
	}
	differ(sent, got, func(a aspect, before, after uint64) {
		c := &g.changed[a]
		if c.Packets++; c.Packets == 1 {
			c.Change = report.Change{Field: aspectNames[a], Sent: sent.text(a, before), Seen: got.text(a, after)}
			g.values[a] = [2]uint64{before, after}
		}
		c.Various = c.Various || g.values[a] != [2]uint64{before, after}
	})
}

// report is what records have of it.
func (g *passage) report(oneWay bool) report.Passage {
	p := report.Passage{Sent: g.sent, Arrived: g.arrived, Copies: g.copies, Stray: g.stray}
	if len(g.delays) > 0 && !oneWay {
		rounded := func(q float64) time.Duration {
			return time.Duration(stat.Quantile(g.delays, q)).Round(time.Microsecond)
		}
		p.Min, p.Median, p.Max = rounded(0), rounded(0.5), rounded(1)
	}
	for _, c := range g.changed {
		if c.Packets > 0 {
			p.Changes = append(p.Changes, c)
		}
	}
	return p
}

// question counts a verdict.
func (c *counts) question(what string, fate report.Fate) {
	for i := range c.questions {
		if c.questions[i].What == what {
			c.questions[i].N[fate]++
			return
		}
	}
	q := report.FateCount{What: what}
	q.N[fate]++
	c.questions = append(c.questions, q)
}
