package stat

import "math"

// Normal95 is the 97.5 % quantile of the normal distribution: what lies within so many
// standard deviations on either side is 95 % of it.
const Normal95 = 1.959964

// Wilson returns the interval of a rate that was seen n times (n may be a fraction
// where packets count for less than one) by the score test (E. B. Wilson, JASA 22,
// 1927), z standard deviations wide on either side. Without a trial it is 0 to 1.
func Wilson(rate, n, z float64) (low, high float64) {
	if !(n > 0) {
		return 0, 1
	}
	rate = min(max(rate, 0), 1)
	q := z * z / n
	center := (rate + q/2) / (1 + q)
	half := z / (1 + q) * math.Sqrt(rate*(1-rate)/n+q/(4*n))
	low, high = max(0, center-half), min(1, center+half)
	if rate == 0 { // rounding would leave something
		low = 0
	}
	if rate == 1 {
		high = 1
	}
	return low, high
}

// Difference returns the interval of the difference of two rates, a − b, seen na and nb
// times, z standard deviations wide: Newcombe's method 10 (Statistics in Medicine 17,
// 1998), which joins Wilson's intervals and so holds for rates of 0 and 1 and for few
// trials.
func Difference(a, na, b, nb, z float64) (low, high float64) {
	al, ah := Wilson(a, na, z)
	bl, bh := Wilson(b, nb, z)
	return max(-1, a-b-math.Hypot(a-al, bh-b)), min(1, a-b+math.Hypot(ah-a, b-bl))
}
