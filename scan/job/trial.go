package job

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/trial"
)

// mostTrials is how many packets one run of trials may send: of each it is kept what
// became of it.
const mostTrials = 4_000_000

// trialApart is between two packets of a trial to one target, where the user does not
// say: few enough a second that no usual limit is the cause of what is lost.
const (
	trialApart    = 20 * time.Millisecond
	trialInterval = 100 * time.Millisecond
)

// blocks is how often each variant is sent.
func (s *Spec) blocks() uint32 {
	n := usualBlocks
	if s.Trial.UntilSure {
		n = surelyBlocks
	}
	return uint32(value(s.Pace.Count, n))
}

// Rounds is how often every question is asked, at most; 0: until it is decided.
func (s *Spec) Rounds() uint64 {
	if s.Command == "trial" {
		return uint64(s.blocks())
	}
	return uint64(s.times())
}

// trials is a run of trials under way.
type trials struct {
	*job
	variants *variants
	interval time.Duration // between two blocks

	mu   sync.Mutex
	each []*tried // by target
	stop bool     // every target is settled
}

// tried is what is known of one target.
type tried struct {
	addr     netip.Addr
	design   *trial.Design
	obs      []trial.Observation
	unsent   []uint32 // by variant
	blocks   map[int][]trial.Observation
	waiting  map[int]int     // packets of a block that are still to be decided
	sequence *trial.Sequence // nil: without --until-sure
	verdict  *trial.Verdict  // of the sequence, when it is settled
	reason   probe.Reason    // why some packets did not leave
	errno    uint16
	flows    *report.Flows
	place    *report.Place
}

// trial composes the question which property of the packet makes the difference.
func (j *job) trial() (*composition, error) {
	v := j.asked.variants
	for i := range v.list {
		v.list[i].fill(j.scan.Seed)
	}
	t := &trials{job: j, variants: v}
	all := j.targets.All
	t.spread()
	for i := range all.Len() {
		t.each = append(t.each, t.try(all.At(i)))
	}
	j.scan.Probes, j.scan.Addresses = uint64(len(v.list))*uint64(j.spec.blocks())*all.Len(), all.Len()
	j.scan.Trials = &report.Trials{Proto: j.asked.proto, Port: j.asked.port, Blocks: j.spec.blocks(), Interval: t.interval}
	for _, f := range v.design.Factors {
		one := report.Factor{Name: f.Name}
		for _, value := range f.Values {
			one.Values = append(one.Values, value.Text)
		}
		j.scan.Trials.Factors = append(j.scan.Trials.Factors, one)
	}
	c := &composition{yes: probe.Up, body: t.run}
	for _, s := range j.strands {
		config := t.sends()
		config.Blocks = 1
		c.plans = append(c.plans, config.Plan(j.strandBase(s)))
	}
	return c, nil
}

// try is a target of which nothing is known yet.
func (t *trials) try(a netip.Addr) *tried {
	d := &tried{addr: a, design: t.variants.family(!a.Is4()), unsent: make([]uint32, len(t.variants.list)), waiting: map[int]int{}}
	if t.spec.Trial.UntilSure {
		d.sequence, d.blocks = trial.NewSequence(d.design, trial.Options{}), map[int][]trial.Observation{}
	}
	return d
}

// spread decides how far blocks are apart.
func (t *trials) spread() {
	s, n := t.spec, len(t.variants.list)
	blocks := s.blocks()
	fixed := 0 // variants with a source port of their own that stays the same
	for _, one := range t.strands {
		if one.port != 0 {
			fixed++
		}
	}
	least := time.Duration(fixed) * 2 * scan.Retransmission
	if given := s.Pace.Interval; given != nil {
		t.interval = max(time.Duration(*given), least)
		if t.interval > time.Duration(*given) {
			t.note(fmt.Sprintf("--vary sport: packets from the same port leave %v apart, or a target that still waits for the first would swallow the second; so a block takes %v", 2*scan.Retransmission, t.interval))
		}
	} else {
		t.interval = max(trialInterval, time.Duration(n)*trialApart, least)
	}
	rounds := scan.RoundPorts(t.network.Ports, t.asked.kind) / n
	rest := scan.PortRest(t.asked.kind)
	if rounds == 0 || fixed == n || s.Trial.UntilSure || uint32(rounds) >= blocks || time.Duration(rounds)*t.interval >= rest {
		return
	}
	if s.Pace.Interval == nil {
		t.interval = (rest / time.Duration(rounds)).Round(time.Millisecond) + time.Millisecond
		return
	}
	t.note(fmt.Sprintf("-c %d: every packet has a source port of its own, of which there are %d for %d blocks, and each rests for %v before it is used again: the run waits for them",
		blocks, scan.RoundPorts(t.network.Ports, t.asked.kind), rounds, rest))
}

// sends is what each strand sends of its variants.
func (t *trials) sends() trial.Config {
	return trial.Config{Targets: t.targets.All, Kind: t.asked.kind, Port: t.asked.port, Blocks: t.spec.blocks(), Interval: t.interval}
}

// run carries the trials out.
func (t *trials) run(ctx context.Context) error {
	return t.serveStrands(func() error {
		t.stage.Store(new("asking the same flows again and again"))
		if err := t.askFlows(ctx); err != nil {
			return err
		}
		t.stage.Store(nil)
		err := t.eachStrand(func(s *strand) error { return t.send(ctx, s) })
		if err == nil {
			t.stage.Store(new("looking for the hop where the difference begins"))
			err = t.locate(ctx)
		}
		t.tell(ctx)
		return err
	})
}

