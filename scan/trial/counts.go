package trial

import (
	"sonde/scan/stat"
)

// kept are the outcomes of one question that is asked of each packet, such as whether
// it was answered: how often, by variant and block.
type kept struct {
	kind   string // "" for being answered; else for answers that are not of this kind
	blocks []block
	yes, n []float64 // by variant
	// spread is how much more pairs of a block agree than they would if all blocks were
	// alike, 1 or more: bad seconds. So many packets tell as much as one.
	spread float64
}

// block is the outcome of the packets of one block: how many of each variant, nearly
// always one, and how many of these said yes.
type block struct{ yes, n []int }

// count sorts observations by block and variant. Those for which asked is false do not
// take part.
func count(variants int, obs []Observation, kind string, asked, yes func(*Observation) bool) *kept {
	k := &kept{kind: kind, yes: make([]float64, variants), n: make([]float64, variants)}
	number := map[int]int{}
	for i := range obs {
		o := &obs[i]
		if !asked(o) {
			continue
		}
		b, ok := number[o.Block]
		if !ok {
			b = len(k.blocks)
			number[o.Block] = b
			k.blocks = append(k.blocks, block{make([]int, variants), make([]int, variants)})
		}
		k.blocks[b].n[o.Variant]++
		k.n[o.Variant]++
		if yes(o) {
			k.blocks[b].yes[o.Variant]++
			k.yes[o.Variant]++
		}
	}
	k.spread = k.agreement()
	return k
}

// fewPairs keeps the spread from being guessed by a handful of pairs.
const fewPairs = 5

// agreement estimates the spread: the pairs of packets of a block that both said yes,
// against those that there would be if blocks did not differ.
func (k *kept) agreement() float64 {
	seen, expected := float64(fewPairs), float64(fewPairs)
	for _, b := range k.blocks {
		all, sum, squares := 0.0, 0.0, 0.0
		for v, n := range b.n {
			if n == 0 {
				continue
			}
			rate := k.yes[v] / k.n[v]
			all += float64(b.yes[v])
			sum += float64(n) * rate
			squares += float64(n) * rate * rate
		}
		seen += all * (all - 1)
		expected += sum*sum - squares
	}
	spread := max(1, seen/expected)
	for v, yes := range k.yes {
		if yes > 0 {
			spread = min(spread, k.n[v]/yes) // no variant has more answers than packets
		}
	}
	return spread
}

// strata parts each block by the variants' cells, and each part by the set.
func (k *kept) strata(set []bool, cells []int) []stat.Stratum {
	many := 0
	for _, c := range cells {
		many = max(many, c+1)
	}
	list := make([]stat.Stratum, 0, many*len(k.blocks))
	for _, b := range k.blocks {
		first := len(list)
		list = list[:first+many]
		clear(list[first:])
		for v, n := range b.n {
			s := &list[first+cells[v]]
			if set[v] {
				s.NA += n
				s.A += b.yes[v]
			} else {
				s.NB += n
				s.B += b.yes[v]
			}
		}
	}
	return list
}
