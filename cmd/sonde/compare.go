package main

import (
	"github.com/spf13/cobra"

	"sonde/scan/compare"
)

var _ = addCommand(newCompare)

func newCompare(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compare NEAR FAR",
		Short: "Where did it get lost: on the way there, at the far host, on the way back?",
	}
	return a.runs(cmd, func(o *options) {
		o.common()
		o.set.MarkHidden("numeric") // which it always is
		o.set.Lookup("verbose").Usage = "list what was answered, too, and all changes"
		o.pair("two captures, NEAR and FAR", &o.spec.Compare.Near, &o.spec.Compare.Far)
	}, compare.Run)
}
