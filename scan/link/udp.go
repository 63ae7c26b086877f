package link

import (
	"math"
	"net/netip"

	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/probe/payload"
	"sonde/probe/wire"
	"sonde/scan"
)

// datagram sends a UDP question. The socket is connected: so it hears nobody but
// the port that it asked, also where many sockets share one source port (-g).
// For protocols that answer from a new port (TFTP, RFC 1350 §4) it stays
// unconnected; IP_RECVERR brings ICMP errors nevertheless.
func (s *Sockets) datagram(t *try, shape *Shape, data []byte) error {
	if err := s.openSocket(t, shape, unix.SOCK_DGRAM, unix.IPPROTO_UDP, unix.IPPROTO_UDP); err != nil {
		return err
	}
	to := s.target(t)
	if ask := payload.For(t.p.Port); ask != nil && ask.NewPort {
		t.shared = shape.Port != 0
		return sendTo(t.fd, data, to)
	}
	if err := unix.Connect(t.fd, to); err != nil {
		return err
	}
	return sendTo(t.fd, data, nil)
}

// sendTo sends one datagram; to is nil on a connected socket.
func sendTo(fd int, data []byte, to unix.Sockaddr) error {
	for {
		if err := unix.Sendmsg(fd, data, nil, to, unix.MSG_DONTWAIT); err != unix.EINTR {
			return err
		}
	}
}

// replied fills a with what came for t: an ICMP error or a datagram.
func (s *Sockets) replied(t *try, a *scan.Answer, buf []byte) (some bool) {
	r := &a.Reply
	if q, ok := readQueue(t.fd, s.oob); ok {
		s.failed(t, &q, r)
		return true
	}
	n, from, failed, ok := s.receive(t, r, buf)
	if !ok {
		return failed
	}
	addr := addrPort(from)
	r.From, r.Layer, r.Size = addr.Addr(), wire.LayerUDP, uint16(n)
	r.UDP = wire.UDP{Src: addr.Port(), Len: uint16(min(n+8, 0xffff))}
	r.IP.Proto = wire.ProtoUDP
	if t.shared {
		if p, ok := s.askedOf(r.From, t.key); ok {
			a.Probe, t.p = p, p
		}
	}
	s.judge(t, r)
	a.Data = buf[:n:n]
	return true
}

// askedOf finds the latest try like k that asked addr. The kernel hands what
// comes to a port that unconnected sockets share to any one of them.
func (s *Sockets) askedOf(addr netip.Addr, k key) (probe.Probe, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.p.Target = addr.WithZone(k.p.Target.Zone())
	for k.p.Try = math.MaxUint8; k.p.Try > 0; k.p.Try-- {
		if _, ok := s.byKey[k]; ok {
			return k.p, true
		}
	}
	return probe.Probe{}, false
}

// judge accepts an answer from the address that was asked; any other sender
// proves nothing.
func (s *Sockets) judge(t *try, r *probe.Reply) {
	r.Who = s.who(t, r.From)
	r.Event = probe.Unsolicited
	if r.Who == probe.Target {
		r.Event = probe.Answer
	}
}

// receive reads one datagram into buf and fills r's At and what is known of its
// IP header. Where there is none, failed tells that it cannot be read, and r why.
func (s *Sockets) receive(t *try, r *probe.Reply, buf []byte) (n int, from unix.Sockaddr, failed, ok bool) {
	n, oobn, _, from, err := unix.Recvmsg(t.fd, buf, s.oob, unix.MSG_DONTWAIT)
	if err != nil {
		// Pending is one that was told before, or is of a datagram that did not leave.
		errno := errnoOf(err)
		if errno == unix.EAGAIN || errno == unix.EINTR || pending(errno) {
			return 0, nil, false, false
		}
		r.At = s.clock.now().since
		t.deaf = true
		s.refused(t, errno, r)
		return 0, nil, true, false
	}
	oob := s.oob[:oobn]
	r.At = s.clock.now().at(stampIn(oob))
	for level, typ, data, rest, more := control(oob); more; level, typ, data, rest, more = control(rest) {
		switch {
		case level == unix.IPPROTO_IP && typ == unix.IP_TTL, level == unix.IPPROTO_IPV6 && typ == unix.IPV6_HOPLIMIT:
			r.IP.TTL = uint8(as[int32](data))
		case level == unix.IPPROTO_IP && typ == unix.IP_TOS:
			r.IP.TOS = as[uint8](data)
		case level == unix.IPPROTO_IPV6 && typ == unix.IPV6_TCLASS:
			r.IP.TOS = uint8(as[int32](data))
		}
	}
	r.IP.Src = addrPort(from).Addr()
	return n, from, false, true
}
