package output

import (
	"io"
	"sync"
	"time"
)

const (
	pause  = 10 * time.Millisecond // between writes, so that many records share one
	burst  = 64 << 10              // bytes that end the pause
	bounds = 16 << 20              // bytes waiting at which Write blocks
)

// Stream is a writer that never makes its caller wait for the device, unless
// bounds bytes are waiting already. Its goroutine writes at once when nothing
// was written in the last 10 ms, and else at the end of these: so what is known
// is out within 20 ms, and at a high rate many records share a system call.
// The first error ends all writing; Write reports it from then on. It is safe
// for concurrent use.
type Stream struct {
	w      io.Writer
	wake   chan struct{} // something to write
	full   chan struct{} // burst bytes are there
	closed chan struct{}
	failed chan struct{} // closed with err set
	done   chan struct{} // the goroutine has ended

	once sync.Once // guards closing closed

	mu    sync.Mutex // never held across w.Write
	room  sync.Cond  // buf was taken, or written
	buf   []byte
	spare []byte
	in    uint64 // bytes taken
	out   uint64 // and written
	err   error
}

// NewStream starts a Stream to w. Close ends it; w is not closed.
func NewStream(w io.Writer) *Stream {
	s := &Stream{
		w:      w,
		wake:   make(chan struct{}, 1),
		full:   make(chan struct{}, 1),
		closed: make(chan struct{}),
		failed: make(chan struct{}),
		done:   make(chan struct{}),
	}
	s.room.L = &s.mu
	go s.run()
	return s
}

// Write takes a copy of b. Its error is that of an earlier write.
func (s *Stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	for len(s.buf) >= bounds && s.err == nil {
		s.room.Wait()
	}
	if s.err != nil {
		defer s.mu.Unlock()
		return 0, s.err
	}
	s.buf = append(s.buf, b...)
	s.in += uint64(len(b))
	full := len(s.buf) >= burst
	s.mu.Unlock()
	signal(s.wake)
	if full {
		signal(s.full)
	}
	return len(b), nil
}

// Flush returns when all that was taken until now is written, or an error, which
// is that of an earlier write too.
func (s *Stream) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.in
	if s.out < until {
		signal(s.wake)
		signal(s.full)
	}
	for s.out < until && s.err == nil {
		s.room.Wait()
	}
	return s.err
}

// Failed is closed when a write has failed: nobody reads any more, or the disk
// is full.
func (s *Stream) Failed() <-chan struct{} { return s.failed }

// Close writes what waits, ends the goroutine and returns the first error.
// Nothing may be written after it. It is idempotent.
func (s *Stream) Close() error {
	s.once.Do(func() { close(s.closed) })
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Stream) run() {
	defer close(s.done)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for closing := false; ; {
		if !closing {
			select {
			case <-s.wake:
			case <-s.closed:
				closing = true
			}
		}
		if !s.flush() && closing {
			return
		}
		if closing {
			continue
		}
		timer.Reset(pause)
		select {
		case <-timer.C:
		case <-s.full:
		case <-s.closed:
		}
	}
}

// flush writes what is there and tells whether that was anything.
func (s *Stream) flush() bool {
	s.mu.Lock()
	b := s.buf
	s.buf, s.spare = s.spare[:0], nil
	s.room.Broadcast()
	dead := s.err != nil
	s.mu.Unlock()
	if len(b) == 0 || dead {
		s.mu.Lock()
		s.spare = b[:0]
		s.mu.Unlock()
		return false
	}
	n, err := s.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = b[:0]
	s.out += uint64(n)
	if err != nil {
		s.err = err
		s.buf = nil
		close(s.failed)
	}
	s.room.Broadcast()
	return true
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
