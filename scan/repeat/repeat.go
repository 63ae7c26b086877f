package repeat

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// Config is what to ask, and how often.
type Config struct {
	Targets  scan.Targets
	Kind     probe.Kind
	Ports    []uint16 // one port 0 for kinds that have none
	Times    uint32   // of every question
	Interval time.Duration
	// Each is told every repetition when it is decided; may be nil.
	Each func(r *scan.Result)
	// Done is told what became of every question to a host, by port, host by host. What
	// was not asked at all is left out.
	Done func(questions []Question)
}

// Question is what became of one question.
type Question struct {
	Result   scan.Result // the repetition that decided its state, or the silence of all
	Sent     uint32      // repetitions whose wait is over
	Answered uint32      // of these, in time
	Unsent   uint32      // this machine could not ask
	GaveUp   bool        // there were to be more, but time was up

	Late       uint32 // answers after the wait, one for each repetition
	Duplicates uint32 // further answers to a repetition
	Reordered  uint32 // answers in time that a later repetition's answer had overtaken
	// Times are those of answers of the target itself; where there are only ICMP errors
	// of others, of these.
	Times   Times
	Answers []Answers // the answers in time, by what they say, the most frequent first
}

// Answers are those of one sort.
type Answers struct {
	Verdict probe.Verdict
	From    netip.Addr
	Weak    bool
	N       uint32
}

// groupSize is of how many questions, at most, all repetitions are asked before the next
// questions: so many are held at a time. Where each is asked more than 256 times, it is
// less.
const groupSize = 1 << 14

// Plan asks all questions of c in rounds. base has what all plans have in common.
func (c *Config) Plan(base scan.Plan) scan.Plan {
	p := base
	p.Targets, p.Kinds, p.Asks = c.Targets, []probe.Kind{c.Kind}, nil
	for _, port := range c.Ports {
		p.Asks = append(p.Asks, scan.Ask{Port: port})
	}
	p.Reps, p.Interval = c.Times, c.Interval
	p.Settle, p.Order = scan.SettleNever, scan.InRounds
	return p
}

// Run asks every question c.Times times, and returns when all is decided or ctx ends.
func Run(ctx context.Context, e *scan.Engine, base scan.Plan, c Config) (scan.Stats, error) {
	total := scan.NoStats()
	hosts := max(1, groupSize/uint64(len(c.Ports))/max(1, uint64(c.Times)/256))
	all := c.Targets
	for first := uint64(0); first < all.Len() && ctx.Err() == nil; first += hosts {
		c.Targets = part{all, first, min(hosts, all.Len()-first)}
		stats, err := c.run(ctx, e, base)
		total = total.Then(stats)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// run asks one group of hosts.
func (c *Config) run(ctx context.Context, e *scan.Engine, base scan.Plan) (scan.Stats, error) {
	p := c.Plan(base)
	if err := p.Compile(); err != nil {
		return scan.NoStats(), err
	}
	if p.Len() == 0 { // a shard with nothing of this group
		return scan.NoStats(), nil
	}
	r := newCounter(c, &p)
	p.Watcher = r
	stats, err := e.Run(ctx, &p, r.hear)
	stats.Loss, stats.ExpectedMissed = -1, -1 // every question has its own
	r.tell()
	return stats, err
}

// part is a stretch of targets.
type part struct {
	all      scan.Targets
	first, n uint64
}

func (p part) Len() uint64            { return p.n }
func (p part) At(i uint64) netip.Addr { return p.all.At(p.first + i) }
func (p part) Index(a netip.Addr) (uint64, bool) {
	i, ok := p.all.Index(a)
	return i - p.first, ok && i >= p.first && i-p.first < p.n
}

// tell hands out what became of the questions, host by host.
func (r *counter) tell() {
	asked := r.questions[:0]
	for i := range r.questions {
		if q := &r.questions[i]; q.any() {
			q.finish(r.config.Kind, r.plan.At(uint64(i)))
			asked = append(asked, *q)
		}
	}
	slices.SortFunc(asked, func(a, b counted) int {
		x, y := &a.Result.Probe, &b.Result.Probe
		return cmp.Or(x.Target.Compare(y.Target), cmp.Compare(x.Port, y.Port))
	})
	var host []Question
	for i := range asked {
		host = append(host, asked[i].Question)
		if i+1 == len(asked) || asked[i+1].Result.Probe.Target != asked[i].Result.Probe.Target {
			r.config.Done(host)
			host = host[:0]
		}
	}
}
