package main

import (
	"testing"

	"sonde/scan/report"
)

// TestTraceLimited: a Linux router as it comes from the kernel sends one time-exceeded a
// second to each target, after a burst of six. That is called a limit, of about one a second,
// and no loss, and how it is seen says nothing of the target. It is asked for twelve seconds, so
// that a machine that is busy for some of them changes nothing.
func TestTraceLimited(t *testing.T) {
	t.Parallel()
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.router.Sysctl("net/ipv4/icmp_ratelimit", "1000")
			o.router.Sysctl("net/ipv6/icmp/ratelimit", "1000")
			got := ask(t, o.client, "trace -n -c 60 --interval 200ms", f.server)
			got.wantExit(t, 0)
			if len(got.hops) != 2 || got.hops[0].Counted == nil || got.hops[1].Counted == nil {
				t.Fatalf("%+v", got.hops)
			}
			router, server := got.hops[0], got.hops[1]
			if c := router.Counted; c.Missing != report.MissingLimited || c.PerSecond < 0.5 || c.PerSecond > 2 {
				t.Errorf("%s: %+v, %d of %d answered", f.router, c, router.Repeat.Answered, router.Repeat.Sent)
			}
			if c := server.Counted; c.Missing == report.MissingLimited || c.Begins != nil && c.Begins.After == 1 && c.Begins.Rate > 0.5 || server.Repeat.Answered < 30 {
				t.Errorf("%s: %+v, %d of %d answered", f.server, c, server.Repeat.Answered, server.Repeat.Sent)
			}
		})
	}
}
