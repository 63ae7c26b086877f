package link

import (
	"encoding/binary"
	"os"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"sonde/scan"
)

// batch is how many packets go to the kernel, or come from it, in one call.
const batch = 64

// newSocket opens a socket that this process keeps to itself. Its type of
// waiting is told with each call (MSG_DONTWAIT).
func newSocket(family, typ, proto int) (int, error) {
	fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC, proto)
	return fd, os.NewSyscallError("socket", err)
}

// rawSender sends IP packets of one family with their own headers. The kernel
// routes them, by what the packet's Way found out: interface and source travel
// with each packet, since for a header of our own the kernel would look up the
// route without its source address and miss policy rules.
type rawSender struct {
	fd   int
	v6   bool
	ways [][]byte // by way: ancillary data
	oif  []uint32 // by way: scope of link-local targets
}

// openRawSender opens the socket for sending. It receives nothing: no packet
// has the protocol number IPPROTO_RAW.
func openRawSender(t *Table, v6 bool) (s *rawSender, err error) {
	s = &rawSender{v6: v6, ways: make([][]byte, len(t.ways)), oif: make([]uint32, len(t.ways))}
	family := unix.AF_INET
	if v6 {
		family = unix.AF_INET6
	}
	if s.fd, err = newSocket(family, unix.SOCK_RAW, unix.IPPROTO_RAW); err != nil {
		return nil, err
	}
	for i := range t.ways {
		s.ways[i], s.oif[i] = packetInfo(t, i, v6), uint32(t.oif[i])
	}
	if err = s.prepare(t); err != nil {
		unix.Close(s.fd)
		return nil, err
	}
	return s, nil
}

func (s *rawSender) prepare(t *Table) error {
	// Without RECVERR a full queue of the interface is silent (ip(7)).
	if err := receiveErrors(s.fd, s.v6); err != nil {
		return err
	}
	if err := bindToDevice(s.fd, t.opt.Iface); err != nil {
		return err
	}
	if err := ignorePathMTU(s.fd, s.v6); err != nil {
		return err
	}
	if !s.v6 {
		// Fragments of ours are meant, and a firewall of this machine that follows connections
		// would put them together (ip(7)). Where there are frames they leave as these; on
		// loopback there are none. IPv6 has no such option.
		if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_NODEFRAG, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	enlarge(s.fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, 4<<20)
	return attach(s.fd, nothing)
}

// ignorePathMTU lets packets leave as large as the interface takes them, whatever
// the kernel was told of the path: it believes any ICMP error that says so, and
// would keep back what we want to ask (IP_PMTUDISC_PROBE, ip(7)).
func ignorePathMTU(fd int, v6 bool) error {
	if v6 {
		return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE))
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE))
}

// packetInfo is the ancillary data of packets on way i (IP_PKTINFO,
// IPV6_PKTINFO); nil where the way is of the other family or leads nowhere.
func packetInfo(t *Table, i int, v6 bool) []byte {
	w := &t.ways[i]
	if w.Err != nil || w.Own.Is6() != v6 {
		return nil
	}
	if v6 {
		info := unix.Inet6Pktinfo{Addr: w.Own.As16(), Ifindex: uint32(t.oif[i])}
		return appendControl(nil, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, bytesOf(&info))
	}
	info := unix.Inet4Pktinfo{Spec_dst: w.Own.As4(), Ifindex: int32(t.oif[i])}
	return appendControl(nil, unix.IPPROTO_IP, unix.IP_PKTINFO, bytesOf(&info))
}

// sendState is what one batch needs. It is pooled: senders do not wait for each
// other.
type sendState struct {
	msgs     [batch]mmsghdr
	iov      [batch]unix.Iovec
	addr4    [batch]unix.RawSockaddrInet4
	addr6    [batch]unix.RawSockaddrInet6
	addrLink [batch]unix.RawSockaddrLinklayer
	frame    []byte
}

// send sends packets, at most batch of them, and returns how many left. An
// Errno is that of packets[n]; EAGAIN is back-pressure.
func (s *rawSender) send(st *sendState, packets []scan.Packet) (n int, err error) {
	for n < len(packets) {
		p := &packets[n]
		if !s.address(st, n, p) {
			break
		}
		h := &st.msgs[n].hdr
		st.iov[n].Base = &p.B[0]
		st.iov[n].SetLen(len(p.B))
		h.Iov, h.Iovlen = &st.iov[n], 1
		h.Control = nil
		info := s.ways[p.Way]
		if len(info) > 0 {
			h.Control = &info[0]
		}
		h.SetControllen(len(info))
		n++
	}
	bad := n < len(packets)
	if n > 0 {
		sent, errno := sendmmsg(s.fd, st.msgs[:n])
		if errno != 0 {
			drainErrors(s.fd)
			return 0, errno
		}
		if sent < n { // the error, if it was one, comes again with the next call
			return sent, nil
		}
	}
	if bad {
		return n, unix.EINVAL
	}
	return n, nil
}

