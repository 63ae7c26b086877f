package job

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/checkpoint"
	"sonde/scan/network"
	"sonde/scan/report"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

const millisecond = time.Millisecond

// job is one run: where it asks, where its records go, and what they add up to.
type job struct {
	env      *Env
	spec     *Spec
	asked    *question
	targets  *target.Result
	network  *network.Network
	engine   *scan.Engine
	tap      scan.Tap  // of all links; nil: nobody looks
	strands  []*strand // of a trial: the first is by network and engine; else nil
	names    *names
	kept     *resumption   // nil: without --resume
	expected *expectations // nil: without --expect-file
	local    *local        // nil: without --local
	then     *handing      // nil: without --then
	turns    *turns        // in which hosts are told of; nil: as they are whole
	wayless  *target.Set   // of the swept ranges, to which there is no way
	out      report.Sink

	neighbours neighbours // hardware addresses that were heard

	mu      sync.Mutex // records come from several plans
	scan    report.Scan
	outcome Outcome

	held  bool                   // what --wait-for waits for has come
	round atomic.Int32           // of --wait-for, from 1
	stage atomic.Pointer[string] // of a trial, beside its blocks; nil: none
}

// composition is what a command makes of its job: what it asks, and how it does
// that when the engine runs.
type composition struct {
	plans []scan.Plan  // whose packets a preview shows
	parts []sweep.Part // that are swept first, or alone
	ways  string       // by which ports are asked, for a checkpoint; "": none are
	facts []checkpoint.Fact
	yes   probe.State // the answer to the command's question
	body  func(ctx context.Context) error
}

// Run carries out s. It puts what it finds into out, *report.Scan first and
// *report.End last, and returns what all of it came to. An error means that
// nothing was asked, and nothing put; it is an *Error. What goes wrong later is
// told to env.Warn, and is in the Outcome. When ctx ends, what is known is put;
// its cause says why (ErrInterrupted, ErrTerminated, ErrQuit).
func Run(ctx context.Context, env *Env, s *Spec, out report.Sink) (Outcome, error) {
	ctx, stop := s.until(ctx)
	defer stop()
	if s.Ask.List {
		return list(ctx, env, s, out)
	}
	j, c, err := prepareUntil(ctx, env, s)
	if err != nil {
		return Outcome{}, err
	}
	if s.WaitFor != "" {
		j.slows()
		c.body = j.again(c.body)
	}
	if err := j.keep(c); err != nil {
		j.close()
		return Outcome{}, err
	}
	j.out = out
	return j.run(ctx, c)
}

// prepare opens the network, and composes what is asked.
func prepare(ctx context.Context, env *Env, s *Spec) (*job, *composition, error) {
	j, err := open(ctx, env, s)
	if err != nil {
		return nil, nil, err
	}
	var c *composition
	switch s.Command {
	case "sweep":
		c, err = j.sweep()
	case "trace":
		c, err = j.trace()
	case "trial":
		c, err = j.trial()
	default:
		c, err = j.ports()
	}
	if err != nil {
		j.close()
		return nil, nil, err
	}
	return j, c, nil
}

// open resolves names and opens everything that can fail before the first packet.
func open(ctx context.Context, env *Env, s *Spec) (*job, error) {
	q, err := s.read()
	if err != nil {
		return nil, err
	}
	t, l, err := resolve(ctx, env, s)
	if err != nil {
		return nil, err
	}
	if err := s.checkSize(q, t); err != nil {
		return nil, err
	}
	note, err := q.checkProof(s, t)
	if err == nil && q.variants != nil {
		if err = q.variants.checkTargets(t); err == nil {
			note, err = q.variants.checkProof(t)
		}
	}
	if err != nil {
		return nil, err
	}
	j := &job{env: env, spec: s, asked: q, targets: t, local: l,
		names: &names{resolver: env.Resolver, note: env.warn, reverse: s.Show.Resolve, named: s.Show.Verbose}}
	j.outcome.Stats, j.outcome.Score.Want, j.outcome.Unresolved = scan.NoStats(), q.want, len(t.Unresolved) > 0
	if err := j.expect(ctx); err != nil {
		return nil, err
	}
	if s.Part.Resume != "" {
		if j.kept, err = openResumption(s, env); err != nil {
			return nil, err
		}
	}
	if q.variants != nil {
		if j.strands, err = q.variants.strands(); err != nil {
			return nil, err
		}
	}
	if j.network, err = env.Open(j.request()); err != nil {
		j.kept.letGo()
		return nil, Local(err)
	}
	j.describe()
	q.fill(s, j.scan.Seed)
	err = j.checkTransport()
	if err == nil && j.strands != nil {
		err = j.openStrands()
	}
	if err != nil {
		j.close()
		return nil, err
	}
	notes := j.network.Notes
	for _, s := range j.strands {
		notes = append(slices.Clip(notes), s.network.Notes...)
	}
	notes = slices.Concat(notes, t.Notes)
	if note != "" {
		notes = append([]string{note}, notes...)
	}
	for i, text := range notes {
		if !slices.Contains(notes[:i], text) { // as links of one trial have the same
			j.note(text)
		}
	}
	if err := j.findWayless(); err != nil {
		j.close()
		return nil, Local(err)
	}
	return j, nil
}

