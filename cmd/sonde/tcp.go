package main

import (
	"github.com/spf13/cobra"

	"sonde/scan/job"
)

var _ = addCommand(newTCP)

func newTCP(a *app) *cobra.Command {
	return a.asks(&cobra.Command{
		Use:   "tcp TARGET... [-p PORTS]",
		Short: "Which TCP ports are open, closed, filtered?",
	}, func(o *options) {
		o.set.StringArrayVarP(&o.spec.Ask.Scan, "scan", "s", nil, "how to ask, by `KIND`: "+job.ScanLetters()+" (default: S where permitted, else T)")
		o.ports("top 1000")
		o.confirm("complete a handshake with each open port, to tell it from a middlebox that answers in its place")
		o.services()
		o.set.BoolVar(&o.spec.Ask.UDP, "udp", false, "UDP ports as well: those of -p, or all that there is a question for")
		o.common()
		o.guard()
	})
}
