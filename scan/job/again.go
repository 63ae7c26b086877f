package job

import (
	"context"
	"net/netip"
	"sync"

	"sonde/scan/service"
)

// Many ports that are asked together make servers slow that share a machine, or a line: one
// that was not understood within its time is asked again when the others are done.
const (
	crowded     = 12 // so many ports over TCP are asked before another that may be asked again
	againMost   = 32 // ports that are
	againAtOnce = 6
)

// crowd is what was asked among many others.
type crowd struct {
	asked int // ports over TCP
	list  []unsure
}

// unsure is a port that was not understood in time, and what is known of it so far.
type unsure struct {
	ctx    context.Context
	port   netip.AddrPort
	o      service.Options
	answer *service.Answer
}

// postpone notes a port that is asked again later, and tells whether it is.
func (f *fpScan) postpone(ctx context.Context, port netip.AddrPort, o service.Options, a *service.Answer) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.again.asked++
	if f.again.asked < crowded || a.Service != "" || a.Cut != service.Late || o.Brief || len(f.again.list) == againMost || f.mute[port.Addr()] >= muteAlike {
		return false
	}
	f.again.list = append(f.again.list, unsure{ctx, port, o, a})
	return true
}

// askAgain asks what was postponed, few at once, and reports the better answers. It is for
// when nothing else is asked any more.
func (f *fpScan) askAgain() {
	var wg sync.WaitGroup
	room := make(chan struct{}, againAtOnce)
	for _, u := range f.again.list {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			if !f.alike(u.port.Addr()) && u.ctx.Err() == nil {
				if a, err := service.Ask(u.ctx, f.dialer, u.port, u.o); err == nil && (a.Service != "" || u.answer.How == "") {
					u.answer = a
				}
			}
			f.heard(u.ctx, u.port, u.answer, nil)
		})
	}
	wg.Wait()
}
