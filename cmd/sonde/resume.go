package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/scan/checkpoint"
)

// resumption is --resume: a job's checkpoint and its file. The file is begun under
// another name and renamed when it is on the disk. What becomes known is appended
// to it after the outputs have it, whole frames that a reader leaves out if they
// were not written to their end; so a run may be killed at any moment, and next to
// nothing is asked twice.
type resumption struct {
	*checkpoint.Checkpoint
	path  string
	mode  fs.FileMode
	going bool // an earlier run wrote the file

	file        *os.File // nil: not begun yet
	begun, size int64    // bytes: of what it was begun with, and of all
	sinks       []*output.Sink
	stop        chan struct{}
	stopped     chan error // its goroutine's only word, capacity 1

	hostwise bool // outputs show a host when all of its ports are known, not port by port
	sweeps   []*keptPart
	ports    *keptPart

	mu      sync.Mutex
	waiting map[netip.Addr][]verdict // decided, not yet shown
}

// checkResume refuses outputs that a killed run leaves nothing of, and another one
// could not go on with.
func (f *flags) checkResume(specs []output.Spec) error {
	if f.resume == "" {
		return nil
	}
	if f.dryRun {
		return usage("--resume: --dry-run decides nothing")
	}
	for _, s := range specs {
		same := s.Path != "" && filepath.Clean(s.Path) == filepath.Clean(f.resume)
		switch {
		case same:
			return usage("--resume and -o %s both go to %s", s.Format, s.Path)
		case !output.Formats().Streams(s.Format) && (s.Path != "" || s.Format != "text"):
			return usage("--resume: -o %s is complete at the end of a run only, and a killed one leaves nothing of it: write -o json=FILE", s.Format)
		}
	}
	if f.pcap != "" && filepath.Clean(f.pcap) == filepath.Clean(f.resume) {
		return usage("--resume and --pcap both go to %s", f.pcap)
	}
	return nil
}

// openResumption reads the file of --resume, if it is there.
func openResumption(f *flags, specs []output.Spec) (*resumption, error) {
	r := &resumption{path: f.resume, mode: 0o666, waiting: map[netip.Addr][]verdict{}, hostwise: len(specs) > 0}
	for _, s := range specs {
		r.hostwise = r.hostwise && !output.Formats().Streams(s.Format)
	}
	info, err := os.Stat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, nil
	case err != nil:
		return nil, local(fmt.Errorf("--resume %w", err))
	case !info.Mode().IsRegular():
		return nil, local(fmt.Errorf("--resume %s: not a regular file", r.path))
	}
	r.mode, r.going = info.Mode().Perm(), true
	if r.path, err = filepath.EvalSymlinks(r.path); err != nil {
		return nil, local(fmt.Errorf("--resume %w", err))
	}
	b, err := os.ReadFile(r.path)
	if err != nil {
		return nil, local(fmt.Errorf("--resume %w", err))
	}
	if r.Checkpoint, err = checkpoint.Read(b); err != nil {
		return nil, local(fmt.Errorf("--resume %s: %w", f.resume, err))
	}
	if _, err := os.Stat(f.pcap); f.pcap != "" && err == nil {
		return nil, usage("--pcap %s is of the run that --resume goes on from: name another file", f.pcap)
	}
	return r, nil
}

// keep goes on from the file if it is of the job that facts tell of. yes is the
// state that is the answer to the command's question.
func (j *job) keep(facts []checkpoint.Fact, yes probe.State) error {
	r := j.kept
	if r == nil {
		return nil
	}
	r.sinks = j.sinks
	if !r.going {
		r.Checkpoint = checkpoint.New(facts)
	} else if err := r.compare(facts); err != nil {
		return usage("--resume %s: %w", j.flags.resume, err)
	}
	j.meta.Resumed = r.going
	j.score.restore(r.Counts(), yes)
	return nil
}

// compare refuses the file of another job.
func (r *resumption) compare(facts []checkpoint.Fact) error {
	for _, f := range facts {
		switch was := r.Fact(f.Name); {
		case was == f.Value:
		case was == "":
			return fmt.Errorf("it is of another job: now with %s %s, there without", f.Name, f.Value)
		default:
			return fmt.Errorf("it is of another job: there %s %s, now %s", f.Name, was, f.Value)
		}
	}
	if len(facts) != len(r.Facts()) {
		return errors.New("it is of another job")
	}
	return nil
}

// start begins the file and writes to it, until finish is called. fail ends the run.
func (r *resumption) start(fail func(error)) error {
	if r == nil {
		return nil
	}
	if err := r.begin(); err != nil {
		return local(fmt.Errorf("--resume %w", err))
	}
	r.stop, r.stopped = make(chan struct{}), make(chan error, 1)
	go func() {
		err := r.follow()
		if err != nil {
			err = fmt.Errorf("--resume %w", err)
			fail(err)
		}
		r.stopped <- err
	}()
	return nil
}

// finish writes what is left, and closes the file.
func (r *resumption) finish() error {
	if r == nil {
		return nil
	}
	close(r.stop)
	err := <-r.stopped
	if err == nil && r.size > r.begun {
		err = r.begin()
	}
	return errors.Join(err, r.file.Close())
}

const (
	keepEvery = 10 * time.Millisecond // news waits no longer for more
	keepPause = time.Millisecond      // at least, however much there is
)

// follow writes news to the file until stop is closed.
func (r *resumption) follow() error {
	timer := time.NewTimer(keepEvery)
	defer timer.Stop()
	for stop := false; !stop; {
		select {
		case <-r.Some():
		case <-r.stop:
			stop = true
		}
		timer.Reset(keepEvery)
		select {
		case <-timer.C:
		case <-r.Many():
		case <-r.stop:
			stop = true
		}
		if err := r.append(); err != nil {
			return err
		}
		timer.Reset(keepPause)
		select {
		case <-timer.C:
		case <-r.stop:
		}
	}
	return nil
}

// roomToGrow is how much larger than what it was begun with the file gets, in bytes,
// before it is begun anew.
const roomToGrow = 1 << 20

// append writes what is new, when the outputs have it.
func (r *resumption) append() error {
	if r.size > 2*r.begun+roomToGrow {
		return r.begin()
	}
	frame := r.Take()
	if len(frame) == 0 || !r.flush() {
		return nil
	}
	n, err := r.file.Write(frame)
	r.size += int64(n)
	return err
}

// flush has the outputs write what they have. It tells whether one of them still
// can: the end of the run tells of the others.
func (r *resumption) flush() bool {
	for _, s := range r.sinks {
		if s.Flush() != nil {
			return false
		}
	}
	return true
}

// begin writes all there is to know to a file of its own and gives it its name.
func (r *resumption) begin() error {
	all := r.Snapshot()
	if !r.flush() && r.file != nil {
		return nil
	}
	dir, base := filepath.Split(r.path)
	beside := filepath.Join(dir, "."+base+".part")
	os.Remove(beside) // of a run that was killed
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, r.mode)
	if err != nil {
		return err
	}
	if _, err = f.Write(all); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(beside, r.path)
	}
	if err != nil {
		os.Remove(beside)
		return errors.Join(err, f.Close())
	}
	if r.file != nil {
		r.file.Close() // of a file that is no more
	}
	r.file, r.begun, r.size = f, int64(len(all)), int64(len(all))
	return nil
}
