package job

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"sonde/scan"
	"sonde/scan/sandbox"
)

// begin opens what records and packets go to.
func (j *job) begin(ctx context.Context, cancel context.CancelCauseFunc) (tap scan.Tap, untap func() error, err error) {
	untap = func() error { return nil }
	if j.env.Begin != nil {
		if err := j.env.Begin(ctx, j.scan.Resumed, j.kept.known()); err != nil {
			return nil, nil, unopened(ctx, err)
		}
	}
	if j.env.Tap != nil {
		frames := slices.ContainsFunc(j.network.Routes.Ways(), func(w scan.Way) bool { return w.Ether })
		t, done, err := j.env.Tap(ctx, j.network.Start, frames)
		if err != nil {
			return nil, nil, unopened(ctx, err)
		}
		if t != nil {
			tap, untap = t, done
		}
	}
	if err := j.kept.start(cancel); err != nil {
		return nil, nil, errors.Join(err, untap())
	}
	if err := j.beginThen(); err != nil { // while programs may be started
		return nil, nil, errors.Join(err, untap(), j.kept.finish())
	}
	if err := j.network.GiveUp(j.later()); err != nil {
		return nil, nil, errors.Join(Local(err), j.then.finish(ctx), untap(), j.kept.finish())
	}
	return tap, untap, nil
}

// later is which files the run will change by name when it is under way or over.
func (j *job) later() (f sandbox.Files) {
	if j.env.Renames != nil {
		f.Rename = j.env.Renames()
	}
	if j.kept != nil {
		f.Rewrite = []string{filepath.Dir(j.kept.path)}
	}
	return f
}

// unopened is the error of what could not be opened: if only because the user did
// not want to wait, the exit code is that of the signal.
func unopened(ctx context.Context, err error) error {
	if code, _ := signalled(context.Cause(ctx)); code != 0 {
		return &Error{code, err}
	}
	return Local(err)
}
