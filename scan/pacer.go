package scan

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pacer says how many packets may leave, and learns from what comes back how
// fast is fast enough. It compares epochs, stretches of sending at one rate: as
// long as a higher rate does not lose more than a lower one did, it is fine.
// Loss that is the same at every rate is not the rate's fault.
//
// All times are on the engine's clock. It may be used by several goroutines.
type pacer struct {
	mu      sync.Mutex
	t       Timing
	limit   *rate.Limiter // asked only for times of limitTime
	latest  time.Duration // that it was asked for
	rate    float64
	rtt     time.Duration
	trips   int  // of controls: so many of them make rtt
	settled bool // the path's limit was met: creep, do not double

	epochs   [16]epoch     // ring, by id
	current  uint8         // id of the epoch being sent
	trusted  epoch         // sum of the epochs whose rate cost nothing, with the highest of their rates
	seen     epoch         // the same, for the first glance
	plans    int           // under way now
	heard    bool          // an earlier plan had answers
	jammed   epoch         // while looking for a slower rate: the latest that was too fast
	cautious time.Duration // do not go faster before

	pushed   float64       // this machine objected to this rate; the pace comes back to somewhat less by itself. 0: it has
	pushedAt time.Duration // when it last objected

	limitRate  float64       // what the path was last seen to carry …
	limitUntil time.Duration // … and until when that is believed
}

// epoch counts one stretch of sending at one rate.
type epoch struct {
	id           uint8
	rate         float64
	began, ended time.Duration
	left         float64       // packets that were let go in it
	asked        float64       // questions whose first try left in it
	first, later float64       // of them, answered by the first try, by a later one
	plain        float64       // what first was before controls were added
	controls     float64       // that left in it
	told         float64       // of them, answered
	delayed      float64       // of these, later than before
	latest       time.Duration // when the last control left
	closed       bool
	glanced      bool // judged in haste
	judged       bool
}

