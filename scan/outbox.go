package scan

import "sync"

// Outbox tells others what is found, one thing at a time and in order, without a lock
// held while it is told: whoever is told may take its time. What is to be told is put
// down while a composition's own lock is held; who gives that lock back tells what is
// there. The zero value is ready.
type Outbox struct {
	waiting []func()
	telling bool
	idle    sync.Cond
}

// mostWaiting is how much is put down at most while somebody else is telling: who
// would put down more waits, so that a reader who stands still holds up the run, and
// does not fill the memory.
const mostWaiting = 1024

// Put puts down what Release will tell. lock is held.
func (o *Outbox) Put(tell func()) { o.waiting = append(o.waiting, tell) }

// Release tells what was put down, and gives lock back, which is held. Where another
// goroutine is telling already it leaves that to it.
func (o *Outbox) Release(lock *sync.Mutex) {
	defer lock.Unlock()
	o.idle.L = lock
	for o.telling && len(o.waiting) > mostWaiting {
		o.idle.Wait()
	}
	for !o.telling && len(o.waiting) > 0 {
		now := o.waiting
		o.waiting, o.telling = nil, true
		lock.Unlock()
		for _, tell := range now {
			tell()
		}
		lock.Lock()
		o.telling = false
		o.idle.Broadcast()
	}
}

// Wait returns when all that was put down has been told. lock is held, and is held
// again when Wait returns.
func (o *Outbox) Wait(lock *sync.Mutex) {
	o.idle.L = lock
	for o.telling || len(o.waiting) > 0 {
		if o.telling {
			o.idle.Wait()
			continue
		}
		o.Release(lock)
		lock.Lock()
	}
}
