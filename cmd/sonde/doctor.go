package main

import (
	"context"

	"github.com/spf13/cobra"

	"sonde/scan/doctor"
	"sonde/scan/job"
	"sonde/scan/report"
	"sonde/scan/target"
)

var _ = addCommand(newDoctor)

func newDoctor(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor [TARGET...]",
		Short: "What may I do here, and which way would packets take?",
	}
	return a.runs(cmd, func(o *options) {
		o.common()
		o.set.MarkHidden("numeric") // which it always is
	}, func(ctx context.Context, env *job.Env, s *job.Spec, out report.Sink) (job.Outcome, error) {
		var t *target.Result
		if len(s.Targets.Words) > 0 {
			var err error
			if t, err = job.Resolve(ctx, env, s); err != nil {
				return job.Outcome{}, err
			}
		}
		return doctor.Run(ctx, env, s, t, out)
	})
}
