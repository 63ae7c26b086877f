package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/scan"
	"sonde/scan/target"
)

// job is one run of sweep, tcp or udp: where it asks, where its records go and
// what they add up to.
type job struct {
	app     *app
	flags   *flags
	targets *target.Result
	network *network
	engine  *scan.Engine
	names   *names
	screen  screen
	kept    *resumption // nil: without --resume

	mu    sync.Mutex // records come from several plans
	meta  output.Meta
	sinks []*output.Sink
	tally output.Tally
	score score
	stats scan.Stats
}

// newJob opens everything that can fail before the first packet: outputs, then
// the network.
func (a *app) newJob(f *flags, command string, t *target.Result, req request) (*job, error) {
	j := &job{app: a, flags: f, targets: t, names: &names{resolver: a.resolver, reverse: f.names, named: f.verbose}}
	j.stats = scan.Stats{Complete: true, Loss: -1, ExpectedMissed: -1}
	var err error
	if j.score.want, err = f.expected(command == "sweep"); err != nil {
		return nil, err
	}
	specs, err := f.outputs()
	if err != nil {
		return nil, err
	}
	req.targets, req.iface, req.source, req.via = t.All, f.iface, f.sourceAddr(), f.via
	req.port, req.ttl = uint16(f.sourcePort), uint8(f.ttl)
	req.tos, _ = f.tosByte()
	req.guard = f.guard && !f.dryRun
	for _, s := range specs {
		req.files = req.files || s.Path != ""
	}
	req.files = req.files || f.pcap != "" || f.resume != ""
	if f.resume != "" {
		if j.kept, err = openResumption(f, specs); err != nil {
			return nil, err
		}
	}
	if j.network, err = a.open(&req); err != nil {
		return nil, err
	}
	if err := j.checkTransport(); err != nil {
		j.close()
		return nil, err
	}
	if err := j.openSinks(specs); err != nil {
		return nil, err
	}
	j.describe(command)
	j.meta.Seed, j.meta.Source, j.meta.NoPing, j.meta.Addresses = f.seed, f.foreign(j.network), f.noPing(), t.All.Len()
	j.meta.Shard, j.meta.Shards = f.shard.number, f.shard.of
	switch {
	case f.given("seed"):
	case j.kept != nil && j.kept.going:
		j.meta.Seed, _ = strconv.ParseUint(j.kept.Fact("--seed"), 10, 64) // if it is none, it is another job's
	default:
		var b [8]byte
		rand.Read(b[:])
		j.meta.Seed = binary.NativeEndian.Uint64(b[:]) >> 11
	}
	if j.network.note != "" {
		j.note(j.network.note)
	}
	return j, nil
}

// openSinks opens the outputs. Where one cannot be opened the job is closed.
func (j *job) openSinks(specs []output.Spec) error {
	stdout := j.app.stdout
	if to, ok := j.app.stderr.(*os.File); ok && isTerminal(to) && !j.flags.quiet && !j.flags.trace {
		j.screen.to = to
		if isTerminal(stdout) {
			stdout = j.screen.beside(stdout)
		}
	}
	for _, s := range specs {
		s.Append = j.kept != nil && j.kept.going
		sink, err := output.Formats().Open(s, stdout)
		if err != nil {
			j.close()
			return local(err)
		}
		j.sinks = append(j.sinks, sink)
	}
	return nil
}

// describe fills in what the outputs say of every run.
func (j *job) describe(command string) {
	j.meta = output.Meta{Version: version, Command: command, Args: j.app.args, Time: j.network.start, Methods: []string{"raw"},
		OpenOnly: j.flags.open, Verbose: j.flags.verbose, Color: isTerminal(j.app.stdout) && os.Getenv("NO_COLOR") == ""}
	if !j.network.raw() {
		j.meta.Methods = []string{"connect"}
	}
}

// note tells, on stderr and in the output, what one must know to read the
// result.
func (j *job) note(text string) {
	j.meta.Notes = append(j.meta.Notes, text)
	if !j.flags.quiet {
		j.app.note("%s", text)
	}
}

// checkTransport refuses crafted fields where the kernel makes the packets, and a
// guard where it gets no answer to them.
func (j *job) checkTransport() error {
	if src := j.flags.foreign(j.network); j.flags.guard && src.IsValid() {
		return usage("--rst-guard: -S %v is not ours, so our kernel gets no SYN-ACK to answer", src)
	}
	if !j.network.raw() && j.flags.given("tcp-options") {
		return local(errors.New("--tcp-options needs packets of our own: " + j.network.note))
	}
	if !j.network.raw() && (j.flags.pcap != "" || j.flags.trace) {
		return local(errors.New("--pcap and --packet-trace need packets of our own, but the kernel asks"))
	}
	return nil
}

// close lets go of what newJob opened, without a result.
func (j *job) close() {
	for _, s := range j.sinks {
		s.Close() // nothing was written: a file beside goes away
	}
	if j.network.link != nil {
		j.network.link.Close()
	}
	if j.network.sockets != nil {
		j.network.sockets.Close()
	}
	j.network.close()
}

// foreign is -S if that address is not ours.
func (f *flags) foreign(n *network) netip.Addr {
	if src := f.sourceAddr(); src.IsValid() && !n.routes.Local(src) {
		return src
	}
	return netip.Addr{}
}

