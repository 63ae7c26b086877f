package link

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// openSocket opens a kernel socket for t, shaped as asked, and fills t.fd. The
// error queue is switched on before anything can fail.
func (s *Sockets) openSocket(t *try, shape *Shape, typ, proto4, proto6 int) (err error) {
	v6 := t.p.Target.Is6()
	family, proto := unix.AF_INET, proto4
	if v6 {
		family, proto = unix.AF_INET6, proto6
	}
	if t.fd, err = newSocket(family, typ|unix.SOCK_NONBLOCK, proto); err != nil {
		t.fd = -1
		return err
	}
	if err = receiveErrors(t.fd, v6); err != nil {
		return err
	}
	if err = bindToDevice(t.fd, shape.Iface); err != nil {
		return err
	}
	own := shape.of(t)
	for _, o := range s.options(v6, typ == unix.SOCK_STREAM, &own, t.p.TTL != 0) {
		if err = unix.SetsockoptInt(t.fd, o.level, o.name, o.value); err != nil {
			return err
		}
	}
	if own.Iface != "" && !own.Source.IsValid() {
		own.Source = s.way(t).Own // the way was found with it, see routeBy
	}
	return bind(t, &own, v6)
}

// of is the shape of t's socket.
func (o Shape) of(t *try) Shape {
	if t.p.TTL != 0 {
		o.TTL = t.p.TTL
	}
	return o
}

// option is one integer argument of setsockopt.
type option struct{ level, name, value int }

// options are those that the family names differently. A connection has no TTL
// and TOS to be told of. Its time is taken when its end is seen, but for that of
// a hop on the way: the first socket that wants the kernel's time stamps, and the
// last one to be closed, make it rewrite its own code, which takes longer than a
// connection.
func (s *Sockets) options(v6, connects bool, shape *Shape, hop bool) (all []option) {
	level, hops, class, recvHops, recvClass := unix.IPPROTO_IP, unix.IP_TTL, unix.IP_TOS, unix.IP_RECVTTL, unix.IP_RECVTOS
	if v6 {
		level, hops, class = unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, unix.IPV6_TCLASS
		recvHops, recvClass = unix.IPV6_RECVHOPLIMIT, unix.IPV6_RECVTCLASS
	}
	if shape.TTL != 0 {
		all = append(all, option{level, hops, int(shape.TTL)})
	}
	if shape.TOS != 0 {
		all = append(all, option{level, class, int(shape.TOS)})
	}
	if !connects {
		all = append(all, option{level, recvHops, 1}, option{level, recvClass, 1})
	}
	if !connects || hop {
		all = append(all, option{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1})
	}
	return all
}

// bind sets the source address and port that were asked for.
func bind(t *try, shape *Shape, v6 bool) error {
	if !shape.Source.IsValid() && shape.Port == 0 {
		return nil
	}
	if shape.Source.IsValid() && shape.Source.Unmap().Is6() != v6 {
		return unix.EAFNOSUPPORT
	}
	name, level := unix.SO_REUSEADDR, unix.SOL_SOCKET
	if shape.Port == 0 { // let connect pick a port that is free towards this target
		name, level = unix.IP_BIND_ADDRESS_NO_PORT, unix.IPPROTO_IP
	}
	if err := unix.SetsockoptInt(t.fd, level, name, 1); err != nil {
		return err
	}
	return unix.Bind(t.fd, address(shape.Source.Unmap(), shape.Port, v6, 0))
}

// target is t's target as a socket address.
func (s *Sockets) target(t *try) unix.Sockaddr {
	return address(t.p.Target, t.p.Port, t.p.Target.Is6(), s.scope(t.p.Target))
}

// scope returns the interface that a target needs to be told with.
func (s *Sockets) scope(target netip.Addr) uint32 {
	if target.Is6() && target.IsLinkLocalUnicast() {
		return uint32(s.opt.Routes.Ways()[s.opt.Routes.Way(target)].Iface)
	}
	return 0
}

// address makes a socket address; an invalid addr is the unspecified one.
func address(addr netip.Addr, port uint16, v6 bool, scope uint32) unix.Sockaddr {
	if v6 {
		a := &unix.SockaddrInet6{Port: int(port), ZoneId: scope}
		if addr.IsValid() {
			a.Addr = addr.As16()
		}
		return a
	}
	a := &unix.SockaddrInet4{Port: int(port)}
	if addr.IsValid() {
		a.Addr = addr.As4()
	}
	return a
}

// addrPort is the inverse of address, without the scope.
func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}