// address fills the destination of message i from p's IP header. It returns
// false where p is no packet of this family.
func (s *rawSender) address(st *sendState, i int, p *scan.Packet) bool {
	h := &st.msgs[i].hdr
	if s.v6 {
		if len(p.B) < 40 || p.B[0]>>4 != 6 {
			return false
		}
		a := &st.addr6[i]
		a.Family = unix.AF_INET6
		copy(a.Addr[:], p.B[24:40]) // RFC 8200 §3
		a.Scope_id = 0
		if a.Addr[0] == 0xfe && a.Addr[1]&0xc0 == 0x80 { // RFC 4291 §2.5.6
			a.Scope_id = s.oif[p.Way]
		}
		h.Name, h.Namelen = sockaddr(a), unix.SizeofSockaddrInet6
		return true
	}
	if len(p.B) < 20 || p.B[0]>>4 != 4 {
		return false
	}
	a := &st.addr4[i]
	a.Family = unix.AF_INET
	copy(a.Addr[:], p.B[16:20]) // RFC 791 §3.1
	h.Name, h.Namelen = sockaddr(a), unix.SizeofSockaddrInet4
	return true
}

// openRawReceiver opens a raw IP socket that receives one protocol, through
// filter prog.
func openRawReceiver(v6 bool, proto uint8, prog []bpf.Instruction, buffer int) (fd int, err error) {
	family := unix.AF_INET
	if v6 {
		family = unix.AF_INET6
	}
	if fd, err = newSocket(family, unix.SOCK_RAW, int(proto)); err != nil {
		return -1, err
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
			fd = -1
		}
	}()
	// Packets arrive from the moment the socket exists: shut it, throw away
	// what came, and only then let in what the filter lets in.
	if err = attach(fd, nothing); err != nil {
		return
	}
	drain(fd)
	if err = stamp(fd, buffer); err != nil {
		return
	}
	if v6 {
		// The kernel keeps the IPv6 header: have it told what was in it.
		for _, opt := range []int{unix.IPV6_RECVPKTINFO, unix.IPV6_RECVHOPLIMIT, ipv6FlowInfo} {
			if err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, opt, 1); err != nil {
				return fd, os.NewSyscallError("setsockopt", err)
			}
		}
	}
	return fd, attach(fd, prog)
}

// ipv6FlowInfo is IPV6_FLOWINFO of linux/in6.h: traffic class and flow label.
const ipv6FlowInfo = 11

// rebuild writes the IPv6 header of a packet that a raw socket delivered without
// it (RFC 8200 §3), out of its ancillary data. Extension headers are gone: the
// next header is the transport's.
func rebuild(header []byte, proto uint8, from *unix.RawSockaddrInet6, oob []byte, payload int) {
	clear(header[:40])
	header[0] = 0x60
	binary.BigEndian.PutUint16(header[4:], uint16(payload))
	header[6] = proto
	copy(header[8:], from.Addr[:])
	for level, typ, data, rest, ok := control(oob); ok; level, typ, data, rest, ok = control(rest) {
		if level != unix.IPPROTO_IPV6 {
			continue
		}
		switch typ {
		case unix.IPV6_PKTINFO:
			info := as[unix.Inet6Pktinfo](data)
			copy(header[24:], info.Addr[:])
		case unix.IPV6_HOPLIMIT:
			header[7] = uint8(as[int32](data))
		case ipv6FlowInfo:
			if len(data) >= 4 {
				header[0] |= data[0] & 0x0f
				copy(header[1:4], data[1:4])
			}
		}
	}
}

// receiveErrors makes the kernel tell of every error (ip(7), ipv6(7)).
func receiveErrors(fd int, v6 bool) error {
	if v6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		return nil
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1))
}

// bindToDevice ties fd to an interface; "" to none.
func bindToDevice(fd int, iface string) error {
	if iface == "" {
		return nil
	}
	return os.NewSyscallError("setsockopt", unix.BindToDevice(fd, iface))
}

// stamp has the kernel note when it received a packet, and makes room for a
// burst.
func stamp(fd, buffer int) error {
	enlarge(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, buffer)
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1))
}

// enlarge sets a buffer size, as far as this process may.
func enlarge(fd, force, plain, size int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, size)
	}
}

// drain throws away what waits in fd, which gets nothing new.
func drain(fd int) {
	var b [1]byte
	for {
		if _, _, err := unix.Recvfrom(fd, b[:], unix.MSG_DONTWAIT); err != nil && err != unix.EINTR {
			return
		}
	}
}

// drainErrors empties the error queue of a sender: what is in it was told as the
// error of the call already.
func drainErrors(fd int) {
	var b [1]byte
	for range batch {
		if _, _, _, _, err := unix.Recvmsg(fd, b[:], nil, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT); err != nil {
			return
		}
	}
}
