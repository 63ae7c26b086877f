package main

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"sonde/output"
)

// names looks names up for host records, several at a time and beside the
// scan, which never waits for them.
type names struct {
	resolver resolver
	reverse  bool // -R: for every host
	named    bool // -v: for hosts that were named

	wg   sync.WaitGroup
	once sync.Once
	room chan struct{}
}

const (
	namesAtOnce = 32
	nameTime    = 5 * time.Second
)

// wanted tells whether r's host, or hop, is to be looked up.
func (n *names) wanted(r *output.Record) bool {
	if r.Type == output.Hop {
		return n.reverse && r.From.IsValid()
	}
	return r.Type == output.Host && (n.reverse || n.named && len(r.Names) > 0)
}

// complete looks r's host up, and calls then when that is done.
func (n *names) complete(ctx context.Context, r output.Record, then func(*output.Record)) {
	n.once.Do(func() { n.room = make(chan struct{}, namesAtOnce) })
	if r.Reply != nil { // borrowed
		reply := *r.Reply
		r.Reply = &reply
	}
	n.wg.Go(func() {
		n.room <- struct{}{}
		defer func() { <-n.room }()
		ctx, cancel := context.WithTimeout(ctx, nameTime)
		defer cancel()
		addr := r.Addr
		if r.Type == output.Hop {
			addr = r.From
		}
		found, _ := n.resolver.LookupAddr(ctx, addr.WithZone("").String())
		r.Looked = true
		if len(found) > 0 {
			r.PTR = strings.TrimSuffix(found[0], ".")
			r.Differ = n.disagree(ctx, addr, r.Names, found)
		}
		then(&r)
	})
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
