package link

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sonde/scan"
)

// poller waits for many descriptors at once. Its own descriptor is in the
// runtime's poller, so that waiting parks a goroutine and keeps no thread, and
// closing it wakes who waits.
type poller struct {
	file   *os.File
	conn   syscall.RawConn
	events [64]unix.EpollEvent
	n      int   // events filled by the last look
	err    error // of the last look
	look   func(fd uintptr) bool

	unread  atomic.Bool // what wait returned may not have been read
	mu      sync.Mutex  // of the next three, for pending
	pending bool
	peeked  [1]unix.EpollEvent
	peek    func(fd uintptr)
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &poller{file: os.NewFile(uintptr(fd), "epoll")}
	if p.conn, err = p.file.SyscallConn(); err != nil {
		p.file.Close()
		return nil, err
	}
	p.look = func(fd uintptr) bool { // made once: a closure for each wait would be garbage
		for {
			p.unread.Store(true) // before events are taken, so that they are in sight at any time
			p.n, p.err = unix.EpollWait(int(fd), p.events[:], 0)
			if p.n == 0 {
				p.unread.Store(false)
			}
			if p.err != unix.EINTR {
				return p.n != 0 || p.err != nil
			}
		}
	}
	p.peek = func(fd uintptr) {
		n, err := unix.EpollWait(int(fd), p.peeked[:], 0)
		p.pending = err == nil && n > 0
	}
	return p, nil
}

// waiting tells whether there are events, or were when wait last returned and it
// was not called again. Unlike wait it may be called by anybody.
func (p *poller) waiting() bool {
	if p.unread.Load() {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = false
	_ = p.conn.Control(p.peek) // closed: nothing waits
	if p.pending && !p.unread.Load() {
		p.wake()
	}
	return p.pending || p.unread.Load()
}

// wake has wait look again. While peek looks, the kernel has its list of events in
// hand: who looks at the same time is told that there are none, and is not woken for
// them afterwards (ep_done_scan wakes nobody who polls the epoll descriptor itself).
func (p *poller) wake() {
	_ = p.file.SetReadDeadline(past) // closed: nobody waits
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// add watches fd; its events carry slot and generation. Level-triggered.
func (p *poller) add(fd int, events uint32, slot, generation int32) error {
	var err error
	if e := p.conn.Control(func(ep uintptr) {
		err = unix.EpollCtl(int(ep), unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: slot, Pad: generation})
	}); e != nil {
		return scan.ErrClosed
	}
	return os.NewSyscallError("epoll_ctl", err)
}

// wait blocks until there are events and returns them, borrowed until the next
// wait. It is for one goroutine at a time.
func (p *poller) wait() ([]unix.EpollEvent, error) {
	p.unread.Store(false)
	for {
		err := p.conn.Read(p.look)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || p.file.SetReadDeadline(time.Time{}) != nil {
			return nil, scan.ErrClosed
		}
	}
	if p.err != nil {
		return nil, os.NewSyscallError("epoll_wait", p.err)
	}
	return p.events[:p.n], nil
}

// now is wait that does not block: it may return none.
func (p *poller) now() ([]unix.EpollEvent, error) {
	if err := p.conn.Control(func(fd uintptr) { p.look(fd) }); err != nil {
		return nil, scan.ErrClosed
	}
	if p.err != nil {
		return nil, os.NewSyscallError("epoll_wait", p.err)
	}
	return p.events[:p.n], nil
}

// close wakes who waits. It may be called more than once.
func (p *poller) close() { p.file.Close() }
