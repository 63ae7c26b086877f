package repeat

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// Times are round-trip times. The zero value has none. Up to mostExact of them are kept
// one by one; of more, percentiles are those of classes, none of which is wider than
// 1/64 of what is in it, so that any number takes little room.
type Times struct {
	N        uint32
	Min, Max time.Duration
	mean, m2 float64 // microseconds, and their square: Welford's recurrences
	exact    []uint32
	classes  []uint32 // by class, how many; nil: all are exact
}

const mostExact = 1 << 10

// Add adds one time.
func (t *Times) Add(d time.Duration) {
	d = max(d, 0)
	if t.N == 0 || d < t.Min {
		t.Min = d
	}
	t.Max = max(t.Max, d)
	t.N++
	us := float64(d) / float64(time.Microsecond)
	delta := us - t.mean
	t.mean += delta / float64(t.N)
	t.m2 += delta * (us - t.mean)
	whole := uint32(min(d.Round(time.Microsecond)/time.Microsecond, math.MaxUint32))
	if t.classes == nil && len(t.exact) < mostExact {
		t.exact = append(t.exact, whole)
		return
	}
	for _, v := range t.exact {
		t.count(v)
	}
	t.exact = nil
	t.count(whole)
}

// Mean is the average; 0 if there are none.
func (t *Times) Mean() time.Duration { return micros(t.mean) }

// Deviation is the standard deviation of those that there are, as ping's mdev.
func (t *Times) Deviation() time.Duration {
	if t.N == 0 {
		return 0
	}
	return micros(math.Sqrt(t.m2 / float64(t.N)))
}

func micros(us float64) time.Duration { return time.Duration(us * float64(time.Microsecond)) }

// Percentile is the shortest time that so many percent of all are not longer than (the
// nearest rank); 0 if there are none. It sorts what it has, so calls in a row are cheap.
func (t *Times) Percentile(percent int) time.Duration {
	if t.N == 0 {
		return 0
	}
	rank := max(1, (uint64(t.N)*uint64(percent)+99)/100)
	if t.classes == nil {
		slices.Sort(t.exact)
		return time.Duration(t.exact[rank-1]) * time.Microsecond
	}
	for class, n := range t.classes {
		if uint64(n) >= rank {
			return min(max(upper(class), t.Min), t.Max)
		}
		rank -= uint64(n)
	}
	return t.Max
}

// Classes are exact below 2^classBits microseconds; from there on each power of two is
// parted in half as many of the same width.
const classBits = 7

// count puts a time, in microseconds, into its class.
func (t *Times) count(us uint32) {
	class := int(us)
	if over := bits.Len32(us) - classBits; over > 0 {
		class = over<<(classBits-1) + int(us>>over)
	}
	if class >= len(t.classes) {
		t.classes = append(t.classes, make([]uint32, class+1-len(t.classes))...)
	}
	t.classes[class]++
}

// upper is the longest time of a class.
func upper(class int) time.Duration {
	us := uint64(class)
	if class >= 1<<classBits {
		over := class>>(classBits-1) - 1
		us = uint64(class-over<<(classBits-1)+1)<<over - 1
	}
	return time.Duration(us) * time.Microsecond
}
