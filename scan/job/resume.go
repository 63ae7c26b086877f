package job

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"sonde/scan/checkpoint"
	"sonde/scan/files"
	"sonde/scan/report"
)

// resumption is --resume: a job's checkpoint and its file. The file is begun under
// another name and renamed when it is on the disk. What becomes known is appended
// to it after the outputs have it, whole frames that a reader leaves out if they
// were not written to their end; so a run may be killed at any moment, and next to
// nothing is asked twice. While it is written, the file is locked: a second run of the
// same line would write over the outputs of the first. The lock is the open file's,
// so it ends with the process, and each file is locked before it gets the name.
type resumption struct {
	*checkpoint.Checkpoint
	path  string
	mode  fs.FileMode
	going bool // an earlier run wrote the file

	file        *os.File     // nil: not begun yet
	begun, size int64        // bytes: of what it was begun with, and of all
	flushAll    func() error // whoever takes the records writes what they have
	written     func() []files.Written
	gate        sync.RWMutex // held for reading between a record and what it decides
	stop        chan struct{}
	stopped     chan error // how its goroutine ended; capacity 1

	hostwise bool // a host is written when all of its ports are known, not port by port
	sweeps   []*keptPart
	ports    *keptPart

	mu      sync.Mutex
	waiting map[netip.Addr][]decision   // decided, not yet shown
	held    map[netip.Addr]*report.Port // last ports, which are shown with their host
}

// openResumption reads the file of --resume, if it is there.
func openResumption(s *Spec, env *Env) (*resumption, error) {
	r := &resumption{mode: private, waiting: map[netip.Addr][]decision{}, held: map[netip.Addr]*report.Port{},
		hostwise: env.Hostwise, flushAll: env.flush, written: env.Written}
	err := r.read(s.Part.Resume)
	if _, stat := os.Stat(s.Show.Pcap); err == nil && r.going && s.Show.Pcap != "" && stat == nil {
		err = Usage("--pcap %s is of the run that --resume goes on from: name another file", s.Show.Pcap)
	}
	if err != nil {
		r.letGo()
		return nil, err
	}
	return r, nil
}

// private is the mode of new checkpoints: they say what was asked, and what was found.
const private = 0o600

// read finds the file's place, and reads and locks what is there.
func (r *resumption) read(path string) (err error) {
	if r.path, err = files.Resolve(path); err != nil {
		return Local(fmt.Errorf("--resume %w", err))
	}
	info, err := os.Lstat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return Local(fmt.Errorf("--resume %w", err))
	case !info.Mode().IsRegular():
		return Local(fmt.Errorf("--resume %s: not a regular file", path))
	}
	r.mode, r.going = info.Mode().Perm(), true
	if r.file, err = lockThere(r.path); err != nil {
		return Local(fmt.Errorf("--resume %w", err))
	}
	b, err := io.ReadAll(r.file)
	if err != nil {
		return Local(fmt.Errorf("--resume %w", err))
	}
	if r.Checkpoint, err = checkpoint.Read(b); err != nil {
		return Local(fmt.Errorf("--resume %s: %w", path, err))
	}
	return nil
}

// lockThere opens and locks the file of that name: the one that has it when it is
// locked, since who had the lock before may have given the name to another.
func lockThere(path string) (*os.File, error) {
	for range mostTries {
		f, err := files.Open(path, os.O_RDONLY, 0)
		if err != nil {
			return nil, err
		}
		if err := files.Lock(f); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if files.Same(f, path) {
			return f, nil
		}
		f.Close()
	}
	return nil, fmt.Errorf("%s: %w writes to it", path, files.ErrLocked)
}

// mostTries is how often other runs may come first before one gives up.
const mostTries = 50

// letGo unlocks the file and closes it. It may be called on nil.
func (r *resumption) letGo() {
	if r != nil && r.file != nil {
		files.Unlock(r.file)
		r.file.Close()
		r.file = nil
	}
}

// known is how much of the outputs the checkpoint knows of. It may be called on nil.
func (r *resumption) known() []files.Written {
	if r == nil || !r.going {
		return nil
	}
	return r.Written()
}

// keep goes on from the checkpoint, if there is one, of the same job.
func (j *job) keep(c *composition) error {
	j.idle()
	r := j.kept
	if r == nil {
		return nil
	}
	if !r.going {
		r.Checkpoint = checkpoint.New(c.facts)
	} else if err := r.compare(c.facts); err != nil {
		return Usage("--resume %s: %w", j.spec.Part.Resume, err)
	}
	j.scan.Resumed = r.going
	j.outcome.Score.restore(r.Counts(), c.yes)
	return j.keepSweep(c.parts)
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
		return Local(fmt.Errorf("--resume %w", err))
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
	if err == nil {
		r.written = nil // all that is written is to stay
		err = r.begin()
	}
	r.letGo()
	return err
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
	frame := r.news(r.Take)
	if len(frame) == 0 || !r.flush() {
		return nil
	}
	n, err := r.file.Write(frame)
	r.size += int64(n)
	return err
}

// news takes a frame, or all there is to know, and notes in it how long the outputs
// are that have just that.
func (r *resumption) news(take func() []byte) []byte {
	r.gate.Lock()
	defer r.gate.Unlock()
	if r.SetWritten(nil); r.written != nil {
		r.SetWritten(r.written())
	}
	return take()
}

// flush has the outputs write what they have, and tells whether they could: if not,
// the end of the run says why.
func (r *resumption) flush() bool { return r.flushAll() == nil }

// begin writes all there is to know to a file of its own and gives it its name.
func (r *resumption) begin() error {
	all := r.news(r.Snapshot)
	if !r.flush() && r.size > 0 {
		return nil
	}
	dir, base := filepath.Split(r.path)
	beside := filepath.Join(dir, "."+base+".part")
	f, err := besides(beside, r.mode)
	if err != nil {
		return err
	}
	if _, stat := os.Lstat(r.path); stat == nil && r.file == nil {
		err = fmt.Errorf("%s: %w has just begun to write to it", r.path, files.ErrLocked)
	}
	if err == nil {
		_, err = f.Write(all)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(beside, r.path)
	}
	if err != nil {
		os.Remove(beside)
		return errors.Join(err, f.Close())
	}
	r.letGo() // of a file that is no more
	r.file, r.begun, r.size = f, int64(len(all)), int64(len(all))
	return nil
}

// besides makes the file of another name, empty, and locks it: who has its lock may
// rename it.
func besides(path string, mode fs.FileMode) (*os.File, error) {
	held := fmt.Errorf("%s: %w writes to it", path, files.ErrLocked)
	for range mostTries {
		f, err := files.Open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if err == nil {
			if err = files.Lock(f); err == nil && files.Same(f, path) {
				return f, nil
			}
			f.Close() // another run came first, and has taken it for one that was left
			continue
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		// Of a run that was killed, unless somebody has it locked: to give it the name,
		// or only for as long as it takes to see that the name is taken.
		old, err := files.Open(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			os.Remove(path) // a link, for one
			continue
		}
		if err = files.Lock(old); err == nil && files.Same(old, path) {
			os.Remove(path)
		} else if err != nil {
			held = fmt.Errorf("%s: %w", path, err)
			time.Sleep(keepPause)
		}
		old.Close()
	}
	return nil, held
}
