package main

import "github.com/spf13/cobra"

var _ = addCommand(newFP)

func newFP(a *app) *cobra.Command {
	return a.asks(&cobra.Command{
		Use:   "fp TARGET... [-p PORTS]",
		Short: "What runs there, and by which way is it reached?",
	}, func(o *options) {
		o.ports("top 1000")
		o.set.BoolVar(&o.spec.Ask.UDP, "udp", false, "UDP ports as well: those of -p, or all that there is a question for")
		o.common()
		o.guard()
		o.ours()
		o.set.StringVar(&o.spec.Ask.Fingerprints, "fingerprints", "", "`DIR` of patterns in recog's XML that name products, beside our own")
		o.set.BoolVar(&o.spec.Ask.Thorough, "thorough", false, "ask ports that are not understood everything that can be asked")
		o.set.BoolVar(&o.spec.System.Off, "no-os", false, "do not ask which system a host is")
		o.set.StringVar(&o.systems, "os-db", "", "`FILE` of systems, TOML or JSON, instead of those that are known")
		o.set.BoolVar(&o.spec.System.Sample, "os-sample", false, "write what was seen of a system as a row of such a file")
	})
}
