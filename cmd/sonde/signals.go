package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"sonde/cmd/terminal"
	"sonde/scan/job"
)

const (
	// impatience is how much later a second signal must come to mean that the first
	// takes too long. timeout(1) sends one to the program and one to its group, and
	// whoever closes a terminal may send several.
	impatience = time.Second
	// lastWords is how long what is in buffers may take to be written after that.
	lastWords = 250 * time.Millisecond
)

// causes are the signals that end a run with what is known, and what each is called.
var causes = map[os.Signal]error{
	syscall.SIGINT: job.ErrInterrupted, syscall.SIGTERM: job.ErrTerminated, syscall.SIGHUP: job.ErrHungUp, syscall.SIGQUIT: job.ErrQuitted,
}

// run carries out the command line and returns the exit code. Signals end it.
func (a *app) run() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 8)
	// Go ends a program at the first write to a closed pipe; sonde notices by
	// the error, and ends as usual.
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGPIPE)
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGTSTP} {
		if !signal.Ignored(s) { // nohup(1) means it
			signal.Notify(signals, s)
		}
	}
	// It goes on to the end of the program: a second signal may come when all is written,
	// and would be Go's own then, which for SIGQUIT is a page of stacks and exit 2.
	defer a.keyboard.Pause()
	done := make(chan struct{})
	defer close(done)
	go func() {
		var first time.Time
		for {
			select {
			case s := <-signals:
				cause, ends := causes[s]
				switch {
				case s == syscall.SIGTSTP:
					a.suspend()
				case !ends:
				case first.IsZero():
					first = time.Now()
					cancel(cause)
				case time.Since(first) > impatience: // the first one takes too long: enough
					a.keyboard.Pause()
					a.lastWords()
					os.Exit(128 + int(s.(syscall.Signal)))
				}
			case <-done:
				return
			}
		}
	}()
	return a.execute(ctx)
}

// lastWords writes what the run under way has in its buffers, if that takes no time.
func (a *app) lastWords() {
	var writing sync.WaitGroup
	if sinks := a.outputs.Load(); sinks != nil {
		for _, s := range *sinks {
			writing.Go(func() { s.Flush() })
		}
	}
	briefly(lastWords, writing.Wait)
}

// suspend stops the program as SIGTSTP does, with the terminal as it was before, and
// returns when it goes on. Whom nobody could wake is not stopped, as by the kernel.
func (a *app) suspend() {
	if terminal.Orphaned() {
		return
	}
	const stopping = 100 * time.Millisecond // long enough for the signal to arrive
	a.keyboard.Pause()
	defer a.keyboard.Resume()
	woken := make(chan os.Signal, 1)
	signal.Notify(woken, syscall.SIGCONT)
	defer signal.Stop(woken)
	// What SIGTSTP does by itself cannot be had back: Go keeps its handler.
	syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	select {
	case <-woken:
	case <-time.After(stopping):
	}
}
