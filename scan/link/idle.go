package link

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// idle is a socket whose connection was refused at once. The failed connect has
// dissolved the association (connect(2)), so the socket can ask again, which
// spares opening and closing one for each question. It asks the same host only:
// the kernel goes on in the sequence numbers of the connection before, and those
// are for no other host to know (RFC 6528 §3).
type idle struct {
	fd    int
	shape Shape
}

// mostIdle is how many sockets are kept.
const mostIdle = 256

// connectIdle connects t by an idle socket, where there is one and the kernel lets
// it.
func (s *Sockets) connectIdle(t *try, shape *Shape, to *peer) bool {
	if t.fd = s.takeIdle(t.p.Target, shape); t.fd < 0 {
		return false
	}
	if errno := connect(t.fd, to); errno == 0 || errno == unix.EINPROGRESS {
		return true
	}
	unix.Close(t.fd)
	return false
}

// takeIdle returns an idle socket that may ask target in this shape; -1 if there
// is none.
func (s *Sockets) takeIdle(target netip.Addr, shape *Shape) (fd int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.idle[target]
	if !ok || i.shape != *shape {
		return -1
	}
	delete(s.idle, target)
	return i.fd
}

// keep makes t's socket idle. One that is bound to a port is closed, since that
// port is for all: others would not get it as long as it is taken.
func (s *Sockets) keep(t *try, shape *Shape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.idle[t.p.Target]; ok || shape.Port != 0 {
		unix.Close(t.fd)
		return
	}
	if len(s.idle) >= mostIdle {
		s.closeIdle()
	}
	s.idle[t.p.Target] = idle{t.fd, *shape}
}

// dismiss closes all idle sockets.
func (s *Sockets) dismiss() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeIdle()
}

// closeIdle is dismiss while s.mu is held.
func (s *Sockets) closeIdle() {
	for _, i := range s.idle {
		unix.Close(i.fd)
	}
	clear(s.idle)
}
