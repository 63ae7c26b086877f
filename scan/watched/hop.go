package watched

import (
	"cmp"
	"math"
	"math/bits"
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/scan/report"
	"sonde/scan/stat"
)

// Hop is what is known of one TTL on the way to a target.
type Hop struct {
	TTL      uint8
	From     netip.Addr   // who answered last; zero: nobody ever did
	Reached  bool         // that was the target itself
	Reason   probe.Reason // of the last round
	Errno    uint16       // with probe.ReasonLocalError
	Asked    uint64       // questions that left
	Answered uint64       // of these
	Unasked  uint64       // questions that this machine could not send: no loss
	Who      []Answerer   // who answered, in the order in which they came
	More     uint64       // answers of yet others
	Times    Times
	History  History
}

// Answerer is somebody who answered for a TTL.
type Answerer struct {
	Addr  netip.Addr
	PTR   string // its reverse name; "": not known
	Count uint64
	At    time.Duration // when the round of its last answer began
}

func (h *Hop) add(r *report.Round) {
	h.Reason, h.Errno = r.Reason, r.Errno
	if r.Reason == probe.ReasonLocalError {
		h.Unasked++
		h.History.add(Unasked)
		return
	}
	h.Asked++
	if !r.From.IsValid() {
		h.History.add(Lost)
		return
	}
	h.Answered++
	h.From, h.Reached = r.From, r.Reached
	h.who(r)
	if r.RTT <= 0 {
		h.History.add(Untimed)
		return
	}
	h.Times.add(r.RTT)
	h.History.add(sampleOf(r.RTT))
}

func (h *Hop) who(r *report.Round) {
	for i := range h.Who {
		if w := &h.Who[i]; w.Addr == r.From {
			w.Count++
			w.At = r.At
			w.PTR = cmp.Or(r.PTR, w.PTR)
			return
		}
	}
	if len(h.Who) == maxWho {
		h.More++
		return
	}
	h.Who = append(h.Who, Answerer{r.From, r.PTR, 1, r.At})
}

// PTR is the reverse name of From; "": not known.
func (h *Hop) PTR() string {
	for i := range h.Who {
		if h.Who[i].Addr == h.From {
			return h.Who[i].PTR
		}
	}
	return ""
}

// Loss is the share of the questions that stayed unanswered, from 0 to 1; negative: there
// were none.
func (h *Hop) Loss() float64 {
	if h.Asked == 0 {
		return -1
	}
	return float64(h.Asked-h.Answered) / float64(h.Asked)
}

// sure is how many standard errors a difference of losses must be from none: it is looked
// at again after each round.
const sure = 3.3

// Missing says why questions to the hop of a TTL stayed unanswered. That hops beyond it
// lack less shows that packets came by it.
func (t *Target) Missing(ttl uint8) report.Missing {
	h := &t.Hops[ttl-1]
	switch {
	case h.Asked == h.Answered:
		return report.MissingNone
	case h.Reached:
		return report.MissingWay
	}
	beyond, n := false, float64(h.Asked)
	for i := int(ttl); i < min(int(t.Last), len(t.Hops)); i++ {
		b := &t.Hops[i]
		if b.Answered == 0 {
			continue
		}
		beyond = true
		if low, _ := stat.Difference(h.Loss(), n, b.Loss(), float64(b.Asked), sure); low > 0 {
			return report.MissingReplies
		}
		if h.Answered == 0 { // a single answer from beyond shows that it was passed
			return report.MissingReplies
		}
	}
	if !beyond {
		return report.MissingUnsure
	}
	return report.MissingWay
}

// Buckets is how many ranges of round-trip times are counted: four for each doubling from a
// microsecond on, so that one is within a fifth of its bounds.
const Buckets = 4 * 27

// Times are the statistics of round-trip times.
type Times struct {
	Count             uint64
	Last, Best, Worst time.Duration
	sum, steps        float64 // of all, and of the differences of each to the one before; ns
	buckets           [Buckets]uint32
}

func (t *Times) add(d time.Duration) {
	if t.Count == 0 {
		t.Best = d
	} else {
		t.steps += math.Abs(float64(d - t.Last))
	}
	t.Count++
	t.Last, t.Best, t.Worst = d, min(t.Best, d), max(t.Worst, d)
	t.sum += float64(d)
	if n := &t.buckets[bucketOf(d)]; *n < math.MaxUint32 {
		*n++
	}
}

// Average is the mean; 0: none was measured.
func (t *Times) Average() time.Duration {
	if t.Count == 0 {
		return 0
	}
	return time.Duration(t.sum / float64(t.Count))
}

// Sum is all of them together.
func (t *Times) Sum() time.Duration { return time.Duration(t.sum) }

// Jitter is the mean difference of a round trip to the one before, as in report.Counted; 0
// with less than two.
func (t *Times) Jitter() time.Duration {
	if t.Count < 2 {
		return 0
	}
	return time.Duration(t.steps / float64(t.Count-1))
}

// bucketOf is the range that a time is in.
func bucketOf(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 1))
	n := bits.Len64(us) - 1 // doublings
	quarter := us << 2 >> n & 3
	return min(4*n+int(quarter), Buckets-1)
}

// Bound is where a range begins.
func Bound(bucket int) time.Duration {
	return time.Microsecond * time.Duration(4+bucket%4) << (bucket / 4) / 4
}

// Histogram returns how many times there were in each range, without the empty ones before
// the first and behind the last. first is the number of its first range.
func (t *Times) Histogram() (first int, counts []uint32) {
	last := -1
	for i, n := range t.buckets {
		if n == 0 {
			continue
		}
		if last < 0 {
			first = i
		}
		last = i
	}
	if last < 0 {
		return 0, nil
	}
	return first, t.buckets[first : last+1]
}

// Quantile is about how long a share q of the round trips took at most: the middle of the
// range that it is in, and never beyond the best and the worst. 0: none was measured.
func (t *Times) Quantile(q float64) time.Duration {
	var all, below uint64
	for _, n := range t.buckets {
		all += uint64(n)
	}
	for i, n := range t.buckets {
		if below += uint64(n); n > 0 && float64(below) >= q*float64(all) {
			return max(t.Best, min(t.Worst, (Bound(i)+Bound(i+1))/2))
		}
	}
	return 0
}

// Sample is what came of one question: a round-trip time in microseconds, or a word.
type Sample int32

// What has no time.
const (
	Lost    Sample = -1 // no answer
	Unasked Sample = -2 // this machine could not ask
	Untimed Sample = -3 // an answer whose time was not measured
)

func sampleOf(d time.Duration) Sample { return Sample(min(d.Microseconds(), math.MaxInt32)) }

// History is what came of the last questions to a hop.
type History struct {
	ring [HistoryLen]Sample
	n    uint64 // how many there were
}

func (h *History) add(s Sample) {
	h.ring[h.n%HistoryLen] = s
	h.n++
}

// Tail appends the last n of them to list, the oldest first.
func (h *History) Tail(list []Sample, n int) []Sample {
	n = min(n, HistoryLen)
	for i := h.n - min(h.n, uint64(max(n, 0))); i < h.n; i++ {
		list = append(list, h.ring[i%HistoryLen])
	}
	return list
}
