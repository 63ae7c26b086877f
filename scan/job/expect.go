package job

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"sonde/probe"
	"sonde/scan/report"
	"sonde/scan/target"
)

// expectations are those of --expect-file during a run.
type expectations struct {
	list  []expected
	found map[netip.AddrPort]*report.Unmet // of each that is expected; port 0: of the host
}

// expected is one of them, of one address.
type expected struct {
	report.Unmet
	at netip.AddrPort
}

// expect finds out what the expectations are about. What is not asked is an error.
func (j *job) expect(ctx context.Context) error {
	s := j.spec
	if len(s.Expectations) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	known := map[string][]netip.Addr{} // what names mean
	means(known, j.targets)
	e := &expectations{found: map[netip.AddrPort]*report.Unmet{}}
	proto := j.asked.proto
	if s.Command == "sweep" {
		proto = ""
	}
	for i := range s.Expectations {
		x := &s.Expectations[i]
		u := report.Unmet{Proto: proto, Port: x.Port}
		var err error
		if u.Want, err = x.states(s.Command); err != nil {
			return Usage("--expect-file: %s%w", x.Place, err)
		}
		if (x.Port == 0) != (s.Command == "sweep") {
			return Usage("--expect-file: %s%s: of a sweep hosts are expected, else ports", x.Place, x.Host)
		}
		if x.Port != 0 && !slices.Contains(j.asked.ports, x.Port) {
			return Usage("--expect-file: %sport %d is not asked: leave -p out, and the ports of the file are", x.Place, x.Port)
		}
		addrs, err := j.means(ctx, known, x)
		if err != nil {
			return err
		}
		if len(addrs) != 1 || addrs[0].String() != x.Host {
			u.Name = x.Host
		}
		for _, a := range addrs {
			if !j.targets.All.Contains(a) {
				return Usage("--expect-file: %s%s is not asked: leave the targets out, and the hosts of the file are", x.Place, x.Host)
			}
			u.Addr = a
			at := netip.AddrPortFrom(a, x.Port)
			e.list, e.found[at] = append(e.list, expected{u, at}), nil
		}
		if len(addrs) == 0 { // it did not resolve
			e.list = append(e.list, expected{Unmet: u})
			j.outcome.Unresolved = true
		}
	}
	j.expected = e
	return nil
}

// wantsSilent tells whether hosts of a range have records that stayed silent.
func (j *job) wantsSilent() bool {
	return j.spec.Show.Verbose || j.outcome.Score.countsSilent() || j.expected != nil
}

// means notes what addresses the names among the targets mean.
func means(known map[string][]netip.Addr, t *target.Result) {
	t.Named(func(h target.Host) bool {
		if h.Name != "" {
			known[h.Name] = append(known[h.Name], h.Addr)
		}
		return true
	})
}

// means is what addresses an expectation is about; none if its name does not resolve. A name
// that is no target, or is another one for the same address, is looked up.
func (j *job) means(ctx context.Context, known map[string][]netip.Addr, x *Expectation) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(x.Host); err == nil {
		return []netip.Addr{a}, nil
	}
	if addrs, ok := known[x.Host]; ok {
		return addrs, nil
	}
	opt := j.spec.TargetOptions()
	opt.Exclude, opt.Sources, opt.ExcludeSources = nil, nil, nil
	opt.Resolver, opt.HasRoute = j.env.Resolver, j.env.HasRoute
	t, err := target.Parse(ctx, []string{x.Host}, opt)
	if err != nil {
		return nil, Usage("--expect-file: %s%w", x.Place, err)
	}
	known[x.Host] = nil
	means(known, t)
	for _, u := range t.Unresolved {
		if !slices.Contains(j.spec.Targets.Words, x.Host) { // else it was told
			j.env.warn(u)
		}
	}
	return known[x.Host], nil
}

// see takes what a record says of an expectation. The caller holds j.mu.
func (e *expectations) see(r report.Record) {
	if e == nil {
		return
	}
	take := func(at netip.AddrPort, v *report.Verdict) {
		if _, wanted := e.found[at]; wanted {
			e.found[at] = &report.Unmet{Decided: true, State: v.State, Reason: v.Reason, From: v.From, Tries: v.Tries, Asked: v.Asked, Weak: v.Weak}
		}
	}
	switch r := r.(type) {
	case *report.Port:
		take(netip.AddrPortFrom(r.Addr, r.Port), &r.Verdict)
	case *report.Host:
		take(netip.AddrPortFrom(r.Addr, 0), &r.Verdict)
	}
}

// judge counts what holds in the place of what else decides the exit code, and puts what
// does not.
func (e *expectations) judge(score *Score, put func(report.Record)) {
	if e == nil {
		return
	}
	any := probe.Open
	*score = Score{Want: &any, Unasked: score.Unasked}
	for i := range e.list {
		x := &e.list[i]
		u := x.Unmet
		if f := e.found[x.at]; f != nil {
			u.Decided, u.State, u.Reason, u.From, u.Tries, u.Asked, u.Weak = true, f.State, f.Reason, f.From, f.Tries, f.Asked, f.Weak
		}
		if u.Decided && slices.Contains(u.Want, u.State) {
			score.AsWant++
			continue
		}
		switch {
		case !u.Decided:
			score.Silent++
		default:
			one := Score{}
			one.count(u.State, u.Reason, probe.NotTested)
			score.No, score.Silent, score.Spoofed = score.No+one.No+one.Yes, score.Silent+one.Silent, score.Spoofed+one.Spoofed
		}
		put(&u)
	}
}

// expectRules are of --expect-file beside what else was said.
func (s *Spec) expectRules() []rule {
	if len(s.Expectations) == 0 {
		return nil
	}
	other := s.first("expect", "wait-for", "resume", "shard", "dry-run")
	why := map[string]string{
		"expect": "each line of the file says what is expected", "wait-for": "what is waited for is one state of everything",
		"resume": "what an earlier run has found is not kept", "shard": "a part asks not all of the file", "dry-run": "nothing is found",
	}
	return []rule{{other != "", fmt.Sprintf("--expect-file and --%s exclude each other: %s", other, why[other])}}
}
