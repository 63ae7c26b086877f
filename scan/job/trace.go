package job

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/trace"
)

// Bounds of a trace.
const (
	traceTimes   = 3     // how often each hop is asked
	traceHops    = 30    // asked where the user does not say
	tracesAtOnce = 256   // targets, behind the first
	traceUDPPort = 33434 // the port where traceroute begins: nobody listens there
)

// trace composes the question by which way each target is reached.
func (j *job) trace() (*composition, error) {
	if j.spec.Ask.MTU && !j.network.Raw() {
		return nil, Local(errors.New("--mtu needs packets of our own: " + strings.Join(j.network.Notes, "; ")))
	}
	j.traceWithoutEcho()
	q := j.asked
	kind, hops := q.kind, value(j.spec.Ask.Hops, traceHops)
	if !j.network.Raw() {
		kind, _ = probe.BySocket(kind) // of the kinds that trace has each can be asked so
	}
	all := j.targets.All
	j.scan.Probes = all.Len() * uint64(hops) * traceTimes
	j.scan.Trace = &report.Trace{Proto: q.proto, Port: q.port, MaxTTL: uint8(hops), TOS: q.tos()}
	if j.spec.Ask.Flows != nil && !j.network.Raw() {
		return nil, Local(errors.New("--flows needs packets of our own: " + strings.Join(j.network.Notes, "; ")))
	}
	c := trace.Config{Kind: kind, Port: q.port, Hops: uint8(hops), Times: traceTimes, Known: new(trace.Known),
		Count: j.spec.times(), Every: j.spec.Pace.interval()}
	if (c.Count > 0 || j.spec.Ask.Watch) && q.proto == "tcp" && c.Every < scan.Retransmission {
		c.Every = scan.Retransmission
		j.note(fmt.Sprintf("%s: SYNs of one flow are %v apart, or a half-open target would swallow some", j.spec.roundsBy(), c.Every))
	}
	if j.spec.Ask.Watch {
		return &composition{yes: probe.Up, body: func(ctx context.Context) error { return j.watchAll(ctx, c) }}, nil
	}
	return &composition{yes: probe.Up, body: func(ctx context.Context) error { return j.traceAll(ctx, c) }}, nil
}

// traceAll traces the first target of each family, and then the others, some at a time, which
// ask no more than what their ways do not have in common with known ones. They are told in the
// order of the targets.
func (j *job) traceAll(ctx context.Context, c trace.Config) error {
	all := j.targets.All
	var g errgroup.Group
	g.SetLimit(tracesAtOnce)
	told := make(chan struct{})
	close(told) // of the target before the first
	var first firsts
	for i := range all.Len() {
		before, done := told, make(chan struct{})
		told = done
		target := all.At(i)
		known, found := first.turn(target)
		g.Go(func() error {
			defer close(done)
			defer found()
			c := c
			c.Target, c.Found = target, found
			select {
			case <-known:
			case <-ctx.Done():
			}
			return j.traceTo(ctx, c, before)
		})
		if ctx.Err() != nil {
			break
		}
	}
	return g.Wait()
}

// firsts are the first targets of each family, whose ways are to be known before those of
// others are looked for: what they have in common is asked once. These two are traced one
// after the other, so that one who asks twice for the same is told the same.
type firsts [2]chan struct{}

// turn returns what is closed when a target may be traced, and what is to be called when its
// way is known, once or more often.
func (f *firsts) turn(target netip.Addr) (known <-chan struct{}, found func()) {
	family := 0
	if target.Is6() {
		family = 1
	}
	if f[family] != nil {
		return f[family], func() {}
	}
	way := make(chan struct{})
	f[family] = way
	if known = f[1-family]; known == nil {
		now := make(chan struct{})
		close(now)
		known = now
	}
	return known, sync.OnceFunc(func() { close(way) })
}

// traceWithoutEcho traces by UDP where the kernel asks and sends no echo requests for
// us, unless the user said what to ask by.
func (j *job) traceWithoutEcho() {
	q := j.asked
	if q.proto != "icmp" || j.spec.Ask.Proto != "" || j.network.Raw() || j.network.NoEcho == nil {
		return
	}
	q.kind, q.proto, q.port = probe.UDP, "udp", traceUDPPort
	j.note(fmt.Sprintf("no echo requests here (%v), so the trace asks by udp %d", j.network.NoEcho, q.port))
}

// traceTo traces one target, and reports its hops when those before it were.
func (j *job) traceTo(ctx context.Context, c trace.Config, before <-chan struct{}) error {
	way, err := trace.Run(ctx, j.engine, j.base(), c)
	j.addStats(way.Stats)
	var mtu *trace.MTU
	if err == nil && ctx.Err() == nil && j.spec.Ask.MTU {
		mtu, err = j.sound(ctx, c, &way)
	}
	var graph *trace.Graph
	if n := value(j.spec.Ask.Flows, 0); err == nil && ctx.Err() == nil && n > 0 {
		if graph, err = trace.Branch(ctx, j.engine, j.base(), c, n, &way); graph != nil {
			j.addStats(graph.Stats)
		}
	}
	<-before
	if graph != nil {
		for _, r := range graph.Records() {
			j.put(ctx, r)
		}
	}
	if mtu != nil {
		j.put(ctx, mtu.Record(c.Target))
	}
	j.putWay(ctx, &way, "", 0)
	j.judgeWay(&way)
	return err
}

// sound measures how long packets may be on a way.
func (j *job) sound(ctx context.Context, c trace.Config, way *trace.Way) (*trace.MTU, error) {
	routes := j.network.Routes
	m, err := trace.Sound(ctx, j.engine, j.base(), c, way, routes.Ways()[routes.Way(c.Target)].Link)
	if m != nil {
		j.addStats(m.Stats)
	}
	return m, err
}

// putWay reports a way: what there is to be known of it before its hops. proto and port
// are what it was traced with, where the scan record does not tell.
func (j *job) putWay(ctx context.Context, way *trace.Way, proto string, port uint16) {
	if f := way.Finding(); f != nil {
		j.put(ctx, f)
	}
	for _, r := range way.Rewrites() {
		j.put(ctx, r)
	}
	for _, r := range way.Records() {
		r.Proto, r.Port = proto, port
		if j.env.Origin != nil && r.From.IsValid() {
			if as, ok := j.env.Origin(r.From); ok {
				r.AS = &as
			}
		}
		j.put(ctx, r)
	}
}
