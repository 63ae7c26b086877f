package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// leastP is the least probability that tests return: 0 would claim what cannot be known.
const leastP = 1e-300

// NormalQuantile returns the z below which a standard normal variable lies with
// probability p, and ±Inf at 1 and 0.
func NormalQuantile(p float64) float64 { return mathext.NormalQuantile(p) }

// NormalP is the probability that a standard normal variable is as far from 0 as z, on
// either side; at least 1e-300.
func NormalP(z float64) float64 {
	return max(leastP, math.Erfc(math.Abs(z)/math.Sqrt2))
}

// ChiSquaredP is the probability that a chi-squared variable of so many degrees of
// freedom is x or more; at least 1e-300, and 1 without a degree of freedom.
func ChiSquaredP(x float64, freedom int) float64 {
	if freedom <= 0 || x <= 0 {
		return 1
	}
	return max(leastP, mathext.GammaIncRegComp(float64(freedom)/2, x/2))
}