// hostless tells whether addr is of no single host.
func (j *job) hostless(addr netip.Addr) bool {
	return j.network.hostless != nil && j.network.hostless(addr)
}

// passedOver tells whether addr does not count: of a range, an address of no
// host, which nobody meant to ask.
func (j *job) passedOver(addr netip.Addr) bool {
	return j.hostless(addr) && !j.targets.NamedSet.Contains(addr)
}

// base is what all plans of the job have in common.
func (j *job) base() scan.Plan {
	c, _ := j.flags.crafts() // checked before
	return scan.Plan{Craft: c[:1], Craft6: c[1:], Seed: j.meta.Seed, Source: j.meta.Source,
		SourcePort: uint16(j.flags.sourcePort), HostTimeout: j.flags.hostTimeout, Sockets: !j.network.raw()}
}

// record hands one finding to all outputs and counts it; with names, where they
// are wanted.
func (j *job) record(ctx context.Context, r *output.Record) {
	j.recordThen(ctx, r, func() {})
}

// recordThen is record, and calls then when all outputs have the record.
func (j *job) recordThen(ctx context.Context, r *output.Record, then func()) {
	if j.names.wanted(r) {
		j.names.complete(ctx, *r, func(r *output.Record) {
			j.write(r)
			then()
		})
		return
	}
	j.write(r)
	then()
}

func (j *job) write(r *output.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tally.Add(r)
	for _, s := range j.sinks {
		s.Record(r)
	}
}

// errNoReader ends a run whose output nobody reads any more.
var errNoReader = errors.New("the output's reader has left")

// run carries out body on an engine and reports the end. Its error is the exit
// code.
func (j *job) run(ctx context.Context, body func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if d := j.flags.deadline; d > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, d)
		defer stop()
	}
	tap, err := j.openTap()
	if err != nil {
		j.close()
		return err
	}
	if err := j.kept.start(cancel); err != nil {
		j.close()
		return err
	}
	for _, s := range j.sinks {
		s.Begin(&j.meta)
	}
	finished := make(chan struct{})
	var wg sync.WaitGroup
	for _, s := range j.sinks {
		wg.Go(func() {
			select {
			case <-s.Failed():
				cancel(errNoReader)
			case <-finished:
			}
		})
	}
	began := time.Now()
	cfg := scan.Config{Link: j.network.link, Sockets: j.network.sockets, Routes: j.network.routes, Start: j.network.start,
		Timing: j.flags.timing(), Ports: j.network.ports, Senders: j.network.senders, Neighbours: j.network.known, Unresolved: j.network.vain}
	if tap != nil {
		cfg.Tap = tap
	}
	err = scan.Serve(cfg, func(e *scan.Engine) error {
		j.engine = e
		wg.Go(func() { j.progress(cancel, finished) })
		err := body(ctx)
		if ctx.Err() != nil {
			j.score.cut = context.Cause(ctx)
		}
		j.names.wait()
		return err
	})
	close(finished)
	wg.Wait()
	j.network.close()
	j.stats.Elapsed = time.Since(began)
	return j.end(errors.Join(err, tap.close(), j.kept.finish()))
}

// end reports the end of the run, and closes the outputs.
func (j *job) end(err error) error {
	j.score.unresolved = len(j.targets.Unresolved) > 0
	j.stats.Complete = j.stats.Complete && !j.score.gaveUp
	if j.score.cut != nil {
		j.stats.Complete = false
		j.stats.Interrupted = !errors.Is(j.score.cut, context.DeadlineExceeded)
	}
	if err != nil {
		j.fail(err)
	}
	var working []*output.Sink
	for _, s := range j.sinks {
		select {
		case <-s.Failed(): // first, so that the others tell the right exit code
			j.fail(s.Close())
		default:
			working = append(working, s)
		}
	}
	code, reason := j.score.exit()
	end := output.End{Stats: j.stats, Exit: code, ExitReason: reason, Tally: j.tally}
	for _, s := range working {
		s.End(&end)
		j.fail(s.Close())
	}
	code, _ = j.score.exit()
	return result(code)
}

// fail tells err, if it is one, and makes it count.
func (j *job) fail(err error) {
	if err != nil {
		j.app.complain(err)
		j.score.failed, j.stats.Complete = true, false
	}
}

// noPing tells whether -PN was given.
func (f *flags) noPing() bool {
	for _, p := range f.ping {
		if p == "N" || p == "n" || p == "0" {
			return true
		}
	}
	return false
}

// expected reads --expect for hosts or ports.
func (f *flags) expected(hosts bool) (*probe.State, error) {
	if f.expect == "" {
		return nil, nil
	}
	s, ok := probe.ParseState(f.expect)
	of := []probe.State{probe.Open, probe.Closed, probe.Filtered, probe.Unfiltered, probe.OpenFiltered, probe.ClosedFiltered, probe.Unknown}
	if hosts {
		of = []probe.State{probe.Up, probe.Down, probe.Unknown}
	}
	names := ""
	for _, known := range of {
		if ok && s == known {
			return &s, nil
		}
		names += " " + known.String()
	}
	return nil, usage("--expect %s: one of%s", f.expect, names)
}
