package link

import (
	"os"
	"syscall"

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
			p.n, p.err = unix.EpollWait(int(fd), p.events[:], 0)
			if p.err != unix.EINTR {
				return p.n != 0 || p.err != nil
			}
		}
	}
	return p, nil
}

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
	if err := p.conn.Read(p.look); err != nil { // no deadline is ever set: closed
		return nil, scan.ErrClosed
	}
	if p.err != nil {
		return nil, os.NewSyscallError("epoll_wait", p.err)
	}
	return p.events[:p.n], nil
}

// close wakes who waits. It may be called more than once.
func (p *poller) close() { p.file.Close() }
