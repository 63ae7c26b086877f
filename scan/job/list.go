package job

import (
	"context"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/target"
)

// mostListed is how many targets are listed: those of a /8 are as many lines as anybody reads.
const mostListed = 1 << 24

// namesInLine is how many targets at a time wait for their names.
const namesInLine = 1024

// listRules refuse what has no place where nobody is asked.
func (s *Spec) listRules() []rule {
	if !s.Ask.List {
		return nil
	}
	other := s.first("local", "ping", "interface", "source", "source-port", "count", "wait-for", "resume", "shard", "rst-guard", "dry-run",
		"expect", "expect-file", "then", "nagios", "packet-trace", "pcap", "via", "max-retries")
	return []rule{
		{other != "", "--list and " + dashes(other) + " exclude each other: nobody is asked"},
		{len(s.crafted()) > 0 || s.Packet.TTL != nil, "--list: no packet is sent that could have a shape"},
	}
}

// list reports every target of s as not tested, with its name where names are asked for. It
// opens no network: what leaves this machine are the questions to its resolver.
func list(ctx context.Context, env *Env, s *Spec, out report.Sink) (Outcome, error) {
	if _, err := s.read(); err != nil {
		return Outcome{}, err
	}
	t, err := Resolve(ctx, env, s)
	if err != nil {
		return Outcome{}, err
	}
	if n := t.All.Len(); n > mostListed {
		return Outcome{}, Usage("--list: %d targets are too many to list: at most %d", n, mostListed)
	}
	j := &job{env: env, spec: s, targets: t, out: out, names: &names{resolver: env.Resolver, note: env.warn, reverse: s.Show.Resolve, named: s.Show.Verbose}}
	j.outcome.Score.Answer = "listed"
	j.outcome.Stats, j.outcome.Unresolved = scan.NoStats(), len(t.Unresolved) > 0
	if env.Begin != nil {
		if err := env.Begin(ctx, false, nil); err != nil {
			return Outcome{}, unopened(ctx, err)
		}
	}
	began := time.Now()
	first := report.Scan{Version: env.Version, Command: s.Command, Args: s.Args, Defaults: s.Defaults, Time: report.Time(began), Addresses: t.All.Len()}
	for _, text := range t.Notes {
		first.Notes = append(first.Notes, text)
		env.Tell(text)
	}
	out.Put(&first)
	j.listAll(ctx, t.All)
	if j.names.wait(); ctx.Err() != nil {
		j.outcome.Cut = context.Cause(ctx)
	}
	j.outcome.Stats.Elapsed = time.Since(began)
	out.Put(j.outcome.Conclude(env, nil))
	return j.outcome, nil
}

// listAll reports all of a set, in its order as far as no name is waited for.
func (j *job) listAll(ctx context.Context, all *target.Set) {
	for i := range all.Len() {
		if ctx.Err() != nil {
			return
		}
		addr := all.At(i)
		r := &report.Host{Addr: addr, Named: j.targets.NamedSet.Contains(addr), Verdict: report.Verdict{State: probe.NotTested}}
		if n := j.targets.Name(addr); n != "" {
			r.Forward = []string{n}
		}
		j.put(ctx, r)
		if j.outcome.Score.Yes++; i%namesInLine == namesInLine-1 {
			j.names.wait()
		}
	}
}
