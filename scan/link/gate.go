package link

import (
	"sync"
	"sync/atomic"
)

// gate lets calls in until it is closed, and releases what they use when the
// last one has left: a descriptor must not be closed, and its number given to
// another file, while a system call is about to use it.
type gate struct {
	inside  atomic.Int64 // calls inside, plus shut once closed
	once    sync.Once
	release func()        // closes what is behind the gate
	done    chan struct{} // closed after release
}

const shut = 1 << 62

func newGate(release func()) *gate {
	return &gate{release: release, done: make(chan struct{})}
}

// enter reports whether the gate is open. If so, leave must follow.
func (g *gate) enter() bool {
	if g.inside.Add(1) < shut {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	if g.inside.Add(-1) == shut {
		g.once.Do(func() { g.release(); close(g.done) })
	}
}

// close shuts the gate: nobody enters any more.
func (g *gate) close() {
	g.inside.Add(1)
	g.inside.Or(shut)
	g.leave()
}

// wait blocks until everything behind the closed gate is released.
func (g *gate) wait() { <-g.done }
