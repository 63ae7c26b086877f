package trial

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// difference is that between packets with property i and those without any, in rates as
// they were seen: With − Without. Its interval has all differences that a score test,
// z standard deviations wide, does not reject (O. S. Miettinen and M. Nurminen,
// Statistics in Medicine 4, 1985), so that it holds where no packet is lost, and where
// none comes through.
func (f *fit) difference(i int, z float64) Effect {
	base := math.Exp(f.theta[0])
	if f.theta[0] == always {
		base = 1
	}
	rate := base * math.Exp(f.theta[i+1])
	low := f.limit(i, rate-base, -1, z)
	high := f.limit(i, rate-base, 1, z)
	return Effect{
		With: rate / f.spread, Without: base / f.spread, Diff: (rate - base) / f.spread,
		Low: max(-1, low/f.spread), High: min(1, high/f.spread),
	}
}

// beside is the share of packets with property i that the other properties let through:
// as much of the difference is seen.
func (f *fit) beside(i int) float64 {
	p := profile{fit: f, i: i, theta: f.theta}
	sum, n := 0.0, 0.0
	for k := range f.cells {
		if c := &f.cells[k]; c.has[i] {
			sum += c.n * p.others(c)
			n += c.n
		}
	}
	return sum / n
}

// limit is the difference, between the best one and an end, up to which it is not
// rejected.
func (f *fit) limit(i int, best, end, z float64) float64 {
	p := profile{fit: f, i: i, base: math.Exp(f.theta[0]), theta: append([]float64(nil), f.theta...)}
	inner, outer := best, end
	for range 20 {
		p.diff = (inner + outer) / 2
		p.fill()
		if math.Abs(p.score()) < z {
			inner = p.diff
		} else {
			outer = p.diff
		}
	}
	return outer
}

// profile is the model with the difference that property i makes held fixed: the rate is
// base without the property, base+diff with it, times the shares of the other ones.
type profile struct {
	*fit
	i          int
	base, diff float64
	theta      []float64 // of the other properties, as in fit
}

// tiny keeps rates from 0 and 1.
const tiny = 1e-7

// others is the product of the shares of the other properties of a cell.
func (p *profile) others(c *cell) float64 {
	sum := 0.0
	for j, has := range c.has {
		if has && j != p.i {
			sum += p.theta[j+1]
		}
	}
	return math.Exp(sum)
}

// level is the rate with or without property i, and rate that of a cell.
func (p *profile) level(c *cell) float64 { return p.base + p.diff*float64(btoi(c.has[p.i])) }

func (p *profile) rate(c *cell) float64 {
	return min(max(p.level(c)*p.others(c), tiny), 1-tiny)
}

// fill finds the most likely base and shares for the difference.
func (p *profile) fill() {
	for range 100 {
		before := p.base
		low, high := p.room()
		p.base = ascend(p.base, low, high, func(at float64) (slope, bend float64) {
			p.base = at
			return p.slope(-1)
		})
		change := math.Abs(p.base - before)
		for j := range p.cells[0].has {
			if j == p.i {
				continue
			}
			before := p.theta[j+1]
			p.theta[j+1] = ascend(before, never, p.most(j), func(at float64) (slope, bend float64) {
				p.theta[j+1] = at
				return p.slope(j)
			})
			change = max(change, math.Abs(math.Exp(p.theta[j+1])-math.Exp(before)))
		}
		if change < 1e-5 || len(p.theta) == 2 {
			return
		}
	}
}

// room is between which values the base leaves the rates of all cells between 0 and 1.
// The base itself, and with the difference, may come to more, if no packets are like that:
// those of which something was seen have another property, too.
func (p *profile) room() (low, high float64) {
	low, high = max(0, -p.diff)+tiny, math.Inf(1)
	for k := range p.cells {
		c := &p.cells[k]
		high = min(high, (1-tiny)/p.others(c)-p.diff*float64(btoi(c.has[p.i])))
	}
	return low, max(low, high)
}

// most is the largest logarithm of share j that does so.
func (p *profile) most(j int) float64 {
	most := always
	for k := range p.cells {
		if c := &p.cells[k]; c.has[j] {
			most = min(most, p.theta[j+1]-math.Log(max(tiny, p.level(c)*p.others(c)))-tiny)
		}
	}
	return max(most, never)
}

// slope returns the derivatives of the likelihood by the base (j = −1), or by the
// logarithm of a share.
func (p *profile) slope(j int) (slope, bend float64) {
	bend = -1e-12
	for k := range p.cells {
		c := &p.cells[k]
		if j >= 0 && !c.has[j] {
			continue
		}
		rate := p.rate(c)
		by := rate // the derivative of the rate
		if j < 0 {
			by = p.others(c)
		}
		first := c.yes/rate - (c.n-c.yes)/(1-rate)
		slope += first * by
		bend -= (c.yes/(rate*rate) + (c.n-c.yes)/((1-rate)*(1-rate))) * by * by
		if j >= 0 {
			bend += first * by
		}
	}
	return slope, bend
}

// score is how many standard deviations the data are from the difference: the slope of
// the likelihood by it, less what of it the other parameters could make up for, over the
// square root of the information that is left when they are estimated.
func (p *profile) score() float64 {
	size := len(p.theta)
	information := mat.NewSymDense(size, nil) // by base, diff, and the others' logarithms
	slopes := mat.NewVecDense(size, nil)
	by := make([]float64, size)
	for k := range p.cells {
		c := &p.cells[k]
		rate := p.rate(c)
		by = append(by[:0], p.others(c), p.others(c)*float64(btoi(c.has[p.i])))
		for j, has := range c.has {
			if j != p.i {
				by = append(by, rate*float64(btoi(has)))
			}
		}
		slope, weight := c.yes/rate-(c.n-c.yes)/(1-rate), c.n/(rate*(1-rate))
		for a := range size {
			slopes.SetVec(a, slopes.AtVec(a)+slope*by[a])
			for b := a; b < size; b++ {
				information.SetSym(a, b, information.At(a, b)+weight*by[a]*by[b])
			}
		}
	}
	return standardised(information, slopes, 1)
}

// standardised is the step that Newton's method would make in one parameter, over its
// standard error; 0 if nothing is known of it. The matrix is scaled first, as some
// parameters may be known millions of times as well as others; both are overwritten.
func standardised(information *mat.SymDense, slopes *mat.VecDense, parameter int) float64 {
	size := slopes.Len()
	scale := make([]float64, size)
	for a := range size {
		scale[a] = math.Sqrt(information.At(a, a))
		if scale[a] == 0 {
			return 0
		}
		slopes.SetVec(a, slopes.AtVec(a)/scale[a])
	}
	for a := range size {
		for b := a; b < size; b++ {
			information.SetSym(a, b, information.At(a, b)/scale[a]/scale[b])
		}
	}
	var root mat.Cholesky
	if !root.Factorize(information) {
		return 0
	}
	unit, column, step := mat.NewVecDense(size, nil), mat.NewVecDense(size, nil), mat.NewVecDense(size, nil)
	unit.SetVec(parameter, 1)
	if root.SolveVecTo(column, unit) != nil || root.SolveVecTo(step, slopes) != nil || !(column.AtVec(parameter) > 0) {
		return 0
	}
	return step.AtVec(parameter) / math.Sqrt(column.AtVec(parameter))
}
