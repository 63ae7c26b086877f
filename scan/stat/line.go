package stat

import (
	"math"
	"slices"
)

// Line is y = Level + Slope·(x − Center), as it was estimated from points.
type Line struct {
	Center, Level, Slope float64
	// LevelError and SlopeError are half of the width of the 95 % confidence intervals;
	// +Inf where too few points were there to tell.
	LevelError, SlopeError float64
}

// At is the line's y at x.
func (l Line) At(x float64) float64 { return l.Level + l.Slope*(x-l.Center) }

// TheilSen estimates a line through points by the median of the slopes between any two
// of them, which up to 29 % of wrong points do not move much. The interval of the slope
// is Sen's (P. K. Sen, JASA 63, 1968), by ranks, without an assumption on how errors are
// distributed; that of the level follows from the spread of what is left. It takes time
// and memory of the square of the number of points: give it some hundred at most. With
// one point, or all at one x, the slope is 0.
func TheilSen(x, y []float64) Line {
	n := min(len(x), len(y))
	l := Line{LevelError: math.Inf(1), SlopeError: math.Inf(1)}
	if n == 0 {
		return l
	}
	l.Center = Median(slices.Clone(x[:n]))
	var slopes []float64
	for i := range n {
		for j := range i {
			if x[i] != x[j] {
				slopes = append(slopes, (y[i]-y[j])/(x[i]-x[j]))
			}
		}
	}
	if len(slopes) > 0 {
		l.Slope = Median(slopes)
	}
	rest := make([]float64, n)
	for i := range n {
		rest[i] = y[i] - l.Slope*(x[i]-l.Center)
	}
	l.Level = Median(rest)
	if n < 5 { // the interval would be the whole range, or not exist
		return l
	}
	l.LevelError = Normal95 * 1.2533 * Spread(rest, l.Level) / math.Sqrt(float64(n)) // of a median
	// The slopes between which the rank of the median lies: the variance of Kendall's
	// statistic.
	half := Normal95 * math.Sqrt(float64(n*(n-1)*(2*n+5))/18) / float64(2*len(slopes))
	if len(slopes) == 0 {
		return l
	}
	l.SlopeError = (Quantile(slopes, 0.5+half) - Quantile(slopes, 0.5-half)) / 2
	return l
}
