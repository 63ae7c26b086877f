package ports

import "sync"

// batch collects things to do, and does all that are there at once.
type batch[T any] struct {
	mu   sync.Mutex
	list []T
	once sync.Once
	wake chan struct{} // capacity 1
}

func (b *batch[T]) init() { b.once.Do(func() { b.wake = make(chan struct{}, 1) }) }

func (b *batch[T]) add(t T) {
	b.init()
	b.mu.Lock()
	b.list = append(b.list, t)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// work calls do with what was added, until done is closed.
func (b *batch[T]) work(done <-chan struct{}, do func([]T)) {
	b.init()
	for {
		select {
		case <-b.wake:
			b.mu.Lock()
			list := b.list
			b.list = nil
			b.mu.Unlock()
			if len(list) > 0 {
				do(list)
			}
		case <-done:
			return
		}
	}
}
