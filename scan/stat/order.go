package stat

import (
	"math"
	"slices"
)

// Quantile returns the value below which the share q of the values lies, between two
// of them in proportion (the definition that R calls type 7); NaN of no values. values
// is sorted by it.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	at := min(max(q, 0), 1) * float64(len(values)-1)
	low := int(at)
	if low == len(values)-1 {
		return values[low]
	}
	return values[low] + (at-float64(low))*(values[low+1]-values[low])
}

// Median is Quantile of one half.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Spread is the median distance from center, times 1.4826: the standard deviation of
// what is normally distributed, whatever less than half of the values are. values is
// overwritten.
func Spread(values []float64, center float64) float64 {
	for i := range values {
		values[i] = math.Abs(values[i] - center)
	}
	return 1.4826 * Median(values)
}
