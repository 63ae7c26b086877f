package compare

import (
	"context"
	"sync"
)

// batch is how many packets are read ahead together, and batches how many of these.
const (
	batch   = 256
	batches = 4
)

// ahead reads a file in a goroutine of its own, some packets ahead of who takes them.
type ahead struct {
	full  chan []packet // in the order of the file; closed at its end
	empty chan []packet // to be filled again
	now   []packet      // those of which some were not taken
	last  []packet      // the same from its beginning
}

// readAhead begins to do so. It ends with the file, or with ctx, and wg is done then.
func (o *opened) readAhead(ctx context.Context, wg *sync.WaitGroup) *ahead {
	a := &ahead{full: make(chan []packet, batches), empty: make(chan []packet, batches)}
	for range batches {
		a.empty <- make([]packet, 0, batch)
	}
	wg.Go(func() {
		defer close(a.full)
		for {
			var b []packet
			select {
			case b = <-a.empty:
			case <-ctx.Done():
				return
			}
			for len(b) < batch {
				p, err := o.next()
				if err != nil {
					a.full <- b // there is room for all batches
					return
				}
				b = append(b, *p)
			}
			a.full <- b
		}
	})
	return a
}

// next is the next packet, which stays until the next call; nil: there is none.
func (a *ahead) next() *packet {
	if len(a.now) == 0 {
		if a.last != nil {
			a.empty <- a.last[:0] // there is room for all batches
		}
		a.now = <-a.full
		if a.last = a.now; len(a.now) == 0 {
			a.last = nil
			return nil
		}
	}
	p := &a.now[0]
	a.now = a.now[1:]
	return p
}
