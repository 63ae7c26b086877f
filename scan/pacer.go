package scan

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pacer says how many packets may leave, and learns from what comes back how
// fast is fast enough. It compares epochs: stretches of sending at one rate, in
// each of which it counts first tries asked and answered. Plans are shuffled,
// so the share of answers is the same at every rate unless the rate itself
// costs some.
//
// All times are on the engine's clock. It may be used by several goroutines.
type pacer struct {
	mu      sync.Mutex
	t       Timing
	limit   *rate.Limiter
	rate    float64
	rtt     time.Duration
	settled bool // the path's limit was met: creep, do not double

	epochs   [8]epoch // ring, by id
	current  uint8    // id of the epoch being sent
	trusted  epoch    // sum of the epochs whose rate cost nothing
	cautious time.Duration
}

// epoch counts one stretch of sending at one rate.
type epoch struct {
	id              uint8
	rate            float64
	began, ended    time.Duration
	asked, answered float64
	closed, judged  bool
}

const (
	enoughAnswers = 10   // in a round trip, to go faster
	lossMatters   = 0.9  // a share of answers below this part of the trusted one …
	lossCertain   = 3.0  // … by so many standard deviations is the rate's fault
	creep         = 1.05 // growth per epoch once the limit was met
	burstTime     = 2 * time.Millisecond
	shortestEpoch = 10 * time.Millisecond
)

// origin is the engine's zero on the limiter's clock: any fixed time will do.
var origin = time.Unix(0, 0)

func newPacer(t Timing) *pacer {
	p := &pacer{t: t, rtt: t.FirstWait / 4}
	p.limit = rate.NewLimiter(1, 1)
	p.rate = t.Start
	p.apply(0)
	p.epochs[0] = epoch{rate: p.rate}
	return p
}

// apply makes the limiter follow p.rate under the ceilings.
func (p *pacer) apply(now time.Duration) {
	ceiling := p.t.Ceiling
	if ceiling == 0 {
		ceiling = math.Inf(1)
	}
	if p.trusted.answered == 0 && p.answers() < enoughAnswers {
		ceiling = p.t.Quiet
	}
	p.rate = min(p.rate, ceiling)
	r := p.rate
	if p.t.Rate > 0 {
		// A given rate is what the user wants: no slow start beneath it, and
		// nothing above it.
		r = p.t.Rate
		if p.settled {
			r = min(r, p.rate)
		}
	}
	at := origin.Add(now)
	p.limit.SetLimitAt(at, rate.Limit(r))
	p.limit.SetBurstAt(at, max(1, int(r*burstTime.Seconds())))
}

func (p *pacer) answers() float64 {
	n := 0.0
	for i := range p.epochs {
		n += p.epochs[i].answered
	}
	return n
}

// budget returns how many packets may leave now, at most most.
func (p *pacer) budget(now time.Duration, most int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(now)
	return min(most, int(p.limit.TokensAt(origin.Add(now))))
}

// spend takes n packets from the budget.
func (p *pacer) spend(now time.Duration, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit.AllowN(origin.Add(now), n)
}

// next returns when the next packet may leave.
func (p *pacer) next(now time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	missing := 1 - p.limit.TokensAt(origin.Add(now))
	if missing <= 0 {
		return now
	}
	// One nanosecond more, so that rounding never leaves the token just short.
	return now + time.Duration(missing/float64(p.limit.Limit())*float64(time.Second)) + 1
}

// asked counts n first tries that leave now, and returns the epoch they
// belong to.
func (p *pacer) asked(n int) uint8 {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := &p.epochs[p.current%uint8(len(p.epochs))]
	e.asked += float64(n)
	return e.id
}

// answered counts one answer to a first try of epoch id. rtt is negative if it
// is not known.
func (p *pacer) answered(id uint8, rtt time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rtt >= 0 {
		p.rtt += (rtt - p.rtt) / 8
	}
	if e := &p.epochs[id%uint8(len(p.epochs))]; e.id == id && !e.judged {
		e.answered++
	}
}

// pushback says that this machine could not send as fast as it was asked to.
func (p *pacer) pushback(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now < p.cautious {
		return // the same congestion, told again
	}
	p.cautious = now + max(p.rtt, shortestEpoch)
	p.rate = float64(p.limit.Limit()) * 0.8
	p.settled = true
	p.begin(now)
}

// turn judges the epochs whose answers are in and goes on to the next one.
func (p *pacer) turn(now time.Duration) {
	for i := range p.epochs {
		e := &p.epochs[i]
		if e.closed && !e.judged && now >= e.ended+p.wait() {
			p.judge(e, now)
		}
	}
	e := &p.epochs[p.current%uint8(len(p.epochs))]
	if now-e.began < max(p.rtt, shortestEpoch) || e.answered < enoughAnswers {
		return
	}
	if p.settled {
		p.rate *= creep
	} else {
		p.rate *= 2
	}
	p.begin(now)
}

// wait is how long after an epoch its answers are in.
func (p *pacer) wait() time.Duration { return p.rtt + p.rtt/2 + shortestEpoch }

// begin closes the current epoch and opens one at the present rate.
func (p *pacer) begin(now time.Duration) {
	e := &p.epochs[p.current%uint8(len(p.epochs))]
	e.closed, e.ended = true, now
	p.apply(now)
	p.current++
	p.epochs[p.current%uint8(len(p.epochs))] = epoch{id: p.current, rate: p.rate, began: now}
}

// judge compares the share of answers of e with what slower epochs had.
func (p *pacer) judge(e *epoch, now time.Duration) {
	e.judged = true
	if e.asked == 0 {
		return
	}
	share := e.answered / e.asked
	if p.trusted.asked > 0 {
		want := p.trusted.answered / p.trusted.asked
		both := (e.answered + p.trusted.answered) / (e.asked + p.trusted.asked)
		deviation := math.Sqrt(both * (1 - both) * (1/e.asked + 1/p.trusted.asked))
		if share < lossMatters*want && want-share > lossCertain*deviation {
			p.rate = min(p.rate, e.rate) * max(share/want, 0.5) * 0.95
			p.settled = true
			for i := range p.epochs { // faster ones still out have the same fault
				p.epochs[i].judged = true
			}
			p.begin(now)
			return
		}
	}
	p.trusted.asked += e.asked
	p.trusted.answered += e.answered
}
