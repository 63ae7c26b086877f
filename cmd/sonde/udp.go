package main

import "github.com/spf13/cobra"

var _ = addCommand(newUDP)

func newUDP(a *app) *cobra.Command {
	return a.asks(&cobra.Command{
		Use:   "udp TARGET... [-p PORTS]",
		Short: "Which UDP ports are open, closed, filtered?",
	}, func(o *options) {
		o.ports("top 100")
		o.confirm("ask silent ports again at the pace at which the host tells of closed ones, however long it takes")
		o.services()
		o.common()
	})
}
