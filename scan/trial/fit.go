package trial

import "math"

// fit is a model of the rates: packets that have no harmful property say yes at a base
// rate, and each harmful property lets through a share of those that have it. Filters
// that know nothing of each other multiply in this way. The likelihood is that of
// binomials whose numbers are divided by the spread of blocks, so that what all variants
// of a block share is not taken for evidence.
type fit struct {
	sets   [][]bool  // the variants that have each property
	theta  []float64 // logarithms, at most 0: of the base rate, then of the shares
	likely float64   // the logarithm of the likelihood
	cells  []cell
	cellOf []int // by variant
	spread float64
}

// cell is the variants that have the same of the properties.
type cell struct {
	has    []bool // by property
	yes, n float64
}

const (
	never    = -40.0 // the logarithm of a rate that is none
	always   = -1e-9 // and of one that is all, for which the other outcome has a logarithm, too
	sweeps   = 300
	converge = 1e-7
)

// newFit finds the most likely rates. start may be nil, or has a theta to begin with.
func (k *kept) newFit(sets [][]bool, start []float64) *fit {
	f := &fit{sets: sets, spread: k.spread, theta: make([]float64, len(sets)+1)}
	f.cell(k)
	copy(f.theta, start)
	for i := len(start); i < len(f.theta); i++ {
		f.theta[i] = math.Log(0.7)
	}
	f.likely = f.likelihood()
	if f.direct() {
		f.likely = f.likelihood()
		return f
	}
	for range sweeps {
		for i := range f.theta {
			f.climb(i)
		}
		before := f.likely
		if f.likely = f.likelihood(); f.likely-before < converge {
			break
		}
	}
	return f
}

// direct fits one property or none without searching.
func (f *fit) direct() bool {
	var yes, n [2]float64 // without the property, and with it
	for _, c := range f.cells {
		i := btoi(len(c.has) == 1 && c.has[0])
		yes[i] += c.yes
		n[i] += c.n
	}
	if len(f.sets) > 1 || n[0] == 0 || len(f.sets) == 1 && n[1] == 0 {
		return false
	}
	inside := func(rate float64) float64 { return min(always, max(never, math.Log(rate))) }
	f.theta[0] = inside((yes[0] + yes[1]) / (n[0] + n[1]))
	if len(f.sets) == 1 {
		f.theta[1] = always
		if base, rate := yes[0]/n[0], yes[1]/n[1]; rate < base {
			f.theta[0], f.theta[1] = inside(base), inside(rate/base)
		}
	}
	return true
}

// cell joins variants.
func (f *fit) cell(k *kept) {
	f.cellOf = cellsOf(f.sets, len(k.n))
	for v, c := range f.cellOf {
		if c == len(f.cells) {
			has := make([]bool, len(f.sets))
			for i, set := range f.sets {
				has[i] = set[v]
			}
			f.cells = append(f.cells, cell{has: has})
		}
		f.cells[c].yes += k.yes[v]
		f.cells[c].n += k.n[v] / k.spread
	}
	for i := range f.cells { // rounding must not leave more answers than packets
		f.cells[i].n = max(f.cells[i].n, f.cells[i].yes)
	}
}

// cellsOf numbers the variants by what they have of the sets, from 0 in the order in
// which they come.
func cellsOf(sets [][]bool, variants int) []int {
	cells, numbers := make([]int, variants), map[uint64]int{}
	for v := range cells {
		key := uint64(0)
		for i, set := range sets {
			key |= uint64(btoi(set[v])) << i
		}
		if _, ok := numbers[key]; !ok {
			numbers[key] = len(numbers)
		}
		cells[v] = numbers[key]
	}
	return cells
}

// log is the logarithm of the rate in a cell.
func (f *fit) log(c *cell) float64 {
	sum := f.theta[0]
	for i, has := range c.has {
		if has {
			sum += f.theta[i+1]
		}
	}
	return min(always, sum)
}

func (f *fit) likelihood() (sum float64) {
	for i := range f.cells {
		c := &f.cells[i]
		at := f.log(c)
		sum += c.yes*at + (c.n-c.yes)*math.Log(-math.Expm1(at))
	}
	return sum
}

// climb finds the best value of one theta, the others being what they are.
func (f *fit) climb(i int) {
	f.theta[i] = ascend(f.theta[i], never, always, func(at float64) (slope, bend float64) {
		f.theta[i] = at
		return f.slope(i)
	})
}

// ascend finds where between low and high a concave function is largest, by its first
// and second derivative, beginning at a guess.
func ascend(at, low, high float64, by func(at float64) (slope, bend float64)) float64 {
	if slope, _ := by(high); slope >= 0 {
		return high
	}
	if slope, _ := by(low); slope <= 0 {
		return low
	}
	at = min(max(at, low), high)
	for range 100 {
		slope, bend := by(at)
		if slope > 0 {
			low = at
		} else {
			high = at
		}
		next := at - slope/bend // Newton's step, where it does not leave what is left
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		near := math.Abs(next-at) < 1e-10
		at = next
		if near {
			break
		}
	}
	return at
}

// slope returns the first and second derivative of the likelihood by one theta.
func (f *fit) slope(i int) (slope, bend float64) {
	bend = -1e-12
	for j := range f.cells {
		c := &f.cells[j]
		if i > 0 && !c.has[i-1] {
			continue
		}
		at := f.log(c)
		odds := math.Exp(at) / -math.Expm1(at)
		slope += c.yes - (c.n-c.yes)*odds
		bend -= (c.n - c.yes) * odds * (1 + odds)
	}
	return slope, bend
}
