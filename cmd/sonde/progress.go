package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"sonde/scan"
)

const (
	progressAfter = 500 * time.Millisecond
	progressEvery = 500 * time.Millisecond
)

// errQuit is the cause of a run that the user ended with q.
var errQuit = errors.New("ended with q")

// screen is a terminal's last line: shown on stderr, and taken away before
// anything else is written. The zero value shows nothing. It is safe for
// concurrent use.
type screen struct {
	mu    sync.Mutex
	to    *os.File // nil: no terminal
	shown bool
}

// show replaces the line, cut to the terminal's width: one that wraps could not
// be taken away. In the background it is left alone.
func (s *screen) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fd := int(s.to.Fd())
	if !foreground(fd) {
		return
	}
	if width, _, err := term.GetSize(fd); err == nil && width > 0 && len(line) >= width {
		line = line[:width-1]
	}
	fmt.Fprintf(s.to, "\r\x1b[K%s", line)
	s.shown = true
}

// clear takes the line away.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

func (s *screen) erase() {
	if s.shown {
		fmt.Fprint(s.to, "\r\x1b[K")
		s.shown = false
	}
}

// beside returns w so that what is written to it does not land behind the line.
func (s *screen) beside(w io.Writer) io.Writer { return besideScreen{s, w} }

type besideScreen struct {
	s *screen
	w io.Writer
}

func (b besideScreen) Write(p []byte) (int, error) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.erase()
	return b.w.Write(p)
}

// progress shows, on a terminal, how far the run is; q ends it with what is
// known. It returns when finished is closed.
func (j *job) progress(cancel context.CancelCauseFunc, finished <-chan struct{}) {
	if j.screen.to == nil {
		return
	}
	defer j.screen.clear()
	keys := make(chan byte)
	if in, ok := j.app.stdin.(*os.File); ok && isTerminal(in) {
		stop := j.app.keyboard.read(in, keys)
		defer stop()
	}
	timer := time.NewTimer(progressAfter)
	defer timer.Stop()
	pace := pace{began: time.Now(), at: time.Now()}
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
		j.screen.show(pace.line(j.meta.Command, time.Now(), j.engine.Progress()))
	}
}

// pace turns counts into rates.
type pace struct {
	began time.Time
	at    time.Time // when the rate was last told
	sent  uint64    // and how much was sent until then
	rate  float64   // packets a second
}

// line is "tcp: pass 1, 42 %, 200 packets/s, 90 answers, loss 0.5 %, 6 s left".
// The time left is that of the pass: whether another one follows depends on
// what it finds.
func (c *pace) line(command string, now time.Time, p scan.Progress) string {
	if d := now.Sub(c.at); d >= progressEvery/2 { // a key pressed twice gives no new rate
		c.rate = float64(p.Sent-min(c.sent, p.Sent)) / d.Seconds()
		c.at, c.sent = now, p.Sent
	}
	line := fmt.Sprintf("%s: pass %d, %.0f %%, %.0f packets/s, %d answers", command, p.Pass+1,
		100*float64(p.Asked)/float64(max(1, p.Questions)), c.rate, p.Received)
	if p.Loss >= 0 {
		line += fmt.Sprintf(", loss %.1f %%", 100*p.Loss)
	}
	if p.Asked > 0 && p.Asked < p.Questions {
		left := now.Sub(c.began).Seconds() * float64(p.Questions-p.Asked) / float64(p.Asked)
		line += fmt.Sprintf(", %.0f s left", left)
	}
	return line
}
