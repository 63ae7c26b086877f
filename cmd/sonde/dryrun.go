package main

import (
	"bufio"
	"fmt"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/capture"
	"sonde/scan/sweep"
)

// dryRun prints the first packet of every question, and sends nothing.
func (j *job) dryRun(plans func() ([]scan.Plan, error)) error {
	defer j.close()
	list, err := plans()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(j.app.stdout)
	cfg := scan.Config{Routes: j.network.routes, Start: j.network.start, Timing: j.flags.timing(), Ports: j.network.ports}
	var line []byte
	var pkt wire.Packet
	for i := range list {
		p := &list[i]
		err := scan.Preview(cfg, p, func(etherType uint16, b []byte, q probe.Probe) bool {
			kind := p.Kinds[q.Kind]
			if b == nil {
				line = fmt.Appendf(line[:0], "%s %v", kind.Name(), q.Target)
				if q.Port != 0 {
					line = fmt.Appendf(line, " port %d", q.Port)
				}
				if way := j.network.routes.Ways()[q.Way]; way.Err != nil {
					line = fmt.Appendf(line, ": no way: %v", way.Err)
				}
			} else {
				pkt.Parse(b, etherType)
				line = capture.AppendLine(line[:0], &pkt, capture.Sent, 0, etherType, b)
			}
			_, err := out.Write(append(line, '\n'))
			return err == nil
		})
		if err != nil {
			return usage("%w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return local(err)
	}
	return nil
}

// pingPlans are the plans of a sweep, for a dry run.
func (j *job) pingPlans(parts []sweep.Part) []scan.Plan {
	var plans []scan.Plan
	for _, part := range parts {
		if part.Targets.Len() > 0 {
			plans = append(plans, *sweep.Plan(j.base(), part))
		}
	}
	return plans
}
