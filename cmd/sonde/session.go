package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sonde/cmd/metrics"
	"sonde/cmd/screen"
	"sonde/cmd/terminal"
	"sonde/output"
	"sonde/scan/files"
	"sonde/scan/job"
	"sonde/scan/origin"
	"sonde/scan/report"
	"sonde/scan/target"
)

// session is one run as the user sees it: the outputs that its records go to, and
// the terminal. It is the report.Sink of the run.
type session struct {
	app    *app
	spec   *job.Spec
	screen terminal.Line
	view   *screen.Screen  // of a watched trace; nil: it has none
	told   *metrics.Server // of --metrics; nil: there is none
	sinks  []*output.Sink
	cancel context.CancelCauseFunc

	terminal bool        // stdout is one
	followed atomic.Bool // single repetitions are shown there

	watching sync.WaitGroup // for readers that leave
	over     chan struct{}
	hasten   sync.Once
	hasty    chan struct{} // the run is to end: who does not read is not waited for
}

// grace is how long an output that takes nothing is waited for when the run is to
// end, by a signal or a deadline. Readers that are alive take something within
// milliseconds; two seconds are for a machine that is busy.
const grace = 2 * time.Second

// runner carries out a Spec: job.Run, or what has its form.
type runner func(ctx context.Context, env *job.Env, s *job.Spec, out report.Sink) (job.Outcome, error)

// carryOut runs a Spec, and returns its exit code as a result.
func (a *app) carryOut(ctx context.Context, s *job.Spec, run runner) error {
	if s.Show.DryRun {
		return job.Preview(ctx, a.env(s), s, func(line []byte) error {
			switch _, err := a.stdout.Write(line); {
			case errors.Is(err, syscall.EPIPE):
				return result(job.ExitYes) // the reader has seen enough
			case err != nil:
				return job.Local(err)
			}
			return nil
		})
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &session{app: a, spec: s, cancel: cancel, over: make(chan struct{}), hasty: make(chan struct{})}
	defer context.AfterFunc(ctx, w.hurry)()
	defer a.outputs.Store(nil)
	w.terminal = isTerminal(a.stdout)
	w.view = screen.New(a.stdout, a.stdin, a.looks(), s, &a.keyboard)
	a.view.Store(w.view)
	if to, ok := a.stderr.(*os.File); ok && isTerminal(to) && w.terminal && w.view == nil && !a.looks().Dumb() && !s.Show.Quiet && !s.Show.Packets {
		w.screen.To = to // where results go to a pager or a filter, the terminal is theirs
	}
	env := a.env(s)
	if note := env.Note; note != nil {
		env.Note = func(text string) { w.screen.Apart(func() { note(text) }) }
	}
	env.Begin, env.Flush, env.Lost, env.Tap, env.Watch, env.Written = w.begin, w.flush, w.lost, w.openTap, w.watchBriefly, w.written
	env.Renames = w.renames
	env.Hostwise, env.Once = w.hostwise(), w.once
	outcome, err := run(ctx, env, s, w)
	return w.end(outcome, err)
}

// env is what the run has of the world.
func (a *app) env(s *job.Spec) *job.Env {
	env := &job.Env{Version: version, Open: a.open, Resolver: a.resolver, HasRoute: a.hasRoute, Links: a.links, Warn: a.complain}
	if a.origins != nil {
		env.Origin = a.origins.Lookup
	}
	if !s.Show.Quiet && !s.Show.Nagios {
		env.Note = func(text string) { a.note("%s", text) }
	}
	return env
}

// hostwise tells whether all outputs show a host only when it is whole.
func (w *session) hostwise() bool {
	for _, o := range w.spec.Show.Outputs {
		if o.Streamed {
			return false
		}
	}
	return len(w.spec.Show.Outputs) > 0
}

// hurry is called when the run is to end.
func (w *session) hurry() { w.hasten.Do(func() { close(w.hasty) }) }

// bound has hurry called when ctx, which is of the run alone, ends before its time:
// that it ends with the run is nothing.
func (w *session) bound(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		if context.Cause(ctx) != context.Canceled {
			w.hurry()
		}
	})
	deadline, limited := ctx.Deadline()
	w.watching.Go(func() {
		defer stop()
		if !limited {
			<-w.over
			return
		}
		timer := time.NewTimer(time.Until(deadline)) // ctx may be over, and the outputs not
		defer timer.Stop()
		select {
		case <-timer.C:
			w.hurry()
			<-w.over
		case <-w.over:
		}
	})
}

// watched has an output end the run when it fails, and not keep it from ending.
func (w *session) watched(failed <-chan struct{}, hasten func(time.Duration)) {
	w.watching.Go(func() {
		hasty := w.hasty
		for {
			select {
			case <-failed:
				w.cancel(job.ErrNoReader)
				return
			case <-hasty:
				hasten(grace)
				hasty = nil
			case <-w.over:
				return
			}
		}
	})
}

