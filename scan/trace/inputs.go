package trace

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
)

// This file finds out by which fields of a packet a router chooses the next hop: of a flow
// that passes it one field at a time is varied, in packets that expire at the next hop.
// Addresses are not varied: others were not asked for.

// inputs are fields by which a router chooses, and those by which it does not.
type inputs struct{ hashed, idle []string }

// mostInputs is of how many routers, at most, it is found out.
const mostInputs = 8

// findInputs asks it of the routers that balance by flow.
func (b *brancher) findInputs(ctx context.Context) error {
	b.inputs = map[node]inputs{}
	for ttl := uint8(1); ttl <= b.end; ttl++ {
		for _, g := range b.groups(ttl) {
			_, next := b.next(ttl, &g)
			if !g.from.IsValid() && ttl > 1 || b.balances(ttl, len(next)) != report.PerFlow || len(b.inputs) >= mostInputs {
				continue
			}
			var in inputs
			for _, field := range b.fields() {
				if ctx.Err() != nil {
					return nil
				}
				seen, n, err := b.vary(ctx, ttl, &g, next, field)
				switch {
				case err != nil:
					return err
				case seen > 1:
					in.hashed = append(in.hashed, field.name)
				case n >= b.rule.after(1):
					in.idle = append(in.idle, field.name)
				}
			}
			b.inputs[node{ttl, g.from}] = in
		}
	}
	return nil
}

// varied is a field that is varied.
type varied struct {
	name string
	part part
	// known says that flows differ in nothing else that is hashed: nothing has to be asked.
	known bool
}

// part is where it stands.
type part uint8

const (
	partSource part = iota
	partPort
	partLabel
)

// fields are those that are varied, by what asks.
func (b *brancher) fields() (list []varied) {
	label := !b.c.Target.Is4() && !b.crafts()[0].Has(probe.GivenFlowLabel)
	source := varied{"source port", partSource, !label}
	if b.c.Kind.Class() == probe.ClassEcho {
		source.name = "icmp checksum or identifier"
	}
	list = append(list, source)
	if b.c.Kind.Class() != probe.ClassEcho {
		list = append(list, varied{"destination port", partPort, false})
	}
	if label {
		list = append(list, varied{"flow label", partLabel, false})
	}
	return list
}

// vary asks at a TTL as many packets of a flow of g that differ in one field as would show
// that it is hashed. It returns how many next hops of g answered, and to how many packets.
func (b *brancher) vary(ctx context.Context, ttl uint8, g *group, next map[netip.Addr]int, field varied) (seen, n int, err error) {
	if field.known {
		return len(next), b.rule.after(1), nil
	}
	flow := b.passes(ttl, g)
	if flow < 0 {
		return 0, 0, nil
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	who := map[netip.Addr]bool{}
	times := b.rule.after(1)
	one := func(p scan.Plan, flow, flows, rep int) {
		p.TTLs, p.Reps, p.Flows, p.SourcePort = ttl, uint32(rep)+1, pageFlows, b.page(flow/pageFlows)
		from := uint16(flow % pageFlows)
		p.Watcher = &only{plan: &p, ttl: ttl, from: from, to: from + uint16(flows), rep: uint32(rep)}
		stats, err := b.e.Run(ctx, &p, func(r *scan.Result) {
			mu.Lock()
			defer mu.Unlock()
			if from := r.Reply.From; next[from] > 0 && r.Reply.Event == probe.ICMPError {
				who[from] = true
				n++
			}
		})
		mu.Lock()
		defer mu.Unlock()
		b.add(stats)
		errs = append(errs, err)
	}
	switch field.part {
	case partSource:
		p := b.plan()
		b.fixLabel(&p)
		one(p, 0, min(times, pageFlows), 0)
	case partPort:
		for i := range times {
			wg.Go(func() { one(b.toPort(i), flow, 1, 0) })
		}
		wg.Wait()
	case partLabel: // one after the other: nothing else in their answers tells them apart
		for i := range min(times, mostAsks) {
			p := b.plan()
			b.labelled(&p, (plainLabel+uint32(i)*48271)&0xfffff)
			one(p, flow, 1, i)
		}
	}
	return len(who), n, errors.Join(errs...)
}

// passes is a flow that comes from g to a TTL and is answered there; negative: none is known.
func (b *brancher) passes(ttl uint8, g *group) int {
	return slices.IndexFunc(g.members, func(f int) bool { return b.at(ttl, f).who.IsValid() })
}

// crafts are the shapes of the packets, in the family of the target.
func (b *brancher) crafts() []probe.Craft {
	p := b.plan()
	list := p.Craft
	if !b.c.Target.Is4() && p.Craft6 != nil {
		list = p.Craft6
	}
	if list == nil {
		return []probe.Craft{{Window: 64240}}
	}
	return list
}

// labelled gives the packets of p a flow label of their own.
func (b *brancher) labelled(p *scan.Plan, label uint32) {
	c := b.crafts()[0]
	c.FlowLabel, c.Given = label, c.Given|probe.GivenFlowLabel
	p.Craft6 = []probe.Craft{c}
}

// plainLabel is the flow label where another field is varied.
const plainLabel = 0x5eed

// toPort is a plan that asks another port than the one that is traced, which nobody uses.
func (b *brancher) toPort(i int) scan.Plan {
	p := b.plan()
	port := uint16(40007 + 211*i)
	if port == b.c.Port {
		port++
	}
	p.Asks = []scan.Ask{{Port: port}}
	b.fixLabel(&p)
	return p
}

// fixLabel keeps the flow label, which otherwise follows from the ports.
func (b *brancher) fixLabel(p *scan.Plan) {
	if !b.c.Target.Is4() && !b.crafts()[0].Has(probe.GivenFlowLabel) {
		b.labelled(p, plainLabel)
	}
}

// only asks some flows of a plan once.
type only struct {
	scan.NoWatcher
	plan *scan.Plan
	ttl  uint8
	rep  uint32
	// from and to are the flows, of which the last is not asked.
	from, to uint16
}

// Skip implements scan.Watcher.
func (o *only) Skip(number uint64) bool {
	q := o.plan.At(number)
	return q.TTL != o.ttl || q.Flow < o.from || q.Flow >= o.to || q.Rep != o.rep
}