// request says what is needed of the network.
func (j *job) request() *network.Request {
	s, q, t := j.spec, j.asked, j.targets
	if j.strands != nil {
		return j.strandRequest(j.strands[0])
	}
	r := &network.Request{Targets: t.All, Iface: s.Way.Iface, Source: q.source, Via: q.via, Port: uint16(value(s.Packet.SourcePort, 0)),
		TTL: uint8(value(s.Packet.TTL, 0)), TOS: q.tos(), Proto: q.proto, Pinged: q.pings != nil && s.Command == "sweep",
		Guard: s.Way.Guard && !s.Show.DryRun, Frames: q.byFrames(t)}
	q.requestBulk(s, r)
	switch s.Command {
	case "sweep":
		r.Sweeps, r.Probes = true, t.All.Len()*uint64(max(1, len(q.pings)))
		j.local.request(r)
	case "trace":
	default:
		r.Stray = q.stray()
		r.Probes = uint64(len(q.ports)+len(q.udp)) * t.All.Len()
		r.Sweeps = len(q.udp) > 0 || !s.Ask.noPing() && (t.Swept.Len() > 0 || q.pings != nil)
	}
	return r
}

// describe fills in what the first record says of every run.
func (j *job) describe() {
	s := j.spec
	j.scan = report.Scan{Version: j.env.Version, Command: s.Command, Args: s.Args, Defaults: s.Defaults, Time: report.Time(j.network.Start),
		NoPing: s.Ask.noPing(), Addresses: j.targets.All.Len(), Shard: s.Part.Shard.Number, Shards: s.Part.Shard.Of}
	j.scan.Methods = j.methods()
	if src := j.asked.source; src.IsValid() && !j.network.Routes.Local(src) {
		j.scan.Source = src
	}
	switch {
	case s.Part.Seed != nil:
		j.scan.Seed = *s.Part.Seed
	case j.kept != nil && j.kept.going:
		j.scan.Seed, _ = strconv.ParseUint(j.kept.Fact("--seed"), 10, 64) // if it is none, it is another job's
	default:
		var b [8]byte
		rand.Read(b[:])
		j.scan.Seed = binary.NativeEndian.Uint64(b[:]) >> 11
	}
}

// note tells, beside the records and in the first of them, what one must know to
// read the result.
func (j *job) note(text string) {
	j.scan.Notes = append(j.scan.Notes, text)
	j.env.Tell(text)
}

// guarded says what --rst-guard does while the run lasts, or would do.
func (j *job) guarded() {
	if !j.spec.Way.Guard {
		return
	}
	block := j.network.Ports
	ports := fmt.Sprintf("TCP ports %d-%d", block.First, block.First+block.N-1)
	if block.N == 1 {
		ports = fmt.Sprintf("TCP port %d", block.First)
	}
	does := "until this run ends"
	if j.spec.Show.DryRun {
		does = "while a run lasts"
	}
	j.note(fmt.Sprintf("--rst-guard: %s, no RST without ACK leaves this machine from %s (a table of nftables)", does, ports))
}

// close lets go of what was opened, without a result.
func (j *job) close() {
	j.kept.letGo()
	if j.network.Link != nil {
		j.network.Link.Close()
	}
	if j.network.Sockets != nil {
		j.network.Sockets.Close()
	}
	j.closeStrands()
	j.network.Close()
}