// begin opens the outputs.
func (w *session) begin(ctx context.Context, resumed bool, written []files.Written) (err error) {
	w.bound(ctx)
	if w.told, err = metrics.Start(w.spec, func(text string) { w.app.tell(w.spec, "%s", text) }); err != nil {
		return err
	}
	stdout := w.app.stdout
	switch {
	case w.screen.To != nil:
		stdout = w.screen.Beside(stdout)
	case w.view != nil:
		stdout = w.view.Beside(stdout)
	}
	options := output.Options{Open: w.spec.Show.Open, Verbose: w.spec.Show.Verbose,
		Color: w.app.looks().Color(w.spec.Show.Color, w.terminal), ASCII: w.app.looks().ASCII(), Live: w.terminal, Now: time.Now, Run: newRun(), Width: terminal.Width(w.app.stdout)}
	if w.spec.SoonOver() {
		options.Sorted = output.SortedHosts
	}
	if n := w.app.nmap; n != nil {
		options.Reasons, options.Unrouted = n.Reasons, !n.Routes
	}
	for _, o := range w.spec.Show.Outputs {
		if stdout == (shutWriter{}) && o.Path == "" {
			return errShut
		}
		sink, err := output.Formats().Open(output.Spec{Format: o.Format, Path: o.Path, Append: resumed, Written: written, Stop: ctx.Done()}, stdout, options)
		if err != nil {
			return err
		}
		w.sinks = append(w.sinks, sink)
		w.watched(sink.Failed(), sink.Hasten)
	}
	all := slices.Clone(w.sinks)
	w.app.outputs.Store(&all)
	return nil
}

// newRun is a word that names one run among all.
func newRun() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// written tells how long the files of lines will be.
func (w *session) written() (list []files.Written) {
	for _, s := range w.sinks {
		if file, ok := s.Written(); ok {
			list = append(list, file)
		}
	}
	return list
}

// renames lists the folders in which files take their names in the end.
func (w *session) renames() (folders []string) {
	for _, s := range w.sinks {
		if folder := s.Renames(); folder != "" {
			folders = append(folders, folder)
		}
	}
	return folders
}

// Put hands a record to all outputs.
func (w *session) Put(r report.Record) {
	if w.app.seen != nil {
		w.app.seen(r)
	}
	for _, s := range w.sinks {
		s.Put(r)
	}
	w.view.Put(r)
	w.told.Put(r)
	if w.app.check != nil {
		w.app.check.Take(r)
	}
}

// once shows one repetition on the terminal, where text goes there; then no progress
// is shown beside it.
func (w *session) once(o *report.Once) {
	for _, s := range w.sinks {
		if s.Once(o) {
			w.followed.Store(true)
		}
	}
}

// flush has all outputs write what they have.
func (w *session) flush() error {
	for _, s := range w.sinks {
		if err := s.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// lost closes the outputs that failed, and tells why.
func (w *session) lost() error {
	var working []*output.Sink
	var failed error
	for _, s := range w.sinks {
		select {
		case <-s.Failed():
			if err := s.Close(); err != nil && !w.gone(err) && failed == nil {
				failed = err
			}
		default:
			working = append(working, s)
		}
	}
	w.sinks = working
	return failed
}

// gone tells whether an output could not be written because the terminal is gone,
// which is why the run ends.
func (w *session) gone(err error) bool {
	return errors.Is(err, syscall.EIO) && w.terminal
}

// end closes the outputs. Its error is the exit code.
func (w *session) end(o job.Outcome, err error) error {
	w.told.Close()
	w.app.view.Store(nil)
	briefly(grace, func() { w.view.Release(w.app.stderr) })
	for _, s := range w.sinks { // where nothing was written, a file beside goes away
		if lost := s.Close(); lost != nil && !w.gone(lost) && err == nil {
			w.app.complain(lost)
			o.Failed, o.Unwritten = true, true
		}
	}
	close(w.over)
	w.watching.Wait()
	if err != nil {
		return err
	}
	code, _ := o.Exit()
	return result(code)
}

// readWords reads a list of targets from a file, or from stdin if its name is "-",
// and appends its words to words. What its errors call them is what.
func (a *app) readWords(name, what string, opt target.Options, words *[]string, sources *[]target.Source) error {
	return a.reading(name, func(name string, in io.Reader) error {
		list, lines, err := target.ReadWords(name, in, what, opt)
		if err != nil {
			return err
		}
		*sources = append(*sources, target.Source{Name: name, First: len(*words), Lines: lines})
		*words = append(*words, list...)
		return nil
	})
}

// reading calls read with what a file has, or stdin if its name is "-".
func (a *app) reading(name string, read func(name string, in io.Reader) error) error {
	if name == "-" {
		return read("stdin", a.stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return read(name, f)
}

func (a *app) readOrigins(name string, in io.Reader) (err error) {
	if a.origins, err = origin.Read(in); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