// send sends the variants of one strand, block by block.
func (t *trials) send(ctx context.Context, s *strand) error {
	if s.port != 0 { // not at the same time as the others that leave from it
		t.engine.Wait(ctx, time.Duration(slices.Index(t.strands, s))*2*scan.Retransmission, nil)
	}
	stats, err := trial.Run(ctx, s.engine, t.strandBase(s), t.sends(), func(told *trial.Told) bool {
		told.Variant = s.variants[told.Variant]
		return t.hear(told)
	})
	t.addStats(stats)
	return err
}

// hear takes what became of one packet, and tells whether more are wanted.
func (t *trials) hear(told *trial.Told) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop {
		return false
	}
	n, _ := t.targets.All.Index(told.Target)
	d := t.each[n]
	if told.Sent {
		d.obs = append(d.obs, told.Observation)
	} else {
		d.unsent[told.Variant]++
		d.reason, d.errno = told.Why, told.Errno
	}
	if d.sequence == nil || d.verdict != nil {
		return true
	}
	if told.Sent {
		d.blocks[told.Block] = append(d.blocks[told.Block], told.Observation)
	}
	if d.waiting[told.Block]++; d.waiting[told.Block] < len(t.variants.list) {
		return true
	}
	if v, settled := d.sequence.Add(d.blocks[told.Block]); settled {
		d.verdict = v
	}
	delete(d.blocks, told.Block)
	delete(d.waiting, told.Block)
	t.stop = !slices.ContainsFunc(t.each, func(d *tried) bool { return d.verdict == nil })
	return !t.stop
}

// judge says what the trials with a target come to.
func (d *tried) judge() *trial.Verdict {
	switch {
	case d.verdict != nil:
		return d.verdict
	case d.sequence != nil:
		d.verdict = d.sequence.Finish()
	default:
		d.verdict = trial.Judge(d.design, d.obs)
	}
	return d.verdict
}

// tell puts the records, and counts what they mean for the exit code.
func (t *trials) tell(ctx context.Context) {
	var all []trial.Observation
	blocks := 0
	for _, d := range t.each {
		v := d.judge()
		for i := range v.Rates {
			t.put(ctx, t.rate(d, &v.Rates[i]))
		}
		t.conclude(ctx, d.addr, v, d)
		t.count(v, d)
		for _, o := range d.obs {
			o.Block += blocks
			all = append(all, o)
		}
		blocks += int(t.spec.blocks())
	}
	if len(t.each) > 1 {
		t.conclude(ctx, netip.Addr{}, trial.Judge(t.each[0].design, all), &tried{obs: all})
	}
}

// count adds what a target says to what the exit code is decided by.
func (t *trials) count(v *trial.Verdict, d *tried) {
	t.job.mu.Lock()
	defer t.job.mu.Unlock()
	s := &t.outcome.Score
	switch {
	case len(d.obs) == 0 && d.reason == probe.ReasonLocalError:
		s.Unasked++
	case v.Result == trial.Named:
		s.Yes++
		s.Answer = "named"
	case v.Result == trial.Nothing:
		s.No++
		s.Denied = "no difference"
	default:
		s.Silent++
		if v.Result == trial.TooFew {
			s.Unanswered = "too few"
		}
	}
}

// rate is the record of one variant.
func (t *trials) rate(d *tried, r *trial.Rate) *report.Trial {
	one := &report.Trial{Addr: d.addr, Proto: t.asked.kind.Proto(), Port: t.asked.port, Variant: t.variants.design.Name(r.Variant),
		Sent: uint32(r.Sent), Answered: uint32(r.Answered), Low: report.Rate(r.Low), High: report.Rate(r.High),
		Min: report.RTT(r.Min), Median: report.RTT(r.Median), P95: report.RTT(r.P95), Unsent: d.unsent[r.Variant]}
	for kind, n := range r.Kinds {
		one.Kinds = append(one.Kinds, report.KindCount{Kind: kind, N: uint32(n)})
	}
	slices.SortFunc(one.Kinds, func(a, b report.KindCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Kind, b.Kind))
	})
	return one
}

// conclude puts what the trials come to.
func (t *trials) conclude(ctx context.Context, a netip.Addr, v *trial.Verdict, d *tried) {
	for i := range v.Effects {
		e := &v.Effects[i]
		t.put(ctx, &report.Effect{Addr: a, Properties: words(e.Terms), Kind: e.Kind, With: report.Rate(e.With), Without: report.Rate(e.Without),
			Low: report.Rate(e.Low), High: report.Rate(e.High), P: report.P(e.P), Alike: texts(e.Alike), Rivals: texts(e.Rivals)})
	}
	blocks := map[int]bool{}
	for _, o := range d.obs {
		blocks[o.Block] = true
	}
	t.put(ctx, &report.Conclusion{Addr: a, Result: v.Result.String(), Bound: report.Rate(v.Bound), Rest: bounded(v.Rest), Untold: texts(v.Untold),
		More: uint32(v.More), Blocks: uint32(len(blocks)), Reason: d.reason, Errno: d.errno, Flows: d.flows, Place: d.place})
}

// words are the texts of terms.
func words(terms []trial.Term) (list []string) {
	for _, t := range terms {
		list = append(list, t.Text)
	}
	return list
}

// texts are the same of properties, each of which is one term or two.
func texts(properties [][]trial.Term) (list []string) {
	for _, p := range properties {
		list = append(list, strings.Join(words(p), " with "))
	}
	return list
}

// bounded are the properties that are not named.
func bounded(rest []trial.Bounded) (list []report.Bounded) {
	for _, b := range rest {
		list = append(list, report.Bounded{Property: strings.Join(words(b.Terms), " with "), Bound: report.Rate(b.Bound)})
	}
	return list
}

// underWay is what a trial does beside its blocks.
func (j *job) underWay() string {
	if s := j.stage.Load(); s != nil {
		return *s
	}
	return ""
}
