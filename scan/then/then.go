// Package then runs a command of the user's for each host of which something was found. The
// process that asks the network gives up, before it reads the first answer, that programs can
// be started; so the commands are another process's, the helper, which is started before. It
// has none of what sonde may do, it takes the command once, and afterwards nothing but
// addresses, numbers of ports and names, which it puts into words of the command. There is no
// shell. Start is what to call first; main calls Serve where the program is called Name.
package then

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"sync"
	"syscall"

	"sonde/scan/report"
	"sonde/scan/sandbox"
)

// mostWaiting is at how many hosts that wait for their turn Add blocks.
const mostWaiting = 1 << 16

// Runner has the helper run the commands, four at a time.
type Runner struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
	done func(*report.Then)

	mu      sync.Mutex
	change  sync.Cond
	waiting []Host
	running int
	last    bool  // nothing is added any more
	ended   bool  // the helper is told of no more hosts
	stopped bool  // what waits is not started, and what runs is to end
	err     error // the helper is gone

	sending, hearing sync.WaitGroup
}

// Start starts the helper. done is called with what came of each command, one at a time; what
// it is given is its own. The error is one of this machine: there is no such command, or the
// program cannot be started again.
func Start(t Template, done func(*report.Then)) (*Runner, error) {
	who := sandbox.Ordinary()
	r, err := start(t, who, done)
	if who != nil && errors.Is(err, fs.ErrPermission) { // a program that only root may run
		r, err = start(t, nil, done)
	}
	if err != nil {
		return nil, err
	}
	r.sending.Go(r.send)
	r.hearing.Go(r.hear)
	return r, nil
}

// start starts the helper as that user, and tells it the command.
func start(t Template, who *syscall.Credential, done func(*report.Then)) (*Runner, error) {
	r := &Runner{cmd: exec.Command("/proc/self/exe"), done: done}
	r.change.L = &r.mu
	r.cmd.Args = []string{Name}
	// The keys of the terminal are for us, who then have the commands end.
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: who}
	out, err := r.cmd.StdoutPipe()
	if err == nil {
		r.in, err = r.cmd.StdinPipe()
	}
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	r.out = json.NewDecoder(out)
	var a answer
	if err = json.NewEncoder(r.in).Encode(order{asBytes(t.words)}); err == nil {
		err = r.out.Decode(&a)
	}
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	if err != nil {
		r.in.Close()
		r.cmd.Wait()
		return nil, err
	}
	return r, nil
}

// Add has the command run for a host, when it is its turn.
func (r *Runner) Add(h Host) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.waiting) >= mostWaiting && !r.stopped {
		r.change.Wait()
	}
	if !r.stopped {
		r.waiting = append(r.waiting, h)
		r.change.Broadcast()
	}
}

// send tells the helper of one host after the other.
func (r *Runner) send() {
	e := json.NewEncoder(r.in)
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		r.in.Close()
		r.ended = true
		r.change.Broadcast()
	}()
	for {
		for (len(r.waiting) == 0 && !r.last || r.running >= atOnce) && !r.stopped {
			r.change.Wait()
		}
		switch {
		case r.stopped:
			return
		case len(r.waiting) == 0: // the helper ends what runs when nothing more comes
			if r.running == 0 {
				return
			}
			r.change.Wait()
			continue
		}
		h := r.waiting[0]
		r.waiting = r.waiting[1:]
		r.running++
		r.change.Broadcast()
		r.mu.Unlock()
		e.Encode(h) // if the helper is gone, hear tells
		r.mu.Lock()
	}
}

// hear hands on what the helper says. It listens only when there is something to hear: who
// listens to another process keeps virtual time from going on.
func (r *Runner) hear() {
	for {
		r.mu.Lock()
		for r.running == 0 && !r.ended {
			r.change.Wait()
		}
		r.mu.Unlock()
		var ran reply
		if err := r.out.Decode(&ran); err != nil {
			break
		}
		r.done(ran.record())
		r.mu.Lock()
		r.running--
		r.change.Broadcast()
		r.mu.Unlock()
	}
	err := r.cmd.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running > 0 || len(r.waiting) > 0 && !r.stopped {
		r.err = errors.New("--then: what starts the commands is gone")
		if err != nil {
			r.err = fmt.Errorf("%w: %w", r.err, err)
		}
	}
	r.stopped = true
	r.change.Broadcast()
}

// Stop has nothing more started, and has what runs end.
func (r *Runner) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped, r.waiting = true, nil
	r.change.Broadcast()
}

// Finish waits for all commands. When ctx ends, it calls Stop. Its error is that the helper
// did not do its work.
func (r *Runner) Finish(ctx context.Context) error {
	defer context.AfterFunc(ctx, r.Stop)()
	r.mu.Lock()
	r.last = true
	r.change.Broadcast()
	r.mu.Unlock()
	r.sending.Wait()
	r.hearing.Wait()
	return r.err
}
