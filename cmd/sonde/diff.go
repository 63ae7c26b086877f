package main

import (
	"github.com/spf13/cobra"

	"sonde/output/read"
	"sonde/scan/diff"
)

var _ = addCommand(newDiff)

func newDiff(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "What changed between two runs?",
	}
	in := &diff.Input{Stdin: a.stdin, Records: read.Records}
	return a.runs(cmd, func(o *options) {
		o.common()
		o.set.MarkHidden("numeric") // which it always is
		o.set.Lookup("verbose").Usage = "list weak differences, too"
		o.pair("two files, OLD and NEW", &o.spec.Diff.Old, &o.spec.Diff.New)
	}, in.Run)
}