// base is what all plans of the job have in common.
func (j *job) base() scan.Plan {
	c := &j.asked.crafts
	return scan.Plan{Craft: c[:1], Craft6: c[1:], Seed: j.scan.Seed, Source: j.scan.Source,
		SourcePort:  uint16(value(j.spec.Packet.SourcePort, 0)),
		HostTimeout: time.Duration(value(j.spec.Pace.HostTimeout, 0)), Sockets: !j.network.Raw()}
}

// pingBase is what plans of pings have in common. Before a port scan they are what they
// are without it, but for what routers look at.
func (j *job) pingBase() scan.Plan {
	b := j.base()
	if j.spec.Command != "sweep" {
		b.Craft, b.Craft6 = []probe.Craft{b.Craft[0].WithoutSegment()}, []probe.Craft{b.Craft6[0].WithoutSegment()}
	}
	return b
}

// put hands a record to the sink, and counts it; with names, where they are
// wanted: then when they are known.
func (j *job) put(ctx context.Context, r report.Record) { j.putThen(ctx, r, func() {}) }

// putThen is put, and calls then when the sink has the record.
func (j *job) putThen(ctx context.Context, r report.Record, then func()) {
	done := func() {
		defer j.kept.together()()
		j.record(r)
		then()
	}
	if !j.names.complete(ctx, r, done) {
		done()
	}
}

// record hands a record to the sink at once.
func (j *job) record(r report.Record) {
	j.mu.Lock()
	j.outcome.Tally.Add(r)
	j.expected.see(r)
	out := j.out
	j.mu.Unlock()
	out.Put(r)
	if _, later := out.(*heldBack); !later {
		j.then.see(r)
	}
}

// addStats adds the counts of a plan that is over.
func (j *job) addStats(s scan.Stats) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.outcome.Stats = j.outcome.Stats.Plus(s)
}

// run carries out a composition on an engine, and puts the first and the last
// record.
func (j *job) run(ctx context.Context, c *composition) (Outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if d := j.spec.Pace.Deadline; d != nil {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, time.Duration(*d))
		defer stop()
	}
	tap, untap, err := j.begin(ctx, cancel)
	if err != nil {
		j.close()
		return Outcome{}, err
	}
	first := j.scan
	j.out.Put(&first)
	finished := make(chan struct{})
	var wg sync.WaitGroup
	j.tap = tap
	began := time.Now()
	err = scan.Serve(j.config(j.network, tap), func(e *scan.Engine) error {
		j.engine = e
		if j.env.Watch != nil {
			wg.Go(func() {
				j.env.Watch(finished, &Running{
					Command:  j.spec.Command,
					Progress: e.Progress,
					Round:    func() int { return int(j.round.Load()) },
					Stage:    j.underWay,
					Stop:     cancel,
				})
			})
		}
		var err error
		if !j.outcome.Idle {
			err = c.body(ctx)
		}
		cut := func() {
			if ctx.Err() != nil && !j.held {
				j.outcome.Cut = context.Cause(ctx)
			}
		}
		cut()
		j.names.wait()
		j.turns.close()
		if j.then != nil {
			err = errors.Join(err, j.then.finish(ctx))
			cut() // what runs commands may take long
		}
		return err
	})
	close(finished)
	wg.Wait()
	if j.outcome.Unwatched = j.unwatched(); j.outcome.Unwatched != nil { // since some moment of the run
		j.env.Tell(network.Blind(j.outcome.Unwatched))
	}
	j.network.Close()
	j.outcome.Stats.Elapsed = time.Since(began)
	j.neighbours.report(func(f *report.Finding) { j.record(f) })
	for _, r := range j.kept.heldBack() { // of a host that was never told of
		j.record(r)
	}
	j.expected.judge(&j.outcome.Score, j.out.Put)
	j.out.Put(j.outcome.Conclude(j.env, errors.Join(err, untap(), j.kept.finish())))
	return j.outcome, nil
}

// config is what an engine works with on a network.
func (j *job) config(n *network.Network, tap scan.Tap) scan.Config {
	return scan.Config{Link: n.Link, Sockets: n.Sockets, Routes: n.Routes, Start: n.Start, Timing: j.spec.Pace.timing(),
		Ports: n.Ports, Senders: n.Senders, Neighbours: n.Neighbours, Resolve: n.Resolve, Unresolved: n.Unresolved, Lost: n.Lost, Changing: n.Changing, Tap: tap,
		GuardsRST: n.GuardsRST, Neighbour: j.neighbours.hear}
}
