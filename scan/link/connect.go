package link

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/probe/wire"
)

// connect starts a TCP connection. On a fast network the RST has come before the
// call returns, and a second call tells: then some says whether r is an answer,
// and done that the try has ended. Without done the try goes on, and Recv tells.
func (s *Sockets) connect(t *try, shape *Shape, r *probe.Reply) (some, done bool, err error) {
	own, to := shape.of(t), s.peer(t)
	if !s.connectIdle(t, &own, &to) {
		if err := s.openConnecting(t, &own); err != nil {
			return false, false, err
		}
		if errno := connect(t.fd, &to); errno != 0 && errno != unix.EINPROGRESS {
			return false, false, errno
		}
	}
	errno := connect(t.fd, &to)
	switch errno {
	case 0, unix.EISCONN, unix.EALREADY:
		return false, false, nil
	}
	var oob [largestControl]byte
	some, _ = s.became(t, errno, oob[:], r)
	if some && r.Errno == uint16(unix.ECONNREFUSED) && r.Event == probe.Answer {
		s.keep(t, &own)
	} else {
		unix.Close(t.fd)
	}
	return some, true, nil
}

// openConnecting opens a socket for t's connection.
func (s *Sockets) openConnecting(t *try, own *Shape) error {
	if err := s.openSocket(t, own, unix.SOCK_STREAM, unix.IPPROTO_TCP, unix.IPPROTO_TCP); err != nil {
		return err
	}
	// Close with RST: no TIME_WAIT here, and nothing that lingers there.
	err := unix.SetsockoptLinger(t.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	return os.NewSyscallError("setsockopt", err)
}

// connect is connect(2) on a non-blocking socket. That takes no longer than the
// packet's way through this machine, so the scheduler is not told.
func connect(fd int, to *peer) syscall.Errno {
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(to)), to.size())
		if errno != unix.EINTR {
			return errno
		}
	}
}

// peer is a socket address as connect(2) wants it: struct sockaddr_in6, or
// sockaddr_in at the same place.
type peer unix.RawSockaddrInet6

// peer is t's target.
func (s *Sockets) peer(t *try) (to peer) {
	addr, port := t.p.Target, htons(t.p.Port)
	if addr.Is4() {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&to)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: addr.As4()}
		return to
	}
	return peer{Family: unix.AF_INET6, Port: port, Addr: addr.As16(), Scope_id: s.scope(addr)}
}

func (p *peer) size() uintptr {
	if p.Family == unix.AF_INET {
		return unix.SizeofSockaddrInet4
	}
	return unix.SizeofSockaddrInet6
}

// selfConnected tells whether the socket is connected to itself: asked for a
// port of this host, the kernel may have chosen just that one as the source
// (RFC 9293 §3.5, simultaneous open). It never chooses a port that somebody
// listens on, so nobody does.
func selfConnected(fd int) bool {
	own, err1 := unix.Getsockname(fd)
	peer, err2 := unix.Getpeername(fd)
	if err1 != nil || err2 != nil {
		return false
	}
	switch a := own.(type) {
	case *unix.SockaddrInet4:
		b, ok := peer.(*unix.SockaddrInet4)
		return ok && a.Port == b.Port && a.Addr == b.Addr
	case *unix.SockaddrInet6:
		b, ok := peer.(*unix.SockaddrInet6)
		return ok && a.Port == b.Port && a.Addr == b.Addr
	}
	return false
}

// connected tells what became of t's connection. Since Linux 5.8 a connecting
// socket with IP_RECVERR queues the ICMP error that ended it: only with an empty
// queue is a refused connection a RST.
func (s *Sockets) connected(t *try, r *probe.Reply) (some, done bool) {
	errno, err := unix.GetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return false, true
	}
	return s.became(t, syscall.Errno(errno), s.oob, r)
}

// became is connected, where the socket's errno is known.
func (s *Sockets) became(t *try, errno syscall.Errno, oob []byte, r *probe.Reply) (some, done bool) {
	if q, ok := readQueue(t.fd, oob); ok {
		s.failed(t, &q, r)
		t.told = syscall.Errno(q.err.Errno)
		return true, errno != 0 || t.deaf // without an error the kernel goes on asking
	}
	return s.ended(t, errno, r)
}

// ended is connected with an empty error queue. The kernel queues an ICMP error
// first and gives the socket its errno then, each with an event of its own: what
// comes second is no RST and nothing new.
func (s *Sockets) ended(t *try, errno syscall.Errno, r *probe.Reply) (some, done bool) {
	if errno != 0 && errno == t.told {
		return false, true
	}
	*r = probe.Reply{Event: probe.Answer, Who: probe.Target, From: t.p.Target.WithZone(""), At: s.clock.now().since,
		Layer: wire.LayerTCP, TCP: wire.TCP{Src: t.p.Port}}
	switch errno {
	case 0:
		if _, err := unix.Getpeername(t.fd); err != nil {
			return false, false // woken for nothing
		}
		r.TCP.Flags = wire.SYN | wire.ACK
		if selfConnected(t.fd) {
			r.TCP.Flags = wire.RST | wire.ACK
		}
	case unix.ECONNRESET: // it had been established
		r.TCP.Flags = wire.SYN | wire.ACK
	case unix.ECONNREFUSED:
		r.TCP.Flags, r.Errno = wire.RST|wire.ACK, uint16(errno)
	case unix.ETIMEDOUT:
		return false, true // silence
	default:
		*r = probe.Reply{At: r.At}
		s.refused(t, errno, r)
	}
	return true, true
}
