package scan

import (
	"context"

	"sonde/probe"
)

// resolve asks for the link-layer addresses that the plan's frames need, as a
// plan of its own: ARP and ND are questions like any other, and the questions
// behind them wait in the plan.
func (r *run) resolve(ctx context.Context) error {
	hops := r.hopsNeeded()
	if len(hops.list) == 0 {
		return nil
	}
	p := &Plan{Targets: hops, Kinds: []probe.Kind{probe.Neighbour}, Asks: []Ask{{}}, Seed: r.plan.Seed}
	if err := p.Compile(); err != nil {
		return err
	}
	ask := newRun(r.engine, r.engine.number(), p)
	// How often ports are asked again says nothing about their next hops: one
	// lost ARP reply must not leave a question unasked.
	ask.m.timing.MaxRetries = -1
	ask.m.perPass = ask.m.timing.firstTries()
	err := ask.ask(ctx, func(*Result) {})
	r.stats.Sent += ask.stats.Sent
	r.stats.Received += ask.stats.Received
	r.stats.SendErrors += ask.stats.SendErrors
	r.stats.Duplicates += ask.stats.Duplicates
	return err
}

// hopsNeeded lists the next hops of the plan's framed ways that are not known.
func (r *run) hopsNeeded() *Addrs {
	e := r.engine
	hops := NewAddrs()
	ways := e.cfg.Routes.Ways()
	onLink := false
	for i := range ways {
		w := &ways[i]
		if !w.Frames || !w.Ether || w.Err != nil {
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
		if _, ok := k.(probe.LinkKind); !ok {
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
			if w.Frames && w.Ether && w.Err == nil && !w.Next.IsValid() {
				if _, ok := e.hop(w, a); !ok {
					hops.add(a)
				}
			}
		}
	}
	return hops
}
