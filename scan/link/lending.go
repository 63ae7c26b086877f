package link

import "sync"

// lending keeps memory in place as long as packets in it are lent: whoever closes
// the link does not wait for their reader.
type lending struct {
	mu      sync.Mutex
	lent    bool
	release func() // to be called as soon as nothing is lent; nil: not yet, or it was
}

// lend says that what is returned now lies in the memory.
func (l *lending) lend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lent = true
}

// back says that nobody reads any more what was lent.
func (l *lending) back() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lent = false
	l.settle()
}

// end has the memory released, at once or when it is given back.
func (l *lending) end(release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release = release
	l.settle()
}

func (l *lending) settle() {
	if !l.lent && l.release != nil {
		l.release()
		l.release = nil
	}
}
