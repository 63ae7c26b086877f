package main

import "github.com/spf13/cobra"

var _ = addCommand(newSweep)

func newSweep(a *app) *cobra.Command {
	return a.asks(&cobra.Command{
		Use:   "sweep TARGET...",
		Short: "Who is there?",
	}, func(o *options) {
		o.common()
		o.guard()
	})
}
