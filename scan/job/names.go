package job

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sonde/scan/report"
)

// names looks names up for records of hosts and hops, several at a time and
// beside the scan, which never waits for them.
type names struct {
	resolver Resolver
	reverse  bool // -R: for every host
	named    bool // -v: for hosts that were named

	note func(error) // tells that it is given up

	wg   sync.WaitGroup
	once sync.Once
	room chan struct{}

	mu    sync.Mutex
	late  int                         // look-ups without an answer in time, one after another
	last  time.Time                   // when an answer came
	known map[netip.Addr]report.Names // of addresses that ptr was asked for
	given atomic.Bool                 // up: nothing is looked up any more
}

const (
	namesAtOnce = 32
	nameTime    = 5 * time.Second
	// deaf is how many look-ups in a row may stay without an answer before the
	// resolver is taken for dead: each costs nameTime.
	deaf = 12
)

var errDeaf = fmt.Errorf("the resolver answered none of %d look-ups in a row: no more names of addresses are looked up", deaf)

// wanted returns the address of r that is to be looked up, and where its names go;
// nil: none is.
func (n *names) wanted(r report.Record) (netip.Addr, *report.Names) {
	switch r := r.(type) {
	case *report.Hop:
		if n.reverse && r.From.IsValid() {
			return r.From, &r.Names
		}
	case *report.Host:
		if n.reverse || n.named && len(r.Forward) > 0 {
			return r.Addr, &r.Names
		}
	}
	return netip.Addr{}, nil
}

// complete fills in the names of r and then calls done, in a goroutine of its own.
// It returns false, and does nothing, where none are wanted. r is its own until
// then.
func (n *names) complete(ctx context.Context, r report.Record, done func()) bool {
	addr, into := n.wanted(r)
	if into == nil {
		return false
	}
	n.once.Do(func() { n.room = make(chan struct{}, namesAtOnce) })
	n.wg.Go(func() {
		n.look(ctx, addr, into)
		done()
	})
	return true
}

// look looks addr up, if that was not done for ptr.
func (n *names) look(ctx context.Context, addr netip.Addr, into *report.Names) {
	n.mu.Lock()
	its := n.known[addr]
	n.mu.Unlock()
	if its.Looked && len(into.Forward) == 0 {
		*into = its
		return
	}
	select {
	case n.room <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-n.room }()
	if n.given.Load() {
		return
	}
	looking, cancel := context.WithTimeout(ctx, nameTime)
	defer cancel()
	found, err := n.resolver.LookupAddr(looking, addr.WithZone("").String())
	if n.heard(ctx, err); n.given.Load() && err != nil {
		return
	}
	into.Looked = true
	if len(found) > 0 {
		into.PTR = strings.TrimSuffix(found[0], ".")
		into.Differ = n.disagree(looking, addr, into.Forward, found)
	}
}

// mostKnown is of how many addresses ptr keeps names.
const mostKnown = 4096

// ptr is the reverse name of an address, if that is known already; the first time, it is
// looked up beside what else is done.
func (n *names) ptr(ctx context.Context, addr netip.Addr) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	its, asked := n.known[addr]
	if asked || len(n.known) == mostKnown {
		return its.PTR
	}
	if n.known == nil {
		n.known = map[netip.Addr]report.Names{}
	}
	n.known[addr] = its
	n.once.Do(func() { n.room = make(chan struct{}, namesAtOnce) })
	n.wg.Go(func() {
		var found report.Names
		n.look(ctx, addr, &found)
		n.mu.Lock()
		defer n.mu.Unlock()
		n.known[addr] = found
	})
	return ""
}

// heard counts look-ups that took too long, and gives up after a dozen of them, if
// nothing was answered while they waited either.
func (n *names) heard(ctx context.Context, err error) {
	var trouble *net.DNSError
	timedOut := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &trouble) && trouble.IsTimeout
	if ctx.Err() != nil {
		return // the run has ended, and nothing is known of the resolver
	}
	n.mu.Lock()
	if n.late++; !timedOut {
		n.late, n.last = 0, time.Now()
	}
	enough := n.late >= deaf && time.Since(n.last) > nameTime+time.Second
	n.mu.Unlock()
	if enough && n.given.CompareAndSwap(false, true) && n.note != nil {
		n.note(errDeaf)
	}
}

// disagree tells whether no reverse name is one of the forward names, or, where
// there are none, none leads back to the address.
func (n *names) disagree(ctx context.Context, addr netip.Addr, forward, reverse []string) bool {
	for _, ptr := range reverse {
		ptr = strings.TrimSuffix(ptr, ".")
		for _, name := range forward {
			if strings.EqualFold(ptr, strings.TrimSuffix(name, ".")) {
				return false
			}
		}
		if len(forward) == 0 {
			back, _ := n.resolver.LookupNetIP(ctx, "ip", ptr)
			for _, a := range back {
				if a.Unmap() == addr.WithZone("") {
					return false
				}
			}
		}
	}
	return true
}

// wait returns when all look-ups are done.
func (n *names) wait() { n.wg.Wait() }
