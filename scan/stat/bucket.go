package stat

import (
	"math"
	"time"
)

// Bucket is a token bucket: who limits what he sends to so many a second, and after a pause
// to a burst of so many at once.
type Bucket struct {
	Rate  float64 // a second
	Burst int
}

// MostAsked is how many questions FindBucket looks at.
const MostAsked = 1 << 12

// Bounds of a bucket that is looked for.
const (
	// surely is how much likelier, as a natural logarithm, the answers have to be with a
	// bucket than where each gets lost by itself: by chance it is so much for none of
	// thousands, though the likeliest of many buckets is taken.
	surely = 10
	// tick is how exactly it is known when a question came to the bucket, and how exactly
	// that one counts: kernels count in ticks of 1 to 10 ms.
	tick = 12 * time.Millisecond
)

// bursts are those that are tried: Linux has 6 for each target and 50 for all (ip-sysctl:
// icmp_ratelimit, icmp_msgs_burst), and others any other number.
var bursts = []int{1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50}

// FindBucket tells by a token bucket which of the questions were answered that were asked
// at these times, in order. false: each may as well have been lost by itself, or all were
// answered. What is lost beside that is reckoned with.
func FindBucket(asked []time.Duration, answered []bool) (Bucket, bool) {
	if len(asked) > MostAsked {
		asked, answered = asked[:MostAsked], answered[:MostAsked]
	}
	first, last, yes, between := -1, -1, 0, 0
	for i, a := range answered {
		if a {
			yes++
			continue
		}
		if last = i; first < 0 {
			first = i
		}
	}
	if first < 0 || yes == 0 {
		return Bucket{}, false
	}
	for _, a := range answered[first:last] {
		if a {
			between++
		}
	}
	span := (asked[last] - asked[first]).Seconds()
	if between < 2 || span <= 0 {
		return Bucket{}, false
	}
	n := float64(len(asked))
	best, found := logLikely(float64(yes), n-float64(yes))+surely, Bucket{}
	for rate := float64(between) / span / 2; rate < 5*float64(between)/span; rate *= 1.03 { // a pause fills the bucket, and no more
		for _, burst := range bursts {
			b := Bucket{Rate: rate, Burst: burst}
			if l := b.likely(asked, answered, float64(yes)/n); l > best {
				best, found = l, b
			}
		}
	}
	return found, found.Burst > 0
}

// likely is the natural logarithm of how likely the answers are, given the bucket: where
// there is a token a question is lost at one rate, and where there is none it is answered at
// another, both as they fit best. Where it is not known whether there is one, share of them
// are answered, as of all.
func (b *Bucket) likely(asked []time.Duration, answered []bool, share float64) float64 {
	var with, without, unknown struct{ yes, no float64 }
	tokens, slack := float64(b.Burst), b.Rate*tick.Seconds()
	spent := false // there may be one less: an answer may have been lost behind the bucket
	for i, at := range asked {
		if i > 0 {
			tokens = min(float64(b.Burst), tokens+b.Rate*(at-asked[i-1]).Seconds())
		}
		least := tokens
		if spent {
			least--
		}
		count := &unknown
		switch {
		case least >= 1+slack:
			count = &with
		case tokens < 1-slack:
			count = &without
		}
		switch {
		case answered[i]:
			count.yes++
			tokens, spent = max(0, tokens-1), spent && least >= 1+slack
		case count == &with:
			count.no++
			spent = true
		default:
			if count.no++; spent && count == &unknown {
				tokens, spent = max(0, least), false
			}
		}
	}
	chance := 0.0
	if unknown.yes > 0 {
		chance += unknown.yes * math.Log(share)
	}
	if unknown.no > 0 {
		chance += unknown.no * math.Log(1-share)
	}
	return logLikely(with.yes, with.no) + logLikely(without.yes, without.no) + chance - 2
}

// logLikely is the natural logarithm of how likely it is that of yes+no trials these come
// out so, at the rate that fits best.
func logLikely(yes, no float64) float64 {
	sum := 0.0
	for _, n := range []float64{yes, no} {
		if n > 0 {
			sum += n * math.Log(n/(yes+no))
		}
	}
	return sum
}

// Begin is where in a row of places the share of losses rises: from one place on.
type Begin struct {
	From  int     // the likeliest first place with the higher share
	Least int     // the first one that it may be, and
	Most  int     // the last one
	Rate  float64 // the share of losses from there on
}

// begins is how much likelier, as a natural logarithm, two shares have to be than one: by
// chance it is so much in about one of a hundred rows.
const begins = 5

// FindBegin finds where losses begin, by how many questions were asked at each place and
// how many of them were lost. false: the share may be the same everywhere.
func FindBegin(asked, lost []float64) (Begin, bool) {
	var all, gone float64
	for i := range asked {
		all, gone = all+asked[i], gone+lost[i]
	}
	likely := make([]float64, len(asked))
	best, b := logLikely(gone, all-gone)+begins, Begin{}
	var n, l float64
	for i := range asked {
		likely[i] = math.Inf(-1)
		if n > 0 && all > n && (gone-l)/(all-n) > l/n {
			likely[i] = logLikely(l, n-l) + logLikely(gone-l, all-n-gone+l)
		}
		if likely[i] > best {
			best, b = likely[i], Begin{From: i, Rate: (gone - l) / (all - n)}
		}
		n, l = n+asked[i], l+lost[i]
	}
	if b.From == 0 {
		return Begin{}, false
	}
	b.Least, b.Most = b.From, b.From
	for i, l := range likely { // three less in likelihood is five in a hundred, and less
		if l >= best-3 {
			b.Least, b.Most = min(b.Least, i), max(b.Most, i)
		}
	}
	return b, true
}
