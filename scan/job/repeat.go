package job

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/repeat"
	"sonde/scan/report"
	"sonde/scan/sweep"
)

// This file is -c: every question is asked so many times, one packet each, and its
// record tells what became of them.

// times is how often every question is asked by -c; 0: until it is decided.
func (s *Spec) times() uint32 { return uint32(value(s.Pace.Count, 0)) }

// fewRepeated is of how many questions at most each repetition is told as it is decided:
// nobody reads along with more.
const fewRepeated = 16

// repeatedly is the questions that kind asks of targets, as often as the user said.
func (j *job) repeatedly(targets scan.Targets, kind probe.Kind, ports []uint16) repeat.Config {
	return repeat.Config{Targets: targets, Kind: kind, Ports: ports, Times: j.spec.times(), Interval: j.spec.Pace.interval()}
}

// ask carries out c. base has what all plans have in common.
func (j *job) ask(ctx context.Context, base scan.Plan, c repeat.Config) error {
	if j.env.Once != nil && c.Targets.Len()*uint64(len(c.Ports)) <= fewRepeated {
		c.Each = func(r *scan.Result) { j.once(c.Kind, r) }
	}
	stats, err := repeat.Run(ctx, j.engine, base, c)
	j.addStats(stats)
	return err
}

// once tells of one repetition.
func (j *job) once(kind probe.Kind, res *scan.Result) {
	if res.Reply.Event == probe.Deadline {
		return // nothing became of it
	}
	o := &report.Once{Addr: res.Probe.Target, Port: res.Probe.Port, Number: res.Probe.Rep + 1,
		Verdict: report.Verdict{State: res.Verdict.State, Reason: res.Verdict.Reason, Tries: 1, Asked: j.asked.asks(kind)}}
	if j.spec.Command != "sweep" {
		o.Proto = kind.Proto()
	}
	j.fill(&o.Verdict, &res.Reply, res.RTT)
	j.env.Once(o)
}

// repeated is what a record says of all repetitions of a question.
func repeated(q *repeat.Question) *report.Repeat {
	t := &q.Times
	r := &report.Repeat{Sent: q.Sent, Answered: q.Answered, Min: report.RTT(t.Min), Avg: report.RTT(t.Mean()), Max: report.RTT(t.Max),
		Deviation: report.RTT(t.Deviation()), P50: t.Percentile(50), P90: t.Percentile(90), P99: t.Percentile(99),
		Unsent: q.Unsent, Late: q.Late, Duplicates: q.Duplicates, Reordered: q.Reordered}
	for _, a := range q.Answers {
		mine := report.Answers{State: a.Verdict.State, Reason: a.Verdict.Reason, Weak: a.Weak, N: a.N}
		if own := q.Result.Probe.Target.WithZone(""); a.From != own {
			mine.From = a.From
		}
		r.Answers = append(r.Answers, mine)
	}
	return r
}

// gaveUp notes that not all of a question's repetitions were asked.
func (j *job) gaveUp(q *repeat.Question) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.outcome.GaveUp = j.outcome.GaveUp || q.GaveUp
}

// explain says what of -c is not as the user might think.
func (j *job) explain(kind probe.Kind) {
	times, interval := uint64(j.spec.times()), j.spec.Pace.interval()
	if j.spec.Packet.SourcePort != nil && interval < scan.Retransmission {
		j.note(fmt.Sprintf("-g: with one source port a repetition is the same packet again, so they are %v apart, and an answer that takes longer is late", scan.Retransmission))
	}
	if !j.network.Raw() {
		return
	}
	ports := uint64(scan.RoundPorts(j.network.Ports, kind))
	rest := scan.PortRest(kind)
	if j.spec.Packet.SourcePort != nil || ports == 0 || times <= ports || time.Duration(ports)*interval >= rest {
		return
	}
	waits := (times - 1) / ports
	j.note(fmt.Sprintf("-c %d: every repetition has a source port of its own, of which there are %d, and each rests for %v before it is used again: the run waits for them, %v in all",
		times, ports, rest, (time.Duration(waits) * (rest - time.Duration(ports)*interval)).Round(time.Second)))
}

