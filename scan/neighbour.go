package scan

import (
	"context"
	"net/netip"
	"time"

	"sonde/probe"
)

// resolve asks for the link-layer addresses that the plan's packets need, as a
// plan of its own: ARP and ND are questions like any other, and the questions
// behind them wait in the plan. The run that asked is still told of what comes: somebody
// else may answer for an address, too.
func (r *run) resolve(ctx context.Context) error {
	hops := r.hopsNeeded()
	if len(hops.list) == 0 {
		return nil
	}
	ask, err := r.neighbourRun(ctx, hops)
	if err != nil {
		return err
	}
	r.nextHops.runs = append(r.nextHops.runs, ask)
	return ask.loop(ctx, r.engine.unasked)
}

// neighbourRun makes a run that asks ARP or ND for addresses, and is told of what comes.
func (r *run) neighbourRun(ctx context.Context, hops *Addrs) (*run, error) {
	p := &Plan{Targets: hops, Kinds: []probe.Kind{probe.Neighbour}, Asks: []Ask{{}}, Seed: r.plan.Seed}
	if err := p.Compile(); err != nil {
		return nil, err
	}
	ask := newRun(r.engine, r.engine.number(), p)
	// How often ports are asked again says nothing about their next hops: one
	// lost ARP reply must not leave a question unasked.
	ask.m.timing.MaxRetries = -1
	ask.m.tries.perPass = ask.m.timing.firstTries()
	ask.borrow(ctx) // never waits: neither ARP nor ND has ports
	r.engine.add(ask)
	return ask, nil
}

// unasked notes what became of a question for a next hop that could not be asked: that
// this one does not answer is then not known.
func (e *Engine) unasked(res *Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	hop := res.Probe.Target.WithZone("")
	if res.Reply.Event == probe.LocalError {
		e.troubles[hop] = probe.Trouble(res.Reply.Errno)
	} else {
		delete(e.troubles, hop)
	}
	if res.Reply.Event == probe.Answer {
		e.heardFrom(res.Probe.Target, res.Reply.At-max(0, res.RTT))
	}
}

// hopTrouble tells why nobody could ask for the next hop to target; 0: it was asked for.
func (e *Engine) hopTrouble(way *Way, target netip.Addr) probe.Trouble {
	if way.Next.IsValid() {
		target = way.Next
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.troubles[target.WithZone("")]
}

// linger hears for a while who else answers for the addresses of a plan that asked ARP
// or ND: a second machine with the same address does so moments after the first. That
// is three round trips, but leastLinger; plans with silent hosts have waited longer.
func (r *run) linger(ctx context.Context) {
	r.mu.Lock()
	heard := r.nextHops.answered
	wait := min(max(3*r.m.rtt[probe.ClassLink].smooth, leastLinger), mostLinger)
	r.mu.Unlock()
	if left := heard.at() + wait - r.engine.now(); heard.is() && left > 0 && ctx.Err() == nil && !r.stopped.Load() {
		r.engine.Wait(ctx, left, nil)
	}
}

const (
	leastLinger = 50 * time.Millisecond
	mostLinger  = 500 * time.Millisecond
)

// needsHop tells whether packets to target leave on way w only when the link-layer
// address of their next hop is known. A group has none to be asked for.
func (e *Engine) needsHop(w *Way, target netip.Addr) bool {
	return w.Ether && w.Err == nil && !target.IsMulticast() && (w.Frames || e.cfg.Resolve)
}

// hopsNeeded lists the next hops of the plan's ways that are not known.
func (r *run) hopsNeeded() *Addrs {
	e := r.engine
	hops := NewAddrs()
	ways := e.cfg.Routes.Ways()
	onLink := false
	for i := range ways {
		w := &ways[i]
		if !e.needsHop(w, netip.Addr{}) {
			continue
		}
		if !w.Next.IsValid() {
			onLink = onLink || !w.Hops
		} else if _, ok := e.hop(w, w.Next); !ok {
			hops.add(w.Next)
		}
	}
	asksIP := false
	for _, k := range r.plan.Kinds {
		if !k.Traits().Link {
			asksIP = true
		}
	}
	if !asksIP || r.plan.Sockets {
		return NewAddrs()
	}
	if onLink { // otherwise there is no need to look at each target
		for i := range r.plan.Targets.Len() {
			a := r.plan.Targets.At(i)
			w := &ways[e.cfg.Routes.Way(a)]
			if e.needsHop(w, a) && !w.Next.IsValid() {
				if _, ok := e.hop(w, a); !ok {
					hops.add(a)
				}
			}
		}
	}
	return hops
}
