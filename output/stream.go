package output

import (
	"errors"
	"io"
	"sync"
	"time"
)

const (
	pause  = 10 * time.Millisecond // between writes, so that many records share one
	burst  = 64 << 10              // bytes that end the pause
	bounds = 2 << 20               // bytes waiting at which Write blocks
	piece  = 64 << 10              // bytes that one system call writes, so that a slow reader is told from one that stands still
)

// ErrStill is the error of a device that took nothing for as long as Hasten allows.
var ErrStill = errors.New("nobody reads it, and the run is over: what was left to write is lost")

// Stream is a writer that never makes its caller wait for the device, unless
// bounds bytes are waiting already. Its goroutine writes at once when nothing
// was written in the last 10 ms, and else at the end of these: so what is known
// is out within 20 ms, and at a high rate many records share a system call.
// The first error ends all writing; Write reports it from then on. It is safe
// for concurrent use.
//
// A device may stand still for ever, such as a pipe whose reader is stopped. A
// write to it cannot be taken back where the file is shared with others, so after
// Hasten has given up the goroutine stays in it, and nobody waits for it.
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
	over  bool // the goroutine has ended
	given bool // up: the goroutine may be in a write that never returns
	hasty bool // Hasten was called
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

// Taken counts the bytes that were taken until now.
func (s *Stream) Taken() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in
}

// Failed is closed when a write has failed: nobody reads any more, or the disk
// is full.
func (s *Stream) Failed() <-chan struct{} { return s.failed }

// Close writes what waits, ends the goroutine and returns the first error.
// Nothing may be written after it. It is idempotent.
func (s *Stream) Close() error {
	s.once.Do(func() { close(s.closed) })
	s.mu.Lock()
	for !s.over && !s.given {
		s.room.Wait()
	}
	given, err := s.given, s.err
	s.mu.Unlock()
	if !given {
		<-s.done
	}
	return err
}

// Hasten makes the stream fail with ErrStill once the device has taken nothing for
// so long, from now on, while something waits to be written.
func (s *Stream) Hasten(patience time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hasty {
		s.hasty = true
		s.look(patience, 0, s.out)
	}
}

// looks is how often Hasten looks whether something was written.
const looks = 10

// look looks again after a part of the patience; out bytes were written so many
// looks ago. s.mu is held.
func (s *Stream) look(patience time.Duration, still int, out uint64) {
	time.AfterFunc(patience/looks, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.over || s.err != nil:
			return
		case s.in == s.out || s.out != out:
			still = -1
		case still+1 >= looks:
			s.given = true
			s.fail(ErrStill)
			return
		}
		s.look(patience, still+1, s.out)
	})
}

// fail notes the first error. s.mu is held.
func (s *Stream) fail(err error) {
	if s.err == nil {
		s.err, s.buf = err, nil
		close(s.failed)
	}
	s.room.Broadcast()
}

func (s *Stream) run() {
	defer close(s.done)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.over = true
		s.room.Broadcast()
	}()
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
	for rest := b; len(rest) > 0; {
		n, err := s.w.Write(rest[:min(len(rest), piece)])
		if err == nil && n < min(len(rest), piece) {
			err = io.ErrShortWrite
		}
		rest = rest[n:]
		s.mu.Lock()
		s.out += uint64(n)
		if err != nil {
			s.fail(err)
		}
		dead = s.err != nil
		s.room.Broadcast()
		s.mu.Unlock()
		if dead {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = b[:0]
	return true
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
