package compare

import (
	"cmp"
	"slices"
	"time"

	"sonde/scan/stat"
)

// A pair is a packet in both files.
type pair struct {
	near, far *packet
	print     int
}

// spreading is how far pairs can be apart by delays, there and back together, in
// nanoseconds, and drifting how far by clocks that drift, of the time that the captures
// take.
const (
	spreading = 1200e6
	drifting  = 400e-6
)

// cluster returns the pairs that agree about the difference of the clocks, in their
// order: most of those that are none are anywhere.
func cluster(pairs []pair) []pair {
	if len(pairs) == 0 {
		return nil
	}
	slices.SortFunc(pairs, pair.order)
	first, last := pairs[0].near.at, pairs[0].near.at
	for _, p := range pairs {
		first, last = min(first, p.near.at), max(last, p.near.at)
	}
	wide := int64(spreading + drifting*float64(last-first))
	best, from, most := 0, 0, 0
	for to := range pairs {
		for pairs[to].far.at-pairs[to].near.at-pairs[from].far.at+pairs[from].near.at > wide {
			from++
		}
		if to-from+1 > most {
			best, most = from, to-from+1
		}
	}
	return pairs[best : best+most]
}

// order is that of pairs by how the clocks differ, so that those agree that are near one
// another; 0 stands for one pair that was found by two prints.
func (p pair) order(q pair) int {
	a, b := p.near, q.near
	return cmp.Or(cmp.Compare(p.far.at-a.at, q.far.at-b.at), cmp.Compare(a.at, b.at), a.src.Compare(b.src), a.dst.Compare(b.dst), cmp.Compare(a.seq, b.seq))
}

// once leaves each pair of a cluster once, whatever number of prints it was found by.
func once(pairs []pair) []pair {
	return slices.CompactFunc(slices.Clone(pairs), func(a, b pair) bool { return a.order(b) == 0 })
}

// align makes a clock of pairs some of which may be none; nil if they do not agree.
func align(pairs []pair) (*clock, []pair) {
	pairs = cluster(pairs)
	if !convincing(pairs) {
		return nil, nil
	}
	pairs = sound(pairs)
	c := fit(pairs)
	// Once more without what cannot have been: packets that arrive long before they
	// leave, and those that took so much longer than others that they are rather two, of
	// which one was lost and the other one sent again.
	const again = float64(100 * time.Millisecond)
	took := func(p pair) float64 {
		d := float64(c.near(p.far.at) - p.near.at)
		if !p.near.there {
			d = -d
		}
		return d
	}
	var all [2][]float64
	for _, p := range pairs {
		i := bitOf(p.near.there)
		all[i] = append(all[i], took(p))
	}
	var longest [2]float64
	for i, d := range all {
		middle := stat.Median(d)
		longest[i] = middle + max(again, 8*stat.Spread(d, middle))
	}
	kept := slices.DeleteFunc(slices.Clone(pairs), func(p pair) bool {
		d := took(p)
		return d < -float64(max(5*time.Millisecond, c.turn)) || d > longest[bitOf(p.near.there)]
	})
	if len(kept) > len(pairs)/2 && c.turn >= 0 {
		pairs = kept
		c = fit(pairs)
	}
	return c, pairs
}

// several is how many pairs must agree of which each can be one by chance.
const several = 4

// weight is how much a print tells: 2 of what is hardly ever the same by chance, 1 of what
// is so in one of thousands, 0 of what all have that are asked of one server.
func (p pair) weight() int {
	switch p.print {
	case printText, printSeq, printNames:
		return 2
	case printID, printPorts, printLabel:
		return 1
	}
	return 0
}

// sound leaves out pairs that are ones by chance, if there are better ones: of those that
// one number of thousands alone has made, in one direction, there must be several, and as
// many of those that have no more in common than the server, where that direction has not
// as many better ones. The prints of one pair stand in a row.
func sound(pairs []pair) (kept []pair) {
	type found struct {
		prints []pair
		weight int
	}
	var all []found
	for i, p := range pairs {
		if i == 0 || p.order(pairs[i-1]) != 0 {
			all = append(all, found{})
		}
		f := &all[len(all)-1]
		f.prints, f.weight = append(f.prints, p), f.weight+p.weight()
	}
	type direction struct{ better, weak, weakest int }
	var of [2]direction
	best := 0
	for _, f := range all {
		d := &of[bitOf(f.prints[0].near.there)]
		best = max(best, f.weight)
		switch f.weight {
		case 0:
			d.weakest++
		case 1:
			d.weak++
			d.better++
		default:
			d.better++
		}
	}
	for _, f := range all {
		d := of[bitOf(f.prints[0].near.there)]
		switch {
		case f.weight > 1,
			f.weight == 1 && (best == 1 || d.weak >= several),
			f.weight == 0 && (best == 0 || d.better < several && d.weakest >= several):
			kept = append(kept, f.prints...)
		}
	}
	return kept
}

// convincing tells whether pairs that agree cannot agree by chance: one is enough that
// was found by what is hardly ever the same by chance, or by two things of which each is
// so in one of thousands; of others it takes several.
func convincing(pairs []pair) bool {
	weak := 0 // prints of one pair, which stand in a row
	for i, p := range pairs {
		if i > 0 && p.order(pairs[i-1]) != 0 {
			weak = 0
		}
		if weak += p.weight(); weak >= 2 {
			return true
		}
	}
	return len(once(pairs)) >= several
}
