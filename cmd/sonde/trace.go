package main

import (
	"context"

	"github.com/spf13/cobra"

	"sonde/cmd/screen"
	"sonde/scan/job"
	"sonde/scan/report"
)

var _ = addCommand(newTrace)

func newTrace(a *app) *cobra.Command {
	return a.runs(&cobra.Command{
		Use:   "trace TARGET... [-p PORT]",
		Short: "Which way do packets take, and what does each hop do to them?",
	}, func(o *options) {
		o.set.StringVarP(&o.spec.Ask.Ports, "port", "p", "", "`PORT` to trace to; alone it means tcp")
		o.set.StringVar(&o.spec.Ask.Proto, "proto", "", "`PROTO`: icmp, tcp or udp (default: tcp with -p, otherwise icmp, and udp where that is not permitted)")
		o.set.Var(number(&o.spec.Ask.Hops), "hops", "`N` hops at most")
		o.set.Lookup("hops").DefValue = "30"
		o.set.Var(number(&o.spec.Ask.Flows), "flows", "`N` flows at most that look for all ways, where routers balance load")
		o.set.StringVar(&o.spec.Show.ASN, "asn", "", "`FILE` of prefixes and AS numbers, for the hops: CSV, pfx2as or MRT")
		o.set.BoolVar(&o.spec.Ask.MTU, "mtu", false, "how long packets may be, and who passes on no more")
		o.set.BoolVar(&o.spec.Ask.Watch, "watch", false, "ask in rounds until stopped, and tell when the way changes")
		o.set.Var(duration(&o.spec.Pace.For), "for", "`DURATION` to watch")
		o.set.StringVar(&o.spec.Show.Metrics, "metrics", "", "answer Prometheus at `ADDR` (9117 is 127.0.0.1:9117) while watching")
		o.set.StringVar(&o.spec.Show.Replay, "replay", "", "show the watched trace that `FILE` has (--watch -o json=FILE), and ask nothing")
		o.common()
		o.ours()
		o.set.Lookup("count").Usage = "ask each hop `N` times more, and tell loss from replies that a hop limits"
		o.set.Lookup("interval").Usage = "`DURATION` between two questions of -c or --watch to a hop"
	}, func(ctx context.Context, env *job.Env, s *job.Spec, out report.Sink) (job.Outcome, error) {
		if s.Show.Replay != "" {
			return screen.Replay(ctx, env, s, out, a.view.Load())
		}
		return job.Run(ctx, env, s, out)
	})
}
