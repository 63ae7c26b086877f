package job

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// begin notes a conversation with a host; end is to be called behind it.
func (y *systems) begin(addr netip.Addr) (end func()) {
	if y == nil {
		return func() {}
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	talks := y.talks[addr]
	if talks == nil {
		talks = new(sync.WaitGroup)
		y.talks[addr] = talks
	}
	talks.Add(1)
	return talks.Done
}

// heardAll waits for the conversations with a host all of whose ports are in, as long as one
// of them takes that nobody is late in.
func (y *systems) heardAll(ctx context.Context, addr netip.Addr) {
	y.mu.Lock()
	talks := y.talks[addr]
	delete(y.talks, addr)
	y.mu.Unlock()
	if talks == nil {
		return
	}
	all := make(chan struct{})
	go func() {
		talks.Wait()
		close(all)
	}()
	select {
	case <-all:
	case <-ctx.Done():
	case <-time.After(servicePatient):
	}
}
