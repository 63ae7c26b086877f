package scan

import (
	"context"
	"net/netip"

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
func (r *run) hopsNeeded() *addrList {
	e := r.engine
	hops := newAddrList()
	ways := e.cfg.Routes.Ways()
	onLink := false
	for i := range ways {
		w := &ways[i]
		if !w.Frames || !w.Ether || w.Err != nil {
			continue
		}
		if !w.Next.IsValid() {
			onLink = true
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
		return newAddrList()
	}
	if onLink {
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

// addrList is a small set of targets, written out.
type addrList struct {
	list []netip.Addr
	at   map[netip.Addr]uint64
}

func newAddrList() *addrList { return &addrList{at: map[netip.Addr]uint64{}} }

func (l *addrList) add(a netip.Addr) {
	if _, ok := l.at[a.WithZone("")]; !ok {
		l.at[a.WithZone("")] = uint64(len(l.list))
		l.list = append(l.list, a)
	}
}

func (l *addrList) Len() uint64            { return uint64(len(l.list)) }
func (l *addrList) At(i uint64) netip.Addr { return l.list[i] }
func (l *addrList) Index(a netip.Addr) (uint64, bool) {
	i, ok := l.at[a.WithZone("")]
	return i, ok
}
