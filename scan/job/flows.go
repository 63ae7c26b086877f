package job

import (
	"context"

	"golang.org/x/sync/errgroup"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/trial"
)

// This file asks whether loss belongs to flows rather than to chance, before anything is
// varied: of a bundle of links with one dead member a share of the flows never arrives,
// whatever is in the packets.

// leastDead is a share of dead flows that is to be found, and mostLoss the random loss that
// it is to be told from.
const leastDead, mostLoss = 0.15, 0.3

// askFlows asks it of every target, a few at a time.
func (t *trials) askFlows(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(8)
	for _, d := range t.each {
		g.Go(func() error { return t.askFlowsOf(ctx, d) })
	}
	return g.Wait()
}

// askFlowsOf asks it of one target, by packets of which nothing is varied.
func (t *trials) askFlowsOf(ctx context.Context, d *tried) error {
	flows, rounds := trial.FlowsWorthAsking(leastDead, mostLoss)
	s := t.strands[0]
	if s.port != 0 {
		return nil // there is one flow only
	}
	base := t.base()
	answers, stats, err := trial.AskFlows(ctx, s.engine, base, trial.FlowConfig{Target: d.addr, Kind: t.asked.kind, Ports: []uint16{t.asked.port}, Flows: uint16(flows), Rounds: uint32(rounds)})
	t.addStats(stats)
	v := trial.ByFlow(answers)
	d.flows = &report.Flows{Result: v.Result.String(), Asked: uint32(v.Flows), Silent: uint32(v.Silent), Dead: report.Rate(v.Dead), Low: report.Rate(v.Low), High: report.Rate(v.High), Loss: report.Rate(v.Loss)}
	if v.Result == trial.FlowDead && err == nil {
		err = t.whichPart(ctx, d, v, answers)
	}
	return err
}

// whichPart finds out which part of the headers decides which flows are dead: it asks
// flows that differ in one of them only.
func (t *trials) whichPart(ctx context.Context, d *tried, v *trial.FlowVerdict, answers []trial.FlowAnswer) error {
	flows, rounds := trial.FlowsWorthAsking(v.Dead, v.Loss)
	flows = min(flows, mostOthers)
	c := trial.FlowConfig{Target: d.addr, Kind: t.asked.kind, Ports: []uint16{t.asked.port}, Flows: uint16(flows), Rounds: uint32(rounds)}
	var parts []trial.Part
	add := func(name string, base scan.Plan, c trial.FlowConfig) error {
		answers, stats, err := trial.AskFlows(ctx, t.engine, base, c)
		t.addStats(stats)
		parts = append(parts, trial.Part{Name: name, Answers: answers})
		return err
	}
	base, v6, ports := t.base(), !d.addr.Is4(), t.asked.kind.Class() != probe.ClassEcho
	switch {
	case !v6: // nothing else differs in them
		parts = append(parts, trial.Part{Name: sourcePart(t.asked.kind), Answers: answers})
	default:
		if err := add(sourcePart(t.asked.kind), labelled(base, 1), c); err != nil {
			return err
		}
	}
	if ports {
		one := c
		one.Flows, one.Ports = 1, otherPorts(t.asked.port, flows)
		if err := add("destination port", labelled(base, 1), one); err != nil {
			return err
		}
	}
	if v6 {
		labels, err := t.askLabels(ctx, c)
		if err != nil {
			return err
		}
		parts = append(parts, trial.Part{Name: "flow label", Answers: labels})
	}
	for i, r := range trial.Deciding(parts, v.Dead) {
		switch r {
		case trial.PartDecides:
			d.flows.Decides = append(d.flows.Decides, parts[i].Name)
		case trial.PartIdle:
			d.flows.Idle = append(d.flows.Idle, parts[i].Name)
		}
	}
	return nil
}

// sourcePart is what flows of a kind differ in.
func sourcePart(k probe.Kind) string {
	if k.Class() == probe.ClassEcho {
		return "sequence number"
	}
	return "source port"
}

// labelled is a plan whose packets to IPv6 targets all have the same flow label, which
// otherwise follows from the ports.
func labelled(p scan.Plan, label uint32) scan.Plan {
	c := p.Craft6[0]
	c.FlowLabel, c.Given = label, c.Given|probe.GivenFlowLabel
	p.Craft6 = []probe.Craft{c}
	return p
}

// mostOthers is how many flows are asked that differ in one part, at most.
const mostOthers = 100

// otherPorts are ports at a target that are likely to answer alike, if any does: nobody
// uses them.
func otherPorts(but uint16, n int) (list []uint16) {
	for port := uint16(40007); len(list) < n; port += 211 {
		if port != but {
			list = append(list, port)
		}
	}
	return list
}

// mostLabels is how many flow labels are tried: one after the other, since their packets
// differ in nothing that an answer tells.
const mostLabels = 12

// askLabels asks flows that differ in their flow label only.
func (t *trials) askLabels(ctx context.Context, c trial.FlowConfig) (all []trial.FlowAnswer, err error) {
	base := t.base()
	block := t.network.Ports
	base.SourcePort = block.First + block.N - 1
	rounds := min(c.Rounds, 2)
	c.Flows, c.Rounds = 1, 1
	for round := range int(rounds) {
		for label := range mostLabels {
			answers, stats, err := trial.AskFlows(ctx, t.engine, labelled(base, uint32(label)*48271+5), c)
			t.addStats(stats)
			if err != nil {
				return all, err
			}
			for _, a := range answers {
				all = append(all, trial.FlowAnswer{Flow: label, Round: round, Answered: a.Answered})
			}
			if !t.engine.Wait(ctx, scan.Retransmission, nil) {
				return all, nil
			}
		}
	}
	return all, nil
}