const (
	enoughAnswers = 10   // in a round trip, to go faster
	pushedTo      = 0.8  // of its rate is left when this machine objects
	lossMatters   = 0.9  // a share of answers below this part of the trusted one …
	lossCertain   = 3.0  // … by so many standard deviations is the rate's fault
	creep         = 1.05 // growth per epoch once the limit was met
	slowest       = 10.0 // packets a second: no path is worse, but estimates may be
	limitMemory   = 5 * time.Second
	burstTime     = 5 * time.Millisecond // of packets may be made up for, when they could not leave in time
	mostBurst     = 9 * time.Millisecond // and of these, less what two askers may be late with
	quantum       = time.Millisecond     // of packets leave together, as far as they fit into a burst
	largeQuantum  = 2 * time.Millisecond // and of a large plan: to wake up costs more than to send
	givenQuantum  = 4 * time.Millisecond // the same where the rate is given, and nothing is to be learned from what comes back
	shortestEpoch = 4 * time.Millisecond
	eased         = 50 * time.Millisecond // without an objection of this machine, until it is asked for more
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

// limitTime is now on the limiter's clock, which never goes back: who comes with a time that
// is past, having waited for others, would make it pay out that time once more. p.mu is held.
func (p *pacer) limitTime(now time.Duration) time.Time {
	p.latest = max(p.latest, now)
	return origin.Add(p.latest)
}

// apply makes the limiter follow p.rate under the ceilings.
func (p *pacer) apply(now time.Duration) {
	ceiling := p.ceiling()
	if !p.heard && p.trusted.first == 0 && p.answers() < enoughAnswers {
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
	at := p.limitTime(now)
	p.limit.SetLimitAt(at, rate.Limit(r))
	// Together with what has been taken and leaves late, a burst is not more than
	// 10 ms of packets: so in no 10 ms there are more than twice as many.
	p.limit.SetBurstAt(at, max(1, int(r*burstTime.Seconds()), int(r*mostBurst.Seconds())-2*burst))
}

// ceiling is that of the template where answers come.
func (p *pacer) ceiling() float64 {
	if p.t.Ceiling == 0 {
		return math.Inf(1)
	}
	return p.t.Ceiling
}

func (p *pacer) answers() float64 {
	n := 0.0
	for i := range p.epochs {
		n += p.epochs[i].first + p.epochs[i].told
	}
	return n
}

// take takes from the budget what may leave now, at most most packets, and
// returns how many these are.
func (p *pacer) take(now time.Duration, most int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(now)
	at := p.limitTime(now)
	n := max(0, min(most, int(p.limit.TokensAt(at))))
	p.limit.AllowN(at, n)
	p.epochs[p.current%uint8(len(p.epochs))].left += float64(n)
	return n
}

// giveBack returns what was taken for n packets that did not leave.
func (p *pacer) giveBack(now time.Duration, n int) {
	if n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit.AllowN(p.limitTime(now), -n)
	p.epochs[p.current%uint8(len(p.epochs))].left -= float64(n)
}

// next returns when the next packets may leave: as many as are worth waking up
// for, which is what may leave in quantum.
func (p *pacer) next(now, quantum time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	together := max(1, min(float64(p.limit.Limit())*quantum.Seconds(), burst))
	missing := together - p.limit.TokensAt(p.limitTime(now))
	if missing <= 0 {
		return now
	}
	// One nanosecond more, so that rounding never leaves the token just short.
	return now + time.Duration(missing/float64(p.limit.Limit())*float64(time.Second)) + 1
}

// epoch returns the epoch that first tries belong to now.
func (p *pacer) epoch() uint8 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// asked counts n first tries that leave in epoch id. steady says that their plan
// is one shuffle, in which every stretch has the same share of answers.
func (p *pacer) asked(id uint8, n int, steady bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := &p.epochs[id%uint8(len(p.epochs))]; e.id == id {
		e.asked += float64(n)
		e.glanced = e.glanced || !steady || p.plans > 1
	}
}

// congested tells whether the rate itself is, or was just now, what answers are
// lost by: to ask more often would lose more.
func (p *pacer) congested(now time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.jammed.first > 0 || now < p.cautious
}

// unasked takes back a first try that was counted in epoch id and did not leave.
func (p *pacer) unasked(id uint8) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := &p.epochs[id%uint8(len(p.epochs))]; e.id == id {
		e.asked--
	}
}

// begins and ends say that a plan is under way. Shares of answers compare only
// within one plan; and how many answers second tries bring only where questions
// are of one kind: who answers any of several loses less.
func (p *pacer) begins(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plans == 0 {
		p.heard = p.heard || p.trusted.first > 0 || p.answers() >= enoughAnswers
		p.trusted.first, p.trusted.later = 0, 0
		for i := range p.epochs {
			p.epochs[i].judged = true
		}
		p.begin(now)
	}
	p.changes(+1)
}

func (p *pacer) ends() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes(-1)
}

func (p *pacer) changes(plans int) {
	p.plans += plans
	p.seen = epoch{}
	for i := range p.epochs {
		p.epochs[i].glanced = true
	}
}

// answered counts an answer to a question whose first try was in epoch id, and
// whether that try brought it. rtt is negative if it is not known.
func (p *pacer) answered(id uint8, first bool, rtt time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rtt >= 0 {
		p.rtt += (rtt - p.rtt) / 8
	}
	e := &p.epochs[id%uint8(len(p.epochs))]
	switch {
	case e.id != id || e.judged:
	case first:
		e.first++
	default:
		e.later++
	}
}

// turn judges the epochs whose answers are in and goes on to the next one.
func (p *pacer) turn(now time.Duration) {
	for i := range p.epochs {
		e := &p.epochs[i]
		switch {
		case e.judged || !e.closed:
		case now >= e.ended+4*p.rtt+shortestEpoch:
			p.judge(e, now)
		case now >= e.ended+p.rtt+p.rtt/2+shortestEpoch && !e.glanced:
			p.glance(e, now)
		}
	}
	if p.comeBack(now) {
		return
	}
	e := &p.epochs[p.current%uint8(len(p.epochs))]
	if !p.settled && p.rate < p.t.Quiet && now-e.began >= p.t.FirstWait/4 {
		// Silence is no objection: up to its ceiling the rate rises all the same.
		p.rate = min(2*p.rate, p.t.Quiet)
		p.begin(now)
		return
	}
	enough := float64(enoughAnswers)
	if p.settled {
		enough = 3 * enoughAnswers
	}
	if now-e.began < max(p.rtt, shortestEpoch) {
		return
	}
	if e.controls >= mostControls && !p.proven(e, now) || e.controls < mostControls && e.first < enough {
		return
	}
	switch {
	case p.jammed.first > 0: // stay until this rate is judged
	case e.left < p.rate/2*(now-e.began).Seconds(): // this machine is not even half as fast
	case !p.settled:
		p.rate *= 2
	case now < p.cautious:
	case p.rate*creep < p.limitRate || now >= p.limitUntil:
		p.rate *= creep
	}
	p.begin(now)
}

