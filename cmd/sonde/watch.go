package main

import (
	"context"

	"sonde/cmd/screen"
	"sonde/scan/job"
	"sonde/scan/report"
)

// newScreen is what shows a watched trace on the terminal; nil: nothing does.
func (a *app) newScreen(s *job.Spec) *screen.Screen {
	v := screen.New(a.stdout, a.stdin, a.looks(), s)
	if v != nil {
		v.Keyboard = &a.keyboard
	}
	return v
}

// runTrace is job.Run, or shows the watched trace that --replay names.
func (a *app) runTrace(ctx context.Context, env *job.Env, s *job.Spec, out report.Sink) (job.Outcome, error) {
	if s.Show.Replay == "" {
		return job.Run(ctx, env, s, out)
	}
	return screen.Replay(ctx, env, s, out, a.view.Load())
}
