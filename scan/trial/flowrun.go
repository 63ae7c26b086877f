package trial

import (
	"context"
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// FlowConfig is which flows are asked again and again, to see whether some are never
// answered.
type FlowConfig struct {
	Target netip.Addr
	Kind   probe.Kind
	Ports  []uint16 // one of them 0 for kinds that have none; each of a flow's own
	Flows  uint16   // for each port: they differ in their source port alone
	Rounds uint32
}

// AskFlows sends the same packet of each flow once in each round, long enough after the
// last one that the target takes it for new. Where the whole first round is answered there
// is nothing to ask again, and it ends. A flow's number is that of its port times Flows,
// plus its own.
func AskFlows(ctx context.Context, e *scan.Engine, base scan.Plan, c FlowConfig) (answers []FlowAnswer, stats scan.Stats, err error) {
	p := base
	p.Targets, p.Kinds, p.Asks = scan.NewAddrs(c.Target), []probe.Kind{c.Kind}, nil
	for _, port := range c.Ports {
		p.Asks = append(p.Asks, scan.Ask{Port: port})
	}
	p.Flows, p.Variants, p.Reps = c.Flows, 1, c.Rounds
	p.Settle, p.Order, p.SameFlows = scan.SettleNever, scan.InRounds, true
	number := map[uint16]int{}
	for i, port := range c.Ports {
		number[port] = i * int(c.Flows)
	}
	heard, first := listener{quickest: map[netip.Addr]time.Duration{}}, 0
	stats, err = e.Run(ctx, &p, func(r *scan.Result) {
		kind, sent := heard.kind(r)
		if !sent {
			return
		}
		answers = append(answers, FlowAnswer{Flow: number[r.Probe.Port] + int(r.Probe.Flow), Round: int(r.Probe.Rep), Answered: kind != ""})
		if r.Probe.Rep == 0 && kind != "" {
			first++
		}
		if first == len(c.Ports)*int(c.Flows) {
			e.Stop(&p)
		}
	})
	stats.Loss, stats.ExpectedMissed = -1, -1
	return answers, stats, err
}