// begin closes the current epoch and opens one at the present rate.
func (p *pacer) begin(now time.Duration) {
	e := &p.epochs[p.current%uint8(len(p.epochs))]
	e.closed, e.ended = true, now
	p.apply(now)
	p.current++
	p.epochs[p.current%uint8(len(p.epochs))] = epoch{id: p.current, rate: float64(p.limit.Limit()), began: now}
}

// glance compares, one round trip after an epoch, the share of its questions
// that were answered at once with that of slower epochs. The shuffle makes that
// share the same for all; but the numbers are small, so only a collapse counts.
func (p *pacer) glance(e *epoch, now time.Duration) {
	e.glanced = true
	if p.jammed.first > 0 {
		return
	}
	if p.seen.asked > 0 && (p.trips == 0 || p.seen.first >= enoughAnswers) && e.first/e.asked < 0.6*p.seen.first/p.seen.asked && differ(e.first, e.asked, p.seen.first, p.seen.asked) {
		p.slow(now, max(e.rate/4, p.trusted.rate))
	} else {
		p.seen.asked += e.asked
		p.seen.first += e.first
	}
}

// judge compares, when also second tries have been answered, how many of an
// epoch's answers came by the first try with what slower epochs had. That is
// the loss itself, whatever share of the questions can be answered at all.
func (p *pacer) judge(e *epoch, now time.Duration) {
	e.judged = true
	e.plain, e.first, e.later = e.first, e.first+e.told, e.later+e.controls-e.told
	e.controls, e.told = 0, 0
	t := &p.trusted
	switch {
	case e.first+e.later == 0:
	case p.jammed.first > 0:
		p.descend(e, now)
	case t.first == 0 || e.kept() >= lossMatters*t.kept() || !differ(e.first, e.first+e.later, t.first, t.first+t.later):
		// Old epochs fade, so that the trusted ones follow a path that changes.
		t.first, t.later = t.first*0.9+e.first, t.later*0.9+e.later
		t.rate = max(t.rate, e.rate)
	case e.rate*e.kept() > 1.1*t.rate*t.kept():
		// More came through than at the trusted rate, so that is below what the
		// path carries, and the loss says how far this one is above.
		p.slow(now, e.rate*max(e.kept()/t.kept(), 0.5)*0.95)
	default:
		// As much came through at the trusted rate: that was too fast as well.
		p.jammed = *e
		p.slow(now, min(t.rate, e.rate)/2)
	}
}

// descend looks for a rate below the jam: where fewer packets bring fewer
// answers, the path carries them all.
func (p *pacer) descend(e *epoch, now time.Duration) {
	j := &p.jammed
	if e.rate*e.kept() >= 0.85*j.rate*j.kept() && e.kept() < 0.95 {
		*j = *e
		p.slow(now, e.rate/2)
		return
	}
	p.trusted, p.seen = *e, epoch{}
	carried := j.rate * j.kept() / e.kept()
	*j = epoch{}
	p.slow(now, max(e.rate, carried*0.95))
}

// slow goes on at rate r, and carefully from now on. Epochs whose answers are
// still out say nothing about it.
func (p *pacer) slow(now time.Duration, r float64) {
	r = max(r, min(p.t.Start, slowest))
	p.rate, p.pushed = r, 0
	p.limitRate, p.limitUntil = r, now+limitMemory
	p.settled = true
	p.cautious = now + 5*p.rtt
	for i := range p.epochs {
		p.epochs[i].judged = true
	}
	p.begin(now)
}

// kept is the share of answers that the first try brought.
func (e *epoch) kept() float64 { return e.first / (e.first + e.later) }

// differ tells whether two shares a of n differ by more than chance (a test of
// two proportions).
func differ(a1, n1, a2, n2 float64) bool {
	both := (a1 + a2) / (n1 + n2)
	deviation := math.Sqrt(both * (1 - both) * (1/n1 + 1/n2))
	return math.Abs(a1/n1-a2/n2) > lossCertain*deviation
}
