package main

import (
	"fmt"
	"os"
	"time"

	"sonde/cmd/terminal"
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
	if w.view != nil {
		if w.view.Run(finished, nil, nil) {
			run.Stop(job.ErrQuit)
		}
		return
	}
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
	shown, told := terminal.NewPace(w.spec.Rounds()), terminal.NewPace(w.spec.Rounds())
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
func (w *session) stand(run *job.Running, p *terminal.Pace) string {
	if run.Reading != nil {
		return p.Read(run.Command, time.Now(), run.Reading())
	}
	if n := run.Round(); n > 0 {
		return fmt.Sprintf("%s: round %d, waiting for %s", run.Command, n, w.spec.WaitFor)
	}
	if stage := run.Stage(); stage != "" {
		return run.Command + ": " + stage
	}
	return p.Line(run.Command, time.Now(), run.Progress())
}
