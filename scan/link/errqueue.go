package link

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/probe/wire"
)

// queued is one entry of a socket's error queue (ip(7), IP_RECVERR): an ICMP
// error that quoted us, or what the local stack found wrong.
type queued struct {
	err   unix.SockExtendedErr
	from  netip.Addr // who sent the ICMP error; zero for local ones
	stamp int64      // receive time in nanoseconds of the epoch; 0: none
	shut  bool       // the queue cannot be read
}

// readQueue takes one entry off fd's error queue; ok is false if there is none. Where the
// queue cannot be read, that is the entry: nobody knows then what a refused connection
// means.
func readQueue(fd int, oob []byte) (q queued, ok bool) {
	n, errno := recvControl(fd, oob)
	if errno != 0 {
		q.err = unix.SockExtendedErr{Errno: uint32(errno), Origin: unix.SO_EE_ORIGIN_LOCAL}
		q.shut = errno != unix.EAGAIN
		return q, q.shut
	}
	q.stamp = stampIn(oob[:n])
	for level, typ, data, rest, more := control(oob[:n]); more; level, typ, data, rest, more = control(rest) {
		v4 := level == unix.IPPROTO_IP && typ == unix.IP_RECVERR
		v6 := level == unix.IPPROTO_IPV6 && typ == unix.IPV6_RECVERR
		if v4 || v6 {
			q.err, ok = as[unix.SockExtendedErr](data), true
			q.from = offender(data[min(len(data), 16):]) // SO_EE_OFFENDER: the address behind the entry
		}
	}
	return q, ok
}

// recvControl takes one entry off fd's error queue and returns how much of oob its
// ancillary data fills. unix.Recvmsg would first ask what kind of socket it is.
func recvControl(fd int, oob []byte) (n int, errno syscall.Errno) {
	for {
		h := unix.Msghdr{Control: unsafe.SliceData(oob)}
		h.SetControllen(len(oob))
		_, _, errno = unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&h)), unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if errno != unix.EINTR {
			return int(h.Controllen), errno
		}
	}
}

// offender reads the socket address of who sent an ICMP error.
func offender(b []byte) netip.Addr {
	if len(b) < 2 {
		return netip.Addr{}
	}
	switch binary.NativeEndian.Uint16(b) {
	case unix.AF_INET:
		return netip.AddrFrom4(as[unix.RawSockaddrInet4](b).Addr)
	case unix.AF_INET6:
		return netip.AddrFrom16(as[unix.RawSockaddrInet6](b).Addr).Unmap()
	}
	return netip.Addr{}
}

// fromICMP tells whether q is an ICMP error.
func (q *queued) fromICMP() bool {
	return q.err.Origin == unix.SO_EE_ORIGIN_ICMP || q.err.Origin == unix.SO_EE_ORIGIN_ICMP6
}

// failed fills r with what q says of t. An unreachable that one of our own
// addresses sends means that the next hop does not answer ARP or ND.
func (s *Sockets) failed(t *try, q *queued, r *probe.Reply) {
	t.deaf = t.deaf || q.shut
	r.At = s.clock.now().at(q.stamp)
	r.Errno = uint16(q.err.Errno)
	if !q.fromICMP() {
		s.refused(t, syscall.Errno(q.err.Errno), r)
		return
	}
	v6 := q.err.Origin == unix.SO_EE_ORIGIN_ICMP6
	r.Event, r.From, r.Layer = probe.ICMPError, q.from, wire.LayerICMP
	r.Who = s.who(t, q.from)
	r.ICMP = wire.ICMP{Msg: wire.MessageOf(v6, q.err.Type, q.err.Code), Type: q.err.Type, Code: q.err.Code, Info: q.err.Info}
	if r.ICMP.Msg == wire.BeyondScope && s.borrowed(t) {
		*r = probe.Reply{At: r.At, Event: probe.LocalError, Who: probe.Ourselves, Errno: uint16(probe.AddressGone)}
		return
	}
	if r.Who != probe.Ourselves {
		return
	}
	if m := r.ICMP.Msg; m == wire.HostUnreach || m == wire.AddrUnreach {
		s.refused(t, syscall.EHOSTUNREACH, r)
	}
}

// borrowed tells whether the kernel asked from a link-local address because it found no
// better one any more: routers object to that, and it says nothing of the target.
func (s *Sockets) borrowed(t *try) bool {
	own, err := unix.Getsockname(t.fd)
	from, ok := own.(*unix.SockaddrInet6)
	src := s.way(t).Src
	return err == nil && ok && netip.AddrFrom16(from.Addr).IsLinkLocalUnicast() && src.IsValid() && !src.IsLinkLocalUnicast()
}

// refused fills r with an error of this machine.
func (s *Sockets) refused(t *try, errno syscall.Errno, r *probe.Reply) {
	r.Event, r.Who, r.Errno = probe.LocalError, probe.Ourselves, uint16(errno)
	if w := s.way(t); errno == syscall.EHOSTUNREACH && w.Err == nil && !w.Next.IsValid() {
		r.Event = probe.NoNeighbour // the target itself is on the link
	}
}
