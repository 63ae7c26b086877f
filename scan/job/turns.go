package job

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sonde/scan"
	"sonde/scan/report"
)

// turns hands the records of hosts on in the order of their addresses, as far as that holds
// none of them up for long: people read lists of hosts in order, but nobody wants to wait
// for a host that is slow to be scanned. A host that is whole waits for those before it as
// long as the scan has taken so far, for leastTurn at least and mostTurn at most. Who is
// overtaken comes when it is whole.
//
// Of more hosts than are asked together there is no order to wait for: each group of them
// is from all over the targets, so that no network gets all packets at a time.
type turns struct {
	hosts scan.Targets
	began time.Time

	mu    sync.Mutex
	out   scan.Outbox
	next  uint64 // whose turn it is, by the order of hosts
	held  map[uint64]heldHost
	timer *time.Timer // until somebody has waited for long enough; nil: nobody waits
	ended bool
	wg    sync.WaitGroup // for the timer
}

// heldHost is a host that is whole, and waits for its turn.
type heldHost struct {
	tell func()
	most time.Time // until then
}

// leastTurn and mostTurn bound how long a host waits for those before it. The least is what
// silence takes to be believed, a few tries, where nothing is slow.
const (
	leastTurn = 5 * time.Second
	mostTurn  = 15 * time.Second
)

// ordered tells whether hosts come by address: where somebody reads them host by host, and
// nothing is done, or kept, or asked again, as soon as one is whole.
func (p *portScan) ordered() bool {
	s := p.spec
	hostwise := slices.ContainsFunc(s.Show.Outputs, func(o Output) bool { return !o.Streamed })
	return hostwise && p.kept == nil && s.Then == "" && s.WaitFor == "" && s.times() == 0
}

// newTurns is for the hosts of one scan; nil: they come as they are whole.
func newTurns(hosts scan.Targets) *turns {
	if n := hosts.Len(); n < 2 || n > scan.HostsTogether {
		return nil
	}
	return &turns{hosts: hosts, began: time.Now(), held: map[uint64]heldHost{}}
}

// tell calls put, which hands on what is known of addr, when it is its turn.
func (t *turns) tell(addr netip.Addr, put func()) {
	if t == nil {
		put()
		return
	}
	rank, ok := t.hosts.Index(addr)
	t.mu.Lock()
	defer t.out.Release(&t.mu)
	if !ok || rank < t.next || t.ended {
		t.out.Put(put)
		return
	}
	now := time.Now()
	t.held[rank] = heldHost{put, now.Add(min(max(now.Sub(t.began), leastTurn), mostTurn))}
	t.advance()
	t.wait(now)
}

// advance tells of those whose turn it is. t.mu is held.
func (t *turns) advance() {
	for {
		h, ok := t.held[t.next]
		if !ok {
			return
		}
		t.out.Put(h.tell)
		delete(t.held, t.next)
		t.next++
	}
}

// wait has the timer run while somebody is held. t.mu is held.
func (t *turns) wait(now time.Time) {
	if t.timer != nil || len(t.held) == 0 {
		return
	}
	first := now.Add(mostTurn)
	for _, h := range t.held {
		if h.most.Before(first) {
			first = h.most
		}
	}
	t.wg.Add(1)
	t.timer = time.AfterFunc(first.Sub(now), t.expire)
}

// expire tells of those who have waited for long enough, and of those before them.
func (t *turns) expire() {
	defer t.wg.Done()
	t.mu.Lock()
	defer t.out.Release(&t.mu)
	if t.timer = nil; t.ended {
		return
	}
	now, until := time.Now(), t.next
	for rank, h := range t.held {
		if !h.most.After(now) {
			until = max(until, rank+1)
		}
	}
	t.pass(until)
	t.advance()
	t.wait(now)
}

// pass tells of all before a turn, which is the next. t.mu is held.
func (t *turns) pass(until uint64) {
	for _, rank := range slices.Sorted(maps.Keys(t.held)) {
		if rank < until {
			t.out.Put(t.held[rank].tell)
			delete(t.held, rank)
		}
	}
	t.next = max(t.next, until)
}

// close tells of all that are held, when nobody is waited for any more.
func (t *turns) close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	if t.ended = true; t.timer != nil && t.timer.Stop() {
		t.wg.Done()
	}
	t.pass(t.hosts.Len())
	t.out.Wait(&t.mu)
	t.mu.Unlock()
	t.wg.Wait()
}

// putInTurn is put of a host, when it is its turn: that is when its names are known, too.
func (p *portScan) putInTurn(ctx context.Context, r *report.Host) {
	done := func() { p.turns.tell(r.Addr, func() { p.record(r) }) }
	if !p.names.complete(ctx, r, done) {
		done()
	}
}
