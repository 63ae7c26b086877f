package job

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/sweep"
)

// localBatch is from how many hosts on these are asked for their names, and told of, while
// others are still looked for.
const localBatch = 512

// sweepLocal composes the question who is on our links.
func (j *job) sweepLocal() (*composition, error) {
	parts, err := j.localParts()
	if err != nil {
		return nil, err
	}
	j.scan.Addresses = j.targets.All.Len()
	j.scan.Probes = j.scan.Addresses + uint64(len(j.local.groups))
	j.note("asked are " + strings.Join(j.local.asked, ", ") + "; names are what the hosts say")
	c := &composition{parts: parts, yes: probe.Up}
	c.body = func(ctx context.Context) error { return j.runLocal(ctx, parts) }
	return c, nil
}

// runLocal looks for everybody by ARP and by the groups at once, and reports each with the
// names that it says it has.
func (j *job) runLocal(ctx context.Context, parts []sweep.Part) error {
	found := make(chan sweep.Host, localBatch)
	var looking, telling sync.WaitGroup
	var mu sync.Mutex
	var failed error
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = cmp.Or(failed, err)
	}
	tell := func(h *sweep.Host) {
		if !j.local.exclude.Contains(h.Addr.WithZone("")) && !j.local.own[h.Addr.WithZone("")] {
			found <- *h
		}
	}
	looking.Go(func() { fail(j.findHosts(ctx, parts, tell)) })
	for _, group := range j.local.groups {
		looking.Go(func() {
			stats, full, err := sweep.Group(ctx, j.engine, j.pingBase(), group, tell)
			j.addStats(stats)
			fail(err)
			if full {
				j.env.Tell(fmt.Sprintf("more than %d addresses answer on %s: the others are not told of", sweep.MostOfGroup, group.Zone()))
			}
		})
	}
	telling.Go(func() {
		var batch []sweep.Host
		for h := range found {
			if batch = append(batch, h); len(batch) >= localBatch {
				fail(j.tellLocal(ctx, batch))
				batch = batch[:0]
			}
		}
		fail(j.tellLocal(ctx, batch))
	})
	looking.Wait()
	close(found)
	telling.Wait()
	return failed
}

// tellLocal reports hosts, those that are up with the names that they say they have.
func (j *job) tellLocal(ctx context.Context, hosts []sweep.Host) error {
	slices.SortFunc(hosts, func(a, b sweep.Host) int { return a.Addr.Compare(b.Addr) })
	names := map[netip.Addr][]report.LocalName{}
	var up []netip.Addr
	for i := range hosts {
		if hosts[i].State == probe.Up {
			up = append(up, hosts[i].Addr)
		}
	}
	var stats scan.Stats
	var err error
	if ctx.Err() == nil {
		stats, err = sweep.Names(ctx, j.engine, j.base(), up, func(addr netip.Addr, service probe.Kind, name string) {
			names[addr] = append(names[addr], report.LocalName{Name: name, Source: service.Name()})
		})
		j.addStats(stats)
	}
	for i := range hosts {
		h := &hosts[i]
		r := j.hostRecord(h)
		r.Local = names[h.Addr]
		slices.SortFunc(r.Local, func(a, b report.LocalName) int { return cmp.Compare(a.Source, b.Source) })
		j.scoreHost(h, r)
		j.put(ctx, r)
	}
	return err
}
