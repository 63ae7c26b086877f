package job

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"sonde/probe"
	"sonde/scan/report"
	"sonde/scan/then"
)

// handing has a command run for each host of which something is found (--then), when all is
// known of it.
type handing struct {
	runner *then.Runner
	ports  bool // an open port is what is looked for; else a host that is up

	mu    sync.Mutex
	hosts map[netip.Addr]*handed // of which not all is known yet
}

// handed is what is known of a host so far.
type handed struct {
	then.Host
	decided     bool
	heard, want uint32 // records of ports
}

// thenRules are of --then beside what else was said.
func (s *Spec) thenRules() []rule {
	if s.Then == "" {
		return nil
	}
	t, err := then.ParseTemplate(s.Then)
	other := s.first("resume", "dry-run")
	why := map[string]string{"resume": "what an earlier run has found is not kept", "dry-run": "nothing is found"}
	return []rule{
		{err != nil, fmt.Sprintf("--then: %v", err)},
		{s.Command == "sweep" && t.Has("{ports}"), "--then: a sweep has no {ports}"},
		{other != "", fmt.Sprintf("--then and --%s exclude each other: %s", other, why[other])},
	}
}

// beginThen starts what runs the commands.
func (j *job) beginThen() error {
	if j.spec.Then == "" {
		return nil
	}
	t, err := then.ParseTemplate(j.spec.Then)
	if err != nil {
		return Usage("--then: %w", err)
	}
	runner, err := then.Start(t, func(r *report.Then) { j.record(r) })
	if err != nil {
		return Local(fmt.Errorf("--then: %w", err))
	}
	j.then = &handing{runner: runner, ports: j.spec.Command != "sweep", hosts: map[netip.Addr]*handed{}}
	j.scan.Then = true
	return nil
}

// see takes a record that was put.
func (h *handing) see(r report.Record) {
	if h == nil {
		return
	}
	switch r := r.(type) {
	case *report.Host:
		if !h.ports {
			if r.State == probe.Up {
				h.runner.Add(then.Host{Addr: r.Addr, Name: r.Name()})
			}
			return
		}
		h.of(r.Addr, func(k *handed) { k.decided, k.want, k.Name = true, r.Ports, strings.Clone(r.Name()) })
	case *report.Port:
		h.of(r.Addr, func(k *handed) {
			k.heard++
			if r.State == probe.Open {
				k.Ports = append(k.Ports, r.Port)
			}
		})
	}
}

// of changes what is known of a host, and has the command run if that is all.
func (h *handing) of(addr netip.Addr, change func(*handed)) {
	h.mu.Lock()
	k := h.hosts[addr]
	if k == nil {
		k = &handed{Host: then.Host{Addr: addr}}
		h.hosts[addr] = k
	}
	change(k)
	whole := k.decided && k.heard >= k.want
	if whole {
		delete(h.hosts, addr)
	}
	h.mu.Unlock()
	if whole && len(k.Ports) > 0 {
		h.runner.Add(k.Host)
	}
}

// finish waits until the commands are over. When the run is cut short, those that run are
// ended, and no other is started.
func (h *handing) finish(ctx context.Context) error {
	if h == nil {
		return nil
	}
	if ctx.Err() != nil {
		h.runner.Stop()
	}
	return h.runner.Finish(ctx)
}
