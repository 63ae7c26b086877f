package main

import "github.com/spf13/cobra"

var _ = addCommand(newTrial)

func newTrial(a *app) *cobra.Command {
	return a.asks(&cobra.Command{
		Use:   "trial TARGET... -p PORT --vary FIELD=A|B...",
		Short: "Which property of the packet makes the difference?",
	}, func(o *options) {
		o.set.StringArrayVar(&o.spec.Trial.Vary, "vary", nil, "`FIELD=A|B|…`: a factor and its values; repeatable")
		o.set.StringVarP(&o.spec.Ask.Ports, "port", "p", "", "`PORT` that is asked; alone it means tcp")
		o.set.StringVar(&o.spec.Ask.Proto, "proto", "", "`PROTO`: icmp, tcp or udp (default: tcp with -p, otherwise icmp)")
		o.set.BoolVar(&o.spec.Trial.Locate, "locate", false, "between which hops the difference begins")
		o.set.BoolVar(&o.spec.Trial.UntilSure, "until-sure", false, "stop as soon as it is settled")
		o.common()
		o.ours()
		o.set.Lookup("count").Usage = "`N` blocks, in each of which every variant is sent once; with --until-sure at most"
		o.set.Lookup("interval").Usage = "`DURATION` between the beginnings of two blocks"
		o.set.Lookup("interval").DefValue = "as many packets need"
		o.set.Lookup("count").DefValue = "100"
	})
}