// repeatSweep composes who is there and how they answer: a sweep of one ping, asked
// again and again.
func (j *job) repeatSweep() (*composition, error) {
	pings := j.asked.pings
	if pings == nil {
		pings = []sweep.Ping{{Kind: probe.Echo}}
		if !j.network.Raw() && j.network.NoEcho != nil {
			pings = []sweep.Ping{{Kind: probe.Connect, Port: 80}}
			j.note(fmt.Sprintf("no echo requests by the kernel (%v), so -c asks by connect to port 80", j.network.NoEcho))
		}
	}
	parts, err := j.parts(j.targets.All, pings)
	if err == nil {
		err = j.spec.checkParts(parts)
	}
	if err != nil {
		return nil, err
	}
	j.guarded()
	j.explain(pings[0].Kind)
	j.shareParts(parts)
	j.scan.Addresses = j.share(j.targets.All).Len()
	j.scan.Probes = j.scan.Addresses * uint64(j.spec.times())
	c := &composition{parts: parts, yes: probe.Up}
	var configs []repeat.Config
	for _, part := range parts {
		if part.Targets.Len() == 0 {
			continue
		}
		config := j.repeatedly(part.Targets, part.Pings[0].Kind, []uint16{part.Pings[0].Port})
		c.plans = append(c.plans, config.Plan(j.base()))
		configs = append(configs, config)
	}
	c.body = func(ctx context.Context) error {
		for _, config := range configs {
			config.Done = func(list []repeat.Question) { j.repeatedHost(ctx, config.Kind, &list[0]) }
			if err := j.ask(ctx, j.base(), config); err != nil {
				return err
			}
		}
		return nil
	}
	return c, nil
}

// repeatedHost reports a host that was asked whether it is there.
func (j *job) repeatedHost(ctx context.Context, kind probe.Kind, q *repeat.Question) {
	h := hostOf(q)
	h.Asked = kind
	r := j.hostRecord(&h)
	r.Repeat, r.RTT, r.HasRTT = repeated(q), 0, false
	for i := range r.Repeat.Answers { // which are of the host, whatever they say of a port
		a := &r.Repeat.Answers[i]
		if a.State = probe.Unknown; !a.From.IsValid() {
			a.State = probe.Up
		}
	}
	j.gaveUp(q)
	j.scoreHost(&h, r)
	j.mu.Lock()
	listed := r.Named || !silent(&h) || j.wantsSilent()
	if !listed {
		j.outcome.Tally.Add(r)
	}
	j.mu.Unlock()
	j.unverifiedHost(ctx, h.Addr, &h.Reply)
	if listed {
		j.put(ctx, r)
	}
}

// hostOf is what a question tells of its host: up if it sent anything itself, and down
// only on evidence.
func hostOf(q *repeat.Question) sweep.Host {
	r := &q.Result
	h := sweep.Host{Addr: r.Probe.Target, State: probe.Unknown, Reason: r.Verdict.Reason, Reply: r.Reply, RTT: r.RTT, Tries: 1}
	switch {
	case r.Reply.Event == probe.Answer || r.Reply.Event == probe.ICMPError && r.Reply.Who == probe.Target:
		h.State = probe.Up
	case r.Verdict.Reason == probe.ReasonNoNeighbour:
		h.State, h.Reply.From = probe.Down, netip.Addr{} // it is our own kernel that says so
	case r.Reply.Event == probe.ICMPError && (r.Verdict.Reason == probe.HostUnreach || r.Verdict.Reason == probe.AddrUnreach):
		for _, a := range q.Answers { // said twice by its last router
			if a.Verdict.Reason == r.Verdict.Reason && a.N >= 2 {
				h.State = probe.Down
			}
		}
	}
	return h
}

// askRepeatedly asks all ports of hosts again and again. up are hosts that a sweep has
// found.
func (p *portScan) askRepeatedly(ctx context.Context, hosts scan.Targets, up []sweep.Host) error {
	found := make(map[netip.Addr]*sweep.Host, len(up))
	for i := range up {
		found[up[i].Addr] = &up[i]
	}
	c := p.repeatedly(hosts, p.kind, p.asked.ports)
	c.Done = func(list []repeat.Question) {
		h := sweep.Host{Addr: list[0].Result.Probe.Target, State: probe.NotTested, RTT: -1}
		if swept := found[h.Addr]; swept != nil {
			h = *swept
			delete(found, h.Addr)
		}
		for i := range list {
			q := &list[i]
			p.repeatedPort(q)
			if of := hostOf(q); h.State != probe.Up && (of.State == probe.Up || of.State == probe.Down && of.Reason == probe.ReasonNoNeighbour) {
				h = of
			}
		}
		p.host(ctx, &h, len(list))
	}
	err := p.ask(ctx, p.portBase(), c)
	for i := range up { // time was up before they were asked
		if found[up[i].Addr] != nil {
			p.host(ctx, &up[i], len(p.asked.ports))
		}
	}
	return err
}

// repeatedPort reports one port.
func (p *portScan) repeatedPort(q *repeat.Question) {
	r := p.portRecord(&q.Result)
	r.Tries = 1 // of each repetition
	r.Repeat, r.RTT, r.HasRTT = repeated(q), 0, false
	p.gaveUp(q)
	p.unverified(&p.wrong, r.Addr, r.Port, &q.Result.Reply)
	p.record(r)
	if r.State != probe.Unknown || !p.passedOver(r.Addr) {
		p.count(r.State, r.Reason)
	}
}
