package diff

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sonde/scan"
	"sonde/scan/job"
	"sonde/scan/report"
)

// Input is where runs are read from.
type Input struct {
	Stdin io.Reader // the file "-"
	// Records hands the records of a file to put, and counts those that it does not know.
	Records func(r io.Reader, put func(report.Record) error) (unknown uint64, err error)
}

// Run compares the runs that s names, and puts what it finds into out: *report.Scan first,
// then *report.Difference, *report.Differences and *report.End. All privileges are given up
// before a byte of them is read. An error means that nothing was put; it is a *job.Error.
func (in *Input) Run(ctx context.Context, env *job.Env, s *job.Spec, out report.Sink) (job.Outcome, error) {
	began := time.Now()
	names := [2]string{s.Diff.Old, s.Diff.New}
	var readers [2]io.Reader
	size := uint64(0)
	for i, name := range names {
		readers[i] = in.Stdin
		if name == "-" {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return job.Outcome{}, job.Usage("%w", err)
		}
		defer f.Close()
		readers[i] = f
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size += uint64(info.Size())
		}
	}
	if err := s.GiveUp(); err != nil {
		return job.Outcome{}, err
	}
	done := &progress{size: size}
	reading, finish := done.watch(ctx, env, s.Command)
	defer finish()
	var p Pair
	for i, side := range []*Side{p.Old(), p.New()} {
		if err := in.read(reading, done, readers[i], side); err != nil {
			if cause := context.Cause(reading); cause != nil {
				code, _ := job.Outcome{Cut: cause}.Exit()
				return job.Outcome{}, &job.Error{Code: code}
			}
			return job.Outcome{}, job.Usage("%s: %w", fileName(names[i]), err)
		}
	}
	finish()
	c, err := p.compare()
	if err != nil {
		return job.Outcome{}, job.Usage("%s and %s: %w", fileName(names[0]), fileName(names[1]), err)
	}
	if env.Begin != nil {
		if err := env.Begin(ctx, false, nil); err != nil {
			return job.Outcome{}, err
		}
	}
	out.Put(&report.Scan{Version: env.Version, Command: s.Command, Args: s.Args, Time: report.Time(began)})
	sum := c.tellAll(func(d *report.Difference) { out.Put(d) })
	sum.Old.File, sum.New.File = names[0], names[1]
	out.Put(sum)
	o := job.Outcome{Stats: scan.NoStats()}
	o.Stats.Complete = true
	if o.Score = (job.Score{Yes: 1, Answer: "same"}); sum.Strong != (report.Differences{}).Strong {
		o.Score = job.Score{No: 1, Denied: "different"}
	}
	o.Stats.Elapsed = time.Since(began)
	out.Put(o.Conclude(env, nil))
	return o, nil
}

// compared are the commands whose runs are compared.
var compared = []string{"sweep", "tcp", "udp", "fp", "trace", "ip", "sctp"}

// read reads one side.
func (in *Input) read(ctx context.Context, done *progress, r io.Reader, side *Side) error {
	unknown, err := in.Records(&interrupted{ctx, r, done}, func(r report.Record) error {
		done.records.Add(1)
		return side.Put(r)
	})
	side.records += unknown
	side.unread += unknown
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return path.Err // whose name is said already
	case err != nil:
		return err
	case len(side.runs) == 0:
		return errors.New("it has no run: a record of type scan is missing")
	}
	for i := range side.runs {
		if command := side.runs[i].Command; !slices.Contains(compared, command) {
			return fmt.Errorf("it is of %s: runs of sweep, tcp, udp, fp and trace are compared", command)
		}
	}
	return nil
}

// fileName is what errors call a file.
func fileName(name string) string {
	if name == "-" {
		return "stdin"
	}
	return name
}

// progress is how far the files are read.
type progress struct {
	bytes, records atomic.Uint64
	size           uint64 // of both files, as far as it is known
}

// watch shows whom it concerns how far it is, until finish is called. The context that it returns
// ends when the user has seen enough.
func (p *progress) watch(ctx context.Context, env *job.Env, command string) (watched context.Context, finish func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	var wg sync.WaitGroup
	if env.Watch != nil {
		wg.Go(func() {
			env.Watch(done, &job.Running{Command: command, Stop: cancel, Reading: func() job.Reading {
				return job.Reading{Bytes: min(p.bytes.Load(), p.size), Size: p.size, Packets: p.records.Load(), Unit: "records"}
			}})
		})
	}
	return ctx, sync.OnceFunc(func() {
		close(done)
		wg.Wait()
		cancel(nil)
	})
}

// interrupted is a reader that fails when ctx has ended.
type interrupted struct {
	ctx context.Context
	io.Reader
	done *progress
}

func (r *interrupted) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.Reader.Read(p)
	r.done.bytes.Add(uint64(n))
	return n, err
}
