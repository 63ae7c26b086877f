package scan

import "time"

// roundTrips estimates how long an answer may take, from those that came: the
// smoothed mean and deviation of RFC 6298 §2, and the longest one seen, since
// hosts of one scan are not equally far away.
type roundTrips struct {
	n              int
	smooth, spread time.Duration
	longest, least time.Duration
	// forgets says that longest is of the last 8 to 16 only, for what is of one
	// host: after a congestion its answers are as quick as before.
	forgets bool
	recent  [2]time.Duration // the longest of the last few, and of as many before
}

const memory = 8 // round trips

// Shortest waits: with few round trips known the next host may be much farther.
const (
	shortestWait    = 10 * time.Millisecond
	shortestWaitFew = 200 * time.Millisecond
	fewRoundTrips   = 10
	longestWait     = 10 * time.Second
)

func (e *roundTrips) add(d time.Duration) {
	if d < 0 {
		return
	}
	if e.n == 0 {
		e.smooth, e.spread, e.least = d, d/2, d
	} else {
		diff := e.smooth - d
		if diff < 0 {
			diff = -diff
		}
		e.spread += (diff - e.spread) / 4
		e.smooth += (d - e.smooth) / 8
	}
	e.n++
	e.least = min(e.least, d)
	e.recent[0] = max(e.recent[0], d)
	e.longest = max(e.recent[0], e.recent[1])
	if e.forgets && e.n%memory == 0 {
		e.recent = [2]time.Duration{0, e.recent[0]}
	}
}

// wait returns how long to wait for one reply. A further try leaves after half
// of it, so half of it covers a round trip.
func (e *roundTrips) wait(t *Timing) time.Duration {
	w := t.FirstWait
	if e.n > 0 {
		w = 2 * max(e.smooth+4*e.spread, e.longest+e.longest/4)
		if e.n < fewRoundTrips {
			w = max(w, min(shortestWaitFew, t.FirstWait))
		}
		w = min(max(w, shortestWait), longestWait)
	}
	if t.Timeout > 0 {
		if e.n == 0 {
			return t.Timeout
		}
		w = min(w, t.Timeout)
	}
	return w
}

// linger returns how long to wait, after an ICMP error that took d, for the
// port itself to speak against it.
func (e *roundTrips) linger(d time.Duration, t *Timing) time.Duration {
	w := e.wait(t)
	if d >= 0 {
		w = min(w, max(4*d, 50*time.Millisecond))
	}
	return w
}
