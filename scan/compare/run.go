package compare

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"sonde/scan"
	"sonde/scan/files"
	"sonde/scan/job"
	"sonde/scan/report"
)

// Run compares the captures that s names, and puts what it finds into out: *report.Scan
// first, then *report.Pair, *report.Comparison and *report.End. All privileges are given
// up before a byte of them is read. An error means that nothing was put; it is an
// *job.Error. What goes wrong later is told to env.Warn, and is in the Outcome.
func Run(ctx context.Context, env *job.Env, s *job.Spec, out report.Sink) (job.Outcome, error) {
	began := time.Now()
	near, err := files.Again(s.Compare.Near)
	if err != nil {
		return job.Outcome{}, job.Local(err)
	}
	defer near.Close()
	far, err := files.Again(s.Compare.Far)
	if err != nil {
		return job.Outcome{}, job.Local(err)
	}
	defer far.Close()
	if alike(near, far) {
		return job.Outcome{}, job.Usage("%s and %s are the same file", s.Compare.Near, s.Compare.Far)
	}
	if err := s.GiveUp(); err != nil {
		return job.Outcome{}, err
	}
	e := newEngine(File{s.Compare.Near, near}, File{s.Compare.Far, far}, out)
	ctx, finish := watch(ctx, env, s.Command, e, near, far)
	defer finish()
	begun := false
	begin := func(notes []string) error {
		if env.Begin != nil {
			if err := env.Begin(ctx, false, nil); err != nil {
				return err
			}
		}
		begun = true
		env.Tell(notes...)
		out.Put(&report.Scan{Version: env.Version, Command: s.Command, Args: s.Args, Defaults: s.Defaults, Time: report.Time(began), Captures: true, Notes: notes})
		return nil
	}
	all, err := e.both(ctx, begin)
	o := job.Outcome{Stats: scan.NoStats()}
	if ctx.Err() != nil {
		o.Cut, err = context.Cause(ctx), nil
	}
	if !begun {
		return job.Outcome{}, before(&o, err)
	}
	finish()
	o.Score.Yes, o.Score.Answer = 1, "compared"
	out.Put(all)
	o.Stats.Elapsed = time.Since(began)
	out.Put(o.Conclude(env, err))
	return o, nil
}

// watch shows whom it concerns how far e is, until finish is called. The context that it
// returns ends when the user has seen enough.
func watch(ctx context.Context, env *job.Env, command string, e *engine, files ...*os.File) (watched context.Context, finish func()) {
	size := uint64(0)
	for _, f := range files {
		if info, err := f.Stat(); err == nil {
			size += 2 * uint64(info.Size())
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	var wg sync.WaitGroup
	if env.Watch != nil {
		wg.Go(func() {
			env.Watch(done, &job.Running{Command: command, Stop: cancel, Reading: func() job.Reading {
				return job.Reading{Bytes: min(e.bytes.Load(), size), Size: size, Packets: e.packets.Load()}
			}})
		})
	}
	return ctx, sync.OnceFunc(func() {
		close(done)
		wg.Wait()
		cancel(nil)
	})
}

// before is the error of a run that ends before its first record.
func before(o *job.Outcome, err error) error {
	switch code, _ := o.Exit(); {
	case o.Cut != nil:
		return &job.Error{Code: code}
	case errors.Is(err, ErrSwapped):
		return job.Usage("%w", err)
	}
	return job.Local(err)
}

// alike tells whether both are the same file.
func alike(a, b *os.File) bool {
	x, err := a.Stat()
	y, err2 := b.Stat()
	return err == nil && err2 == nil && os.SameFile(x, y)
}
