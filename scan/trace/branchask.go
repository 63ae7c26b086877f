package trace

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// flowInterval is between two questions of the same flow at one TTL.
const flowInterval = 20 * time.Millisecond

// plan is what all plans of a brancher have in common.
func (b *brancher) plan() scan.Plan {
	p := b.base
	p.Targets, p.Kinds, p.Asks = scan.NewAddrs(b.c.Target), []probe.Kind{traced(b.c.Kind)}, []scan.Ask{{Port: b.c.Port}}
	p.TTLs, p.Interval, p.KeepFlow = b.end, flowInterval, true
	p.Settle, p.Order, p.Straight, p.Patient = scan.SettleNever, scan.ByBlock, true, true
	return p
}

// ask asks these questions, all at once, and waits for the answers.
func (b *brancher) ask(ctx context.Context, list []want) error {
	pages := map[int]map[want]bool{}
	for _, w := range list {
		b.at(w.ttl, w.flow).asks++
		page := w.flow / pageFlows
		if pages[page] == nil {
			pages[page] = map[want]bool{}
		}
		pages[page][want{w.ttl, w.flow % pageFlows, w.rep}] = true
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for page, wanted := range pages {
		wg.Go(func() {
			p := b.plan()
			p.Flows, p.SourcePort = pageFlows, b.page(page)
			f := &flowsOf{b: b, page: page, wanted: wanted, plan: &p}
			for w := range wanted {
				p.Reps = max(p.Reps, uint32(w.rep)+1)
			}
			p.Watcher = f
			stats, err := b.e.Run(ctx, &p, f.hear)
			mu.Lock()
			defer mu.Unlock()
			b.add(stats)
			errs = append(errs, err)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// page is the first source port of a page of flows.
func (b *brancher) page(page int) uint16 { return b.first + uint16(page*b.stride()) }

// add counts what a plan did.
func (b *brancher) add(stats scan.Stats) {
	stats.Loss, stats.ExpectedMissed = -1, -1 // hops limit their errors: that is no loss
	b.stats = b.stats.Then(stats)
}

// flowsOf asks some questions of one page of flows.
type flowsOf struct {
	scan.NoWatcher
	b      *brancher
	page   int
	wanted map[want]bool // flows by their number on the page
	plan   *scan.Plan

	mu   sync.Mutex
	done int
}

// Skip implements scan.Watcher.
func (f *flowsOf) Skip(number uint64) bool {
	q := f.plan.At(number)
	return !f.wanted[want{q.TTL, int(q.Flow), int(q.Rep)}]
}

// hear takes one result.
func (f *flowsOf) hear(r *scan.Result) {
	if r.Reply.Event != probe.Answer && r.Reply.Event != probe.ICMPError {
		return
	}
	f.take(r.Probe.TTL, r.Probe.Flow, r.Reply.From, saysOf(f.b.c.Target, f.b.c.Kind, &r.Reply))
}

// Stray implements scan.Watcher: what the target says without its TTL answers the farthest
// question of its flow.
func (f *flowsOf) Stray(q probe.Probe, r *probe.Reply) {
	far := uint8(0)
	for w := range f.wanted {
		if w.flow == int(q.Flow) {
			far = max(far, w.ttl)
		}
	}
	if far > 0 {
		f.take(far, q.Flow, r.From, arrived)
	}
}

func (f *flowsOf) take(ttl uint8, flow uint16, from netip.Addr, says saying) {
	f.b.mu.Lock()
	f.b.heard(ttl, f.page*pageFlows+int(flow), from, says)
	f.b.mu.Unlock()
	f.mu.Lock()
	f.done++
	all := f.done >= len(f.wanted)
	f.mu.Unlock()
	if all {
		f.b.e.Stop(f.plan)
	}
}
