package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	progressAfter = 500 * time.Millisecond
	progressEvery = 500 * time.Millisecond
)

// errQuit is the cause of a run that the user ended with q.
var errQuit = errors.New("ended with q")

// progress shows, on a terminal, how far the run is; q ends it with what is
// known. It returns when finished is closed.
func (j *job) progress(cancel context.CancelCauseFunc, finished <-chan struct{}) {
	if j.flags.quiet || j.flags.trace || !isTerminal(j.app.stderr) {
		return
	}
	keys := make(chan byte)
	if in, ok := j.app.stdin.(*os.File); ok && isTerminal(in) {
		stop := readKeys(in, keys)
		defer stop()
	}
	timer := time.NewTimer(progressAfter)
	defer timer.Stop()
	shown := false
	defer func() {
		if shown {
			fmt.Fprint(j.app.stderr, "\r\x1b[K")
		}
	}()
	began := time.Now()
	sent := uint64(0)
	for {
		select {
		case <-finished:
			return
		case k := <-keys:
			if k == 'q' {
				cancel(errQuit)
				return
			}
		case <-timer.C:
			timer.Reset(progressEvery)
		}
		p := j.engine.Progress()
		line := fmt.Sprintf("%s: pass %d, %.0f %%, %.0f packets/s, %d answers", j.meta.Command, p.Pass+1,
			100*float64(p.Asked)/float64(max(1, p.Questions)), float64(p.Sent-min(sent, p.Sent))/progressEvery.Seconds(), p.Received)
		sent = p.Sent
		if p.Loss >= 0 {
			line += fmt.Sprintf(", loss %.1f %%", 100*p.Loss)
		}
		if p.Asked > 0 && p.Asked < p.Questions {
			left := time.Since(began).Seconds() * float64(p.Questions-p.Asked) / float64(p.Asked)
			line += fmt.Sprintf(", %.0f s left in this pass", left)
		}
		fmt.Fprintf(j.app.stderr, "\r\x1b[K%s", line)
		shown = true
	}
}

// terminal is what restoreTerminal goes back to; set while keys are read.
var terminal struct {
	fd    int
	state *unix.Termios
}

// readKeys makes the terminal hand over single keys, until stop is called,
// which puts it back as it was.
func readKeys(in *os.File, keys chan<- byte) (stop func()) {
	fd := int(in.Fd())
	old, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}
	}
	raw := *old
	raw.Lflag &^= unix.ICANON | unix.ECHO
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 0, 1 // read returns every 100 ms
	if unix.IoctlSetTermios(fd, unix.TCSETS, &raw) != nil {
		return func() {}
	}
	terminal.fd, terminal.state = fd, old
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var b [1]byte
		for {
			select {
			case <-quit:
				return
			default:
			}
			if n, err := unix.Read(fd, b[:]); err != nil && err != unix.EINTR {
				return
			} else if n == 1 {
				select {
				case keys <- b[0]:
				case <-quit:
					return
				}
			}
		}
	}()
	return func() {
		close(quit)
		<-done
		restoreTerminal()
	}
}

// restoreTerminal undoes readKeys.
func restoreTerminal() {
	if terminal.state != nil {
		unix.IoctlSetTermios(terminal.fd, unix.TCSETS, terminal.state)
		terminal.state = nil
	}
}
