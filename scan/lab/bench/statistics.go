package main

import (
	"math"
	"slices"
	"time"
)

// median returns the middle one of some values, or the mean of the two.
func median[T ~int64 | ~float64](values []T) T {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

// confidence is what bounds has to have, at least.
const confidence = 0.95

// bounds returns an interval in which the median lies of what the values are a
// sample of, whatever its distribution: from the k-th smallest to the k-th
// largest. With fewer than six values there is none of that confidence.
func bounds(values []float64) (low, high float64, ok bool) {
	n := len(values)
	outside := 0.0 // that fewer than k values are on one side of the median
	k := 0
	for ways := 1.0; k < n/2; k++ {
		more := outside + 2*ways*math.Pow(0.5, float64(n))
		if more > 1-confidence {
			break
		}
		outside = more
		ways *= float64(n-k) / float64(k+1)
	}
	if k == 0 {
		return 0, 0, false
	}
	s := slices.Sorted(slices.Values(values))
	return s[k-1], s[n-k], true
}

// figures are the samples of one command.
type figures struct {
	runs          int
	wall, cpu     time.Duration // medians; wall the longest if one had to be ended
	missed, wrong int           // the most of all runs
	ended         bool          // one had to be ended
}

func sum(samples []sample) figures {
	f := figures{runs: len(samples)}
	var wall, cpu []time.Duration
	for _, s := range samples {
		wall, cpu = append(wall, s.wall), append(cpu, s.cpu)
		f.missed, f.wrong = max(f.missed, s.missed), max(f.wrong, s.wrong)
		f.ended = f.ended || s.ended
	}
	f.wall, f.cpu = median(wall), median(cpu)
	if f.ended {
		f.wall = slices.Max(wall)
	}
	return f
}

// ratio is how many times as long as sonde a peer takes.
type ratio struct {
	median    float64
	low, high float64 // of its confidence interval
	bounded   bool    // there is one
	atLeast   bool    // the peer had to be ended
	unknown   bool    // sonde had to be ended
}

// compare compares runs of the same rounds.
func compare(sonde, peer []sample) ratio {
	var pairs []float64
	r := ratio{}
	for i := range min(len(sonde), len(peer)) {
		pairs = append(pairs, peer[i].wall.Seconds()/sonde[i].wall.Seconds())
		r.atLeast = r.atLeast || peer[i].ended
		r.unknown = r.unknown || sonde[i].ended
	}
	r.median = median(pairs)
	r.low, r.high, r.bounded = bounds(pairs)
	return r
}

// outcome is a contest that is over.
type outcome struct {
	*job
	contest
	want     int // to be found
	us, them figures
	ratio
}

func (c *course) outcomes(samples map[string][]sample) []outcome {
	var list []outcome
	for _, x := range c.contests {
		us, them := samples[x.sonde], samples[x.peer]
		list = append(list, outcome{c.job, x, len(c.want), sum(us), sum(them), compare(us, them)})
	}
	return list
}
