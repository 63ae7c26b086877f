package main

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"sonde/scan"
	"sonde/scan/job"
)

// progressEvery is how often the line is drawn, for the first time so long after the start:
// shorter work has none.
const progressEvery = 500 * time.Millisecond

// watchBriefly is watch, and does not wait for a terminal that stands still (Ctrl-S)
// when the run is over.
func (w *session) watchBriefly(finished <-chan struct{}, run *job.Running) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.watch(finished, run)
	}()
	select {
	case <-done:
		return
	case <-finished:
	}
	briefly(grace, func() { <-done })
}

// watch shows, on a terminal, how far the run is, and q ends it with what is known; with
// --stats it tells that line by line, too, wherever stderr goes. It returns when finished
// is closed.
func (w *session) watch(finished <-chan struct{}, run *job.Running) {
	var redraw, tell <-chan time.Time // nil: never
	keys := make(chan byte)
	if w.screen.To != nil {
		defer w.screen.Clear()
		if in, ok := w.app.stdin.(*os.File); ok && isTerminal(in) {
			stop := w.app.keyboard.Read(in, keys)
			defer stop()
		}
		timer := time.NewTicker(progressEvery)
		defer timer.Stop()
		redraw = timer.C
	}
	if every := w.spec.Show.Stats; every != nil {
		timer := time.NewTicker(time.Duration(*every))
		defer timer.Stop()
		tell = timer.C
	}
	if redraw == nil && tell == nil {
		return
	}
	shown, told := newPace(w.spec), newPace(w.spec)
	for {
		select {
		case <-finished:
			return
		case k := <-keys:
			if k == 'q' {
				run.Stop(job.ErrQuit)
				return
			}
		case <-tell:
			if w.screen.To != nil {
				w.screen.Clear()
			}
			w.app.note("%s", w.stand(run, told))
			continue
		case <-redraw:
		}
		if !w.followed.Load() {
			w.screen.Show(w.stand(run, shown))
		}
	}
}

// stand says how far the run is.
func (w *session) stand(run *job.Running, p *pace) string {
	if run.Reading != nil {
		return p.read(run.Command, time.Now(), run.Reading())
	}
	if n := run.Round(); n > 0 {
		return fmt.Sprintf("%s: round %d, waiting for %s", run.Command, n, w.spec.WaitFor)
	}
	if stage := run.Stage(); stage != "" {
		return run.Command + ": " + stage
	}
	return p.line(run.Command, time.Now(), run.Progress())
}

func newPace(s *job.Spec) *pace {
	now := time.Now()
	return &pace{began: now, at: now, rounds: s.Rounds()}
}

// pace turns counts into rates.
type pace struct {
	began   time.Time
	at      time.Time // when the rate was last told
	packets uint64    // and how many were sent, or read, until then
	rate    float64   // packets a second
	// rounds is how often every question is asked (-c); 0: until it is decided
	rounds uint64
}

// line is "tcp: pass 1, 42 %, 200 packets/s, 90 answers, loss 0.5 %, 6 s left".
// The time left is that of the pass: whether another one follows depends on
// what it finds.
func (c *pace) line(command string, now time.Time, p scan.Progress) string {
	c.count(now, p.Sent)
	stage := fmt.Sprintf("pass %d", p.Pass+1)
	if c.rounds > 0 {
		stage = fmt.Sprintf("round %d of %d", min(p.Asked*c.rounds/max(1, p.Questions)+1, c.rounds), c.rounds)
	}
	line := fmt.Sprintf("%s: %s, %.0f %%, %.0f packets/s, %d answers", command, stage,
		100*float64(p.Asked)/float64(max(1, p.Questions)), c.rate, p.Received)
	if p.Loss >= 0 {
		line += fmt.Sprintf(", loss %.1f %%", 100*p.Loss)
	}
	return line + c.left(now, p.Asked, p.Questions)
}

// read is "compare: 42 %, 210000 packets/s, 6 s left".
func (c *pace) read(command string, now time.Time, r job.Reading) string {
	c.count(now, r.Packets)
	return fmt.Sprintf("%s: %.0f %%, %.0f %s/s", command, 100*float64(r.Bytes)/float64(max(1, r.Size)), c.rate, cmp.Or(r.Unit, "packets")) + c.left(now, r.Bytes, r.Size)
}

// count makes a rate of how many packets there were until now.
func (c *pace) count(now time.Time, packets uint64) {
	if d := now.Sub(c.at); d >= progressEvery/2 { // a key pressed twice gives no new rate
		c.rate = float64(packets-min(c.packets, packets)) / d.Seconds()
		c.at, c.packets = now, packets
	}
}

// left says for how long it goes on if the rest is as fast as what is done.
func (c *pace) left(now time.Time, done, all uint64) string {
	if done == 0 || done >= all {
		return ""
	}
	return fmt.Sprintf(", %.0f s left", now.Sub(c.began).Seconds()*float64(all-done)/float64(done))
}
