package screen

import (
	"context"
	"io"
	"slices"
	"time"

	"sonde/cmd/terminal"
	"sonde/scan/files"
	"sonde/scan/job"
	"sonde/scan/report"
)

// New is the screen of a run: where stdout is a terminal that knows control sequences, and
// nobody asked for another output there. Else it is nil.
func New(stdout io.Writer, stdin io.Reader, looks terminal.Looks, s *job.Spec, keyboard *terminal.Keyboard) *Screen {
	out := terminal.Of(stdout)
	implied := slices.ContainsFunc(s.Show.Outputs, func(o job.Output) bool { return o.Implied && o.Format == "text" })
	if !s.Ask.Watch && s.Show.Replay == "" || out == nil || !implied || looks.Dumb() || s.Show.Packets || s.Show.Stats != nil {
		return nil
	}
	return &Screen{Out: out, In: terminal.Of(stdin), Keyboard: keyboard, Colours: looks.Color(s.Show.Color, true), ASCII: looks.ASCII(), Zone: time.Local, Doing: "watching"}
}

// Replay shows the watched trace that is in a file, on a screen or, where that is nil, as the
// outputs have it. Nothing is asked, and privileges are given up before a byte of the file is
// read. Its error is a *job.Error.
func Replay(ctx context.Context, env *job.Env, s *job.Spec, out report.Sink, v *Screen) (o job.Outcome, err error) {
	f, err := files.Again(s.Show.Replay)
	if err != nil {
		return o, job.Usage("--replay: %w", err)
	}
	defer f.Close()
	r := &Recording{Name: s.Show.Replay, File: f}
	if err = s.GiveUp(); err != nil {
		return o, err
	}
	if err = r.Check(); err != nil {
		return o, job.Usage("--replay: %w", err)
	}
	if err = env.Begin(ctx, false, nil); err != nil {
		return o, job.Local(err)
	}
	if v != nil {
		err = v.Play(r, ctx.Done())
	} else {
		err = r.Play(ctx, out.Put)
	}
	o.Cut, o.Score = context.Cause(ctx), job.Score{Yes: 1}
	switch {
	case err != nil:
		err = job.Local(err)
	case r.Torn != nil && o.Cut == nil:
		err = job.Usage("--replay: %w", r.Torn)
	}
	return o, err
}
