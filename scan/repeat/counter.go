package repeat

import (
	"slices"
	"sort"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// counter counts what becomes of the questions of one plan.
type counter struct {
	scan.NoWatcher
	config    *Config
	plan      *scan.Plan
	questions []counted // by place within a round
	// early are answers that were told of before the result of their repetition, by
	// its number.
	early map[uint64]uint32
}

// counted is a question under way.
type counted struct {
	Question
	rank     int8 // of what Result says; 0: nothing yet
	silent   uint32
	errors   uint32 // how many of Times are of ICMP errors by others; all or none
	spoofed  bool   // and so would be answers, which go elsewhere
	unproven uint32
	decided  bitset // by repetition
	answered bitset // likewise: in time, or late
	latest   uint32 // the highest repetition that was answered in time, and when
	latestAt time.Duration
	slow     []slow
}

// slow is a SYN-ACK that may be to an earlier packet of the target's, or the kernel's, see
// scan.LateAfter. Whether it was late is known when the quickest answer is.
type slow struct {
	rtt time.Duration
	as  int // index in Answers
}

func newCounter(c *Config, p *scan.Plan) *counter {
	return &counter{config: c, plan: p, questions: make([]counted, p.Len()/uint64(p.Reps)), early: map[uint64]uint32{}}
}

func (r *counter) question(number uint64) *counted {
	return &r.questions[number%uint64(len(r.questions))]
}

// Later implements scan.Watcher: it takes an answer to a repetition that is decided,
// though its result may be told of later.
func (r *counter) Later(p probe.Probe, reply *probe.Reply) {
	number, ok := r.plan.Index(p)
	if !ok {
		return
	}
	q := r.question(number)
	if reply.Event != probe.Answer && reply.Event != probe.ICMPError { // our own kernel gives up
		res := scan.Result{Number: number, Probe: p, Reply: *reply, RTT: -1, Tries: 1}
		res.Verdict = r.config.Kind.Classify(p, reply)
		q.consider(&res, rankSilent)
		return
	}
	if !q.decided.has(p.Rep) {
		r.early[number]++
		return
	}
	if !q.answered.has(p.Rep) {
		// Too late to be counted as an answer, but what it proves it proves.
		res := scan.Result{Number: number, Probe: p, Reply: *reply, RTT: -1, Tries: 1}
		res.Verdict = r.config.Kind.Classify(p, reply)
		q.consider(&res, rankLate)
	}
	q.further(p.Rep, 1)
}

// further counts n more answers to a repetition that is decided: the first of one that
// was silent is late.
func (q *counted) further(rep, n uint32) {
	if n > 0 && !q.answered.has(rep) {
		q.answered.set(rep)
		q.Late++
		n--
	}
	q.Duplicates += n
}

// hear takes the result of one repetition.
func (r *counter) hear(res *scan.Result) {
	if r.config.Each != nil {
		r.config.Each(res)
	}
	q, rep := r.question(res.Number), res.Probe.Rep
	q.decided.set(rep)
	switch e := res.Reply.Event; {
	case e == probe.Deadline:
		q.GaveUp = true
		q.consider(res, rankGivenUp)
	case e == probe.LocalError || res.Tries == 0: // nothing left this machine
		q.Unsent++
		q.consider(res, rankLocal)
	case e == probe.Silence || e == probe.Unseen:
		q.Sent++
		q.silent++
		q.spoofed = e == probe.Unseen
		q.unproven += uint32(res.Reply.Unproven)
	case e == probe.NoNeighbour:
		q.Sent++
		q.consider(res, rankSilent)
	default:
		q.Sent++
		q.answer(res)
	}
	if n := r.early[res.Number]; n > 0 {
		delete(r.early, res.Number)
		q.further(rep, n)
	}
}

// answer takes a result that somebody's answer decided.
func (q *counted) answer(res *scan.Result) {
	rep, reply := res.Probe.Rep, &res.Reply
	q.answered.set(rep)
	if q.latestAt > reply.At && rep > q.latest || rep < q.latest && reply.At > q.latestAt {
		q.Reordered++
	}
	if q.Answered+uint32(len(q.slow)) == 0 || rep > q.latest {
		q.latest, q.latestAt = rep, reply.At
	}
	q.consider(res, rankOf(res))
	as := q.sort(res)
	if reply.Event == probe.Answer && res.RTT >= scan.LateAfter && res.Verdict.Reason == probe.SynAck {
		q.slow = append(q.slow, slow{res.RTT, as})
		return
	}
	q.Answered++
	q.Answers[as].N++
	q.time(res.RTT, reply.Event == probe.ICMPError && reply.Who != probe.Target)
}

// time adds a round trip. Errors of others than the target count only as long as
// there is nothing else.
func (q *counted) time(d time.Duration, others bool) {
	switch {
	case d < 0 || others && q.Times.N > q.errors:
		return
	case others:
		q.errors++
	case q.errors > 0:
		q.Times, q.errors = Times{}, 0
	}
	q.Times.Add(d)
}

// sort is the index in Answers of what res says.
func (q *counted) sort(res *scan.Result) int {
	sort := Answers{Verdict: res.Verdict, From: res.Reply.From, Weak: res.Reply.Weak}
	for i := range q.Answers {
		if a := &q.Answers[i]; a.Verdict == sort.Verdict && a.From == sort.From && a.Weak == sort.Weak {
			return i
		}
	}
	if len(q.Answers) == mostSorts { // who answers from ever new addresses
		last := &q.Answers[mostSorts-1]
		last.From = res.Probe.Target.WithZone("").Unmap()
		return mostSorts - 1
	}
	q.Answers = append(q.Answers, sort)
	return len(q.Answers) - 1
}

// mostSorts is how many sorts of answers are told apart.
const mostSorts = 16

// How much results say, from nothing at all: the question's state is that of the one
// that says most, and of several the first.
const (
	rankGivenUp = iota + 1
	rankLocal
	rankSilent
	rankError // of somebody on the way
	rankWeak
	rankLate
	rankAnswer // of the target itself
	rankOpen   // which an answer that says otherwise does not take back
)

func rankOf(res *scan.Result) int8 {
	switch {
	case res.Reply.Weak:
		return rankWeak
	case res.Reply.Event == probe.ICMPError && res.Reply.Who != probe.Target:
		return rankError
	case res.Verdict.State == probe.Open:
		return rankOpen
	}
	return rankAnswer
}

// consider keeps res if it says more than what there was.
func (q *counted) consider(res *scan.Result, rank int8) {
	if rank > q.rank {
		q.rank, q.Result = rank, *res
	}
}

// any tells whether anything is known.
func (q *counted) any() bool { return q.rank > 0 || q.Sent > 0 }

// finish decides what can only be told when all is known. p is any repetition.
func (q *counted) finish(kind probe.Kind, p probe.Probe) {
	quickest := q.Times.Min
	for i, s := range q.slow {
		if quickest = min(quickest, s.rtt); q.Times.N == 0 && i == 0 {
			quickest = s.rtt
		}
	}
	for _, s := range q.slow {
		if s.rtt >= quickest+scan.LateAfter {
			q.Late++
			continue
		}
		q.Answered++
		q.Answers[s.as].N++
		q.time(s.rtt, false)
	}
	q.Answers = slices.DeleteFunc(q.Answers, func(a Answers) bool { return a.N == 0 })
	sort.SliceStable(q.Answers, func(i, j int) bool { return q.Answers[i].N > q.Answers[j].N })
	if q.silent > 0 && q.rank < rankSilent {
		event := probe.Silence
		if q.spoofed {
			event = probe.Unseen
		}
		q.Result = scan.Result{Probe: p, RTT: -1, Tries: 1, Reply: probe.Reply{Event: event}}
		q.Result.Verdict = kind.Classify(p, &q.Result.Reply)
	}
	if q.Result.Reply.Event == probe.Silence {
		q.Result.Reply.Unproven = uint16(min(q.unproven, 1<<16-1))
	}
}

// bitset is a set of repetitions.
type bitset []uint64

func (b bitset) has(i uint32) bool { return int(i/64) < len(b) && b[i/64]>>(i%64)&1 != 0 }

func (b *bitset) set(i uint32) {
	for int(i/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}
