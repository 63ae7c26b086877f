package compare

import (
	"math"
	"slices"
	"sort"
	"time"

	"sonde/scan/stat"
)

// clock is what FAR's clock shows, by what NEAR's does. That each packet takes as long
// there as back is an assumption, without which offset and delay cannot be told apart.
type clock struct {
	base, shift int64         // NEAR's and FAR's time in the middle, in nanoseconds
	line        stat.Line     // what is to be added to FAR's, in seconds, by seconds since base on NEAR's
	oneWay      bool          // only one direction was seen: the delay there counts as 0
	turn        time.Duration // the shortest delays there and back together
	there, back delays
	pairs       int
}

// delays are those of one direction, as the sample has them.
type delays struct {
	low, usual, high time.Duration
	all              []float64 // in nanoseconds, in their order
}

// within is the share of delays between two, and no less than so many of them can tell.
func (d *delays) within(from, to int64) float64 {
	first := sort.SearchFloat64s(d.all, float64(from))
	last := sort.SearchFloat64s(d.all, float64(to))
	return float64(last-first+1) / float64(len(d.all)+1)
}

// near is the time on NEAR's clock when FAR's shows t.
func (c *clock) near(t int64) int64 {
	x := float64(t-c.shift) / 1e9 // since base, but for some microseconds
	return t - c.shift + c.base - int64(c.line.At(x)*1e9)
}

// drifts is more than any clock drifts.
const drifts = 1e-3

// bins parts pairs by time: in each of them the fastest packets count, which waited
// least in queues.
const (
	binsMost = 64
	binLeast = 4
)

// bin is a stretch of time.
type bin struct {
	at          float64
	there, back []float64 // FAR's time less NEAR's, in seconds
}

// fit makes a clock of pairs that agree.
func fit(pairs []pair) *clock {
	pairs = once(pairs)
	c := &clock{pairs: len(pairs)}
	first, last := pairs[0].near.at, pairs[0].near.at
	there, back := 0, 0
	for _, p := range pairs {
		first, last = min(first, p.near.at), max(last, p.near.at)
		if p.near.there {
			there++
		} else {
			back++
		}
	}
	c.base = first + (last-first)/2
	middle := pairs[len(pairs)/2]
	c.shift = c.base + middle.far.at - middle.near.at
	fewer := min(there, back)
	if c.oneWay = fewer == 0; c.oneWay {
		fewer = max(there, back)
	}
	bins := min(max(fewer/binLeast, 1), binsMost)
	x, y, turns := c.points(pairs, first, last, bins, 0)
	if len(x) == 0 { // never both in one stretch of time, since the way is longer than that
		x, y, turns = c.points(pairs, first, last, 1, 0)
	}
	c.line = stat.TheilSen(x, y)
	if len(x) > 1 && math.Abs(c.line.Slope) <= drifts {
		// Once more without the drift inside of each stretch, which may be longer than delays.
		slope := c.line.Slope
		x, y, turns = c.points(pairs, first, last, bins, slope)
		c.line = stat.TheilSen(x, y)
		c.line.Slope += slope
		c.line.Level += slope * c.line.Center
		for i := range y {
			y[i] += slope * x[i]
		}
	}
	if math.Abs(c.line.Slope) > drifts || c.line.SlopeError > drifting/2 && !math.IsInf(c.line.SlopeError, 1) {
		// In so short a time it is queues that grow, or nobody knows: clocks drift less.
		c.line.Slope, c.line.SlopeError, c.line.Level = 0, math.Inf(1), stat.Median(y)
	}
	if len(turns) > 0 {
		c.turn = time.Duration(stat.Median(turns) * 1e9)
	}
	c.measure(pairs)
	return c
}

// points are by how much FAR's clock is ahead, in seconds, but for a drift of so much, in
// those of so many stretches of time between first and last in which that can be told,
// and how long packets took there and back then.
func (c *clock) points(pairs []pair, first, last int64, stretches int, slope float64) (x, y, turns []float64) {
	bins := make([]bin, stretches)
	for _, p := range pairs {
		b := &bins[min(int(float64(p.near.at-first)/float64(last-first+1)*float64(len(bins))), len(bins)-1)] // which may be rounded up
		delta := float64(p.far.at-p.near.at-c.shift+c.base)/1e9 - slope*float64(p.near.at-c.base)/1e9
		if p.near.there {
			b.there = append(b.there, delta)
		} else {
			b.back = append(b.back, delta)
		}
	}
	width := float64(last-first) / 1e9 / float64(len(bins))
	for i := range bins {
		b := &bins[i]
		b.at = (float64(i)+0.5)*width + float64(first-c.base)/1e9
		low, high := stat.Quantile(b.there, 0.05), stat.Quantile(b.back, 0.95)
		switch {
		case !c.oneWay && len(b.there) > 0 && len(b.back) > 0:
			x, y, turns = append(x, b.at), append(y, (low+high)/2), append(turns, low-high)
		case c.oneWay && len(b.there) > 0:
			x, y = append(x, b.at), append(y, low)
		case c.oneWay && len(b.back) > 0:
			x, y = append(x, b.at), append(y, high)
		}
	}
	return x, y, turns
}

// measure takes the delays of pairs.
func (c *clock) measure(pairs []pair) {
	var there, back []float64
	for _, p := range pairs {
		d := float64(c.near(p.far.at) - p.near.at)
		if p.near.there {
			there = append(there, d)
		} else {
			back = append(back, -d)
		}
	}
	c.there, c.back = delaysOf(there), delaysOf(back)
}

// rare is the share of a sample's delays that is left out at each end: pairs that are
// none.
const rare = 0.002

func delaysOf(d []float64) delays {
	if len(d) == 0 {
		return delays{}
	}
	slices.Sort(d)
	return delays{time.Duration(stat.Quantile(d, rare)), time.Duration(stat.Median(d)), time.Duration(stat.Quantile(d, 1-rare)), d}
}

// error is half of the width of the 95 % interval of the offset; the asymmetry of the
// way, which nobody can tell, is not in it.
func (c *clock) error() time.Duration {
	if math.IsInf(c.line.LevelError, 1) {
		return 0
	}
	return time.Duration(c.line.LevelError * 1e9)
}

// wander is by how much the clock may be wrong at the ends of a time that it was made of,
// since its drift is not known exactly, or not at all.
func (c *clock) wander(first, last int64) time.Duration {
	reach := max(last-c.base, c.base-first)
	return time.Duration(min(c.line.SlopeError, drifting/2) * float64(reach))
}
