package stat

import "math"

// Stratum counts two groups, A and B, that differ in nothing but what is asked about.
type Stratum struct {
	A, NA int // successes of group A, of so many trials
	B, NB int
}

// exactVariance is the variance below which Stratified computes the distribution
// itself: from there on the normal one is near enough.
const exactVariance = 60

// Stratified returns the two-sided probability that the successes fall on groups A and B
// as unevenly as they do, if within each stratum they fall at random, whatever the rate
// of the stratum: the test of Cochran, Mantel and Haenszel (JNCI 22, 1959). With few
// successes or failures it is exact, twice the smaller tail of the sum of hypergeometric
// variables; else normal, with correction for continuity. Excess is how many more
// successes A has than expected. The probability is 1 if no stratum tells anything, and
// never below 1e-300.
func Stratified(strata []Stratum) (p, excess float64) {
	seen, expected, variance := 0, 0.0, 0.0
	var telling []Stratum
	for _, s := range strata {
		n, m := s.NA+s.NB, s.A+s.B
		if s.NA == 0 || s.NB == 0 || m == 0 || m == n {
			continue
		}
		telling = append(telling, s)
		share := float64(m) / float64(n)
		seen += s.A
		expected += float64(s.NA) * share
		variance += share * (1 - share) * float64(s.NA) * float64(s.NB) / float64(n-1)
	}
	if len(telling) == 0 {
		return 1, 0
	}
	excess = float64(seen) - expected
	if variance < exactVariance {
		return exactP(telling, seen), excess
	}
	return NormalP(max(0, math.Abs(excess)-0.5) / math.Sqrt(variance)), excess
}

// exactP returns twice the smaller tail of the distribution of the successes of A.
func exactP(strata []Stratum, seen int) float64 {
	sum, least := []float64{1}, 0 // sum[i] is the probability of least+i
	for _, s := range strata {
		low, h := hypergeometric(s.NA, s.NB, s.A+s.B)
		next := make([]float64, len(sum)+len(h)-1)
		for i, a := range sum {
			for j, b := range h {
				next[i+j] += a * b
			}
		}
		sum, least = next, least+low
		for len(sum) > 1 && sum[len(sum)-1] == 0 { // too small to be a number
			sum = sum[:len(sum)-1]
		}
	}
	below, above := 0.0, 0.0
	for i, p := range sum {
		if least+i <= seen {
			below += p
		}
		if least+i >= seen {
			above += p
		}
	}
	return min(1, max(leastP, 2*min(below, above)))
}

// hypergeometric returns the probabilities that low, low+1, … of m successes fall on
// the first na of na+nb trials.
func hypergeometric(na, nb, m int) (low int, p []float64) {
	low = max(0, m-nb)
	for k := low; k <= min(na, m); k++ {
		p = append(p, math.Exp(logChoose(na, k)+logChoose(nb, m-k)-logChoose(na+nb, m)))
	}
	return low, p
}

// logChoose is the logarithm of the number of ways to choose k of n.
func logChoose(n, k int) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
	return lg(n) - lg(k) - lg(n-k)
}
