package link

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"sonde/scan"
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
	ttl := shape.TTL
	if t.p.TTL != 0 {
		ttl = t.p.TTL
	}
	for _, o := range s.options(v6, ttl, shape.TOS) {
		if err = unix.SetsockoptInt(t.fd, o.level, o.name, o.value); err != nil {
			return err
		}
	}
	own := *shape
	if own.Iface != "" && !own.Source.IsValid() {
		own.Source = s.way(t).Own // the way was found with it, see routeBy
	}
	return bind(t, &own, v6)
}

// option is one integer argument of setsockopt.
type option struct{ level, name, value int }

// options are those that the family names differently.
func (s *Sockets) options(v6 bool, ttl, tos uint8) (all []option) {
	level, hops, class, recvHops, recvClass := unix.IPPROTO_IP, unix.IP_TTL, unix.IP_TOS, unix.IP_RECVTTL, unix.IP_RECVTOS
	if v6 {
		level, hops, class = unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, unix.IPV6_TCLASS
		recvHops, recvClass = unix.IPV6_RECVHOPLIMIT, unix.IPV6_RECVTCLASS
	}
	if ttl != 0 {
		all = append(all, option{level, hops, int(ttl)})
	}
	if tos != 0 {
		all = append(all, option{level, class, int(tos)})
	}
	return append(all,
		option{level, recvHops, 1}, option{level, recvClass, 1},
		option{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1})
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
	return address(t.p.Target, t.p.Port, t.p.Target.Is6(), scopeOf(t.p.Target, s.way(t)))
}

// scopeOf returns the interface that an address needs to be told with.
func scopeOf(addr netip.Addr, w *scan.Way) uint32 {
	if addr.Is6() && addr.IsLinkLocalUnicast() {
		return uint32(w.Iface)
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
