package main

import (
	"context"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"sonde/output"
	"sonde/probe"
	"sonde/scan/target"
	"sonde/scan/trace"
)

// traceFlags say what to trace with.
type traceFlags struct {
	port  string
	proto string
	hops  int
}

func newTrace(a *app) *cobra.Command {
	var f flags
	var t traceFlags
	cmd := &cobra.Command{
		Use:   "trace TARGET... [-p PORT]",
		Short: "Which way do packets take, and what does each hop do to them?",
		Long: `trace asks every hop at once, in one flow: who it is, how far away, and what it
got of our packet, as far as it quotes it. A DSCP that was changed on the way is
shown at the first hop that quotes it changed: it was changed there or before.`,
		Example: `  sonde trace 192.0.2.7
  sonde trace -p 80 --dscp ef 192.0.2.7`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.trace(cmd.Context(), &f, &t, args) },
	}
	s := cmd.Flags()
	s.StringVarP(&t.port, "port", "p", "", "port to trace to; alone it means tcp")
	s.StringVar(&t.proto, "proto", "", "icmp, tcp or udp (default: tcp with -p, otherwise icmp)")
	s.IntVar(&t.hops, "hops", 30, "`N` hops at most")
	f.add(cmd)
	f.addTCP(cmd)
	f.ours(cmd)
	f.hide(cmd, traceHasNo...)
	return cmd
}

// traceHasNo are common flags that have no meaning for a trace.
var traceHasNo = []string{"ping", "open", "ttl", "max-retries", "host-timeout", "exclude", "exclude-file", "dry-run", "expect", "shard", "resume"}

// what reads the flags: the kind and the port to trace with.
func (t *traceFlags) what() (kind probe.Kind, proto string, port uint16, err error) {
	proto = t.proto
	if proto == "" {
		proto = "icmp"
		if t.port != "" {
			proto = "tcp"
		}
	}
	text := t.port
	of := target.TCP
	switch proto {
	case "icmp":
		if text != "" {
			return nil, "", 0, usage("-p %s: icmp has no ports", text)
		}
		return probe.Echo, proto, 0, nil
	case "tcp":
		kind = probe.SYN
		if text == "" {
			text = "80"
		}
	case "udp":
		kind, of = probe.UDP, target.UDP
		if text == "" {
			text = "33434" // where traceroute begins: nobody listens there
		}
	default:
		return nil, "", 0, usage("--proto %s: icmp, tcp or udp", proto)
	}
	list, err := portList(of, text, 0, "", 0)
	if err != nil {
		return nil, "", 0, err
	}
	if len(list) != 1 {
		return nil, "", 0, usage("-p %s: one port at a time", text)
	}
	return kind, proto, list[0], nil
}

// trace reports the way to each target.
func (a *app) trace(ctx context.Context, f *flags, tf *traceFlags, args []string) error {
	if err := f.refuse("a trace has none", traceHasNo...); err != nil {
		return err
	}
	if err := f.check(false); err != nil {
		return err
	}
	if tf.hops < 1 || tf.hops > 63 {
		return usage("--hops: 1 to 63")
	}
	kind, proto, port, err := tf.what()
	if err != nil {
		return err
	}
	if proto != "tcp" && f.given("tcp-options") {
		return usage("--tcp-options: a trace by %s has none", proto)
	}
	if proto == "icmp" && f.given("source-port") {
		return usage("-g: a trace by icmp has no ports")
	}
	t, err := a.targets(ctx, f, args)
	if err != nil {
		return err
	}
	if t.All.Len() > 256 {
		return usage("%d targets: a trace is for a few", t.All.Len())
	}
	j, err := a.newJob(f, "trace", t, request{proto: proto})
	if err != nil {
		return err
	}
	if j.meta.Source.IsValid() {
		j.close()
		return usage("-S %v is not ours: what the hops say would go elsewhere", j.meta.Source)
	}
	if !j.network.raw() && kind == probe.SYN {
		kind = probe.Connect
	}
	tos, _ := f.tosByte()
	j.meta.Probes = t.All.Len() * uint64(tf.hops) * traceTimes
	j.meta.Trace = &output.Trace{Proto: proto, Port: port, MaxTTL: uint8(tf.hops), TOS: tos}
	return j.run(ctx, func(ctx context.Context) error {
		for i := range t.All.Len() {
			c := trace.Config{Target: t.All.At(i), Kind: kind, Port: port, Hops: uint8(tf.hops), Times: traceTimes}
			if err := j.traceTo(ctx, c); err != nil || ctx.Err() != nil {
				return err
			}
		}
		return nil
	})
}

// traceTimes is how often each hop is asked.
const traceTimes = 3

// traceTo traces one target and reports its hops.
func (j *job) traceTo(ctx context.Context, c trace.Config) error {
	way, err := trace.Run(ctx, j.engine, j.base(), c)
	j.mu.Lock()
	j.stats = j.stats.Plus(way.Stats)
	j.mu.Unlock()
	j.hops(ctx, &way, nil)
	state, reason := way.State()
	j.score.add(state, reason, probe.Up)
	if state == probe.Up {
		j.score.answer = "reached"
	}
	return err
}

// hops reports the hops of a way; with is what the records have besides.
func (j *job) hops(ctx context.Context, way *trace.Way, with func(*output.Record)) {
	hops := way.Hops
	if len(hops) == 0 { // the first one has to be there, for the target to be seen
		hops = []trace.Hop{{TTL: 1, Sent: way.Asked, Reason: way.Why, Errno: way.Errno}}
	}
	for i := range hops {
		r := hopRecord(way.Target, &hops[i])
		r.Hops = uint32(len(hops))
		if with != nil {
			with(r)
		}
		j.record(ctx, r)
	}
}

// hopRecord is the record of one hop.
func hopRecord(addr netip.Addr, h *trace.Hop) *output.Record {
	r := &output.Record{Type: output.Hop, Addr: addr, Hop: h.TTL, From: h.From, Others: h.Others, Reason: h.Reason, Errno: h.Errno,
		Reached: h.Reached && h.From == addr.WithZone(""), Quoted: h.Quoted, Visible: h.Quoted > 0,
		HasTOS: h.Quoted > 0, SentTOS: h.SentTOS, SeenTOS: h.SeenTOS,
		Repeat: &output.Repeat{Sent: h.Sent, Answered: h.Received, Min: h.Min, Max: h.Max}}
	if h.Timed > 0 {
		r.Repeat.Avg = h.Total / time.Duration(h.Timed)
	}
	return r
}
