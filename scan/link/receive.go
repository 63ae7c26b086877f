package link

import (
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"sonde/probe/wire"
	"sonde/scan"
)

// receiver is one socket that packets come from.
type receiver struct {
	fd    int
	typ   uint16 // EtherType of what comes
	proto uint8  // raw IPv6: the transport; packets come without their IPv6 header
	frame bool   // packet socket: the sender's link-layer address comes along
	ring  *ring  // nil: packets are fetched by calls
	macs  macs   // packet socket: our own addresses
}

// macs are our link-layer addresses, by interface; zero where one has none.
type macs map[int32]wire.MAC

// headroom is what stands before each received packet in its buffer: place for
// an IPv6 header, so that rebuilding one moves no bytes.
const headroom = 40

// largest is the longest IP packet. Buffers are this large, since the kernel
// delivers datagrams reassembled; memory that no packet touched costs nothing.
const largest = 65535

// receiveState is what Recv reads into: it belongs to the one goroutine that
// receives.
type receiveState struct {
	clock  clock
	ready  []unix.EpollEvent // sockets that may still have packets
	msgs   [batch]mmsghdr
	iov    [batch]unix.Iovec
	addr   [batch]sockaddrAny
	oob    [batch][192]byte
	bufs   []byte // batch buffers of headroom+largest bytes; made by the first fetch
	mapped []byte // the same, if they are memory of their own
	parts  fragments
	err    error // why nothing can be received
}

// release gives the buffers back; nobody fetches any more.
func (st *receiveState) release() {
	if st.mapped != nil {
		unix.Munmap(st.mapped)
		st.mapped, st.bufs = nil, nil
	}
}

// sockaddrAny has room for the addresses of raw IPv6 and packet sockets.
type sockaddrAny [unix.SizeofSockaddrInet6]byte

func newReceiveState(c clock) *receiveState {
	st := &receiveState{clock: c}
	for i := range st.msgs {
		st.msgs[i].hdr.Name = &st.addr[i][0]
		st.msgs[i].hdr.Iov = &st.iov[i]
		st.msgs[i].hdr.Iovlen = 1
		st.msgs[i].hdr.Control = &st.oob[i][0]
	}
	return st
}

func (st *receiveState) buf(i int) []byte {
	const size = headroom + largest
	return st.bufs[i*size : (i+1)*size : (i+1)*size]
}

// fetch fills into with packets of r, using the buffers from first on. Of packet sockets
// it takes what raw sockets would: datagrams in parts when they are whole.
func (st *receiveState) fetch(r *receiver, into []scan.Packet, first int) int {
	if !r.frame {
		return st.fetchCalls(r, into, first)
	}
	var got int
	if r.ring != nil {
		got = r.ring.fetch(into, r.macs, st.clock.now())
	} else {
		got = st.fetchCalls(r, into, first)
	}
	n := 0
	for i := range into[:got] {
		if into[n] = into[i]; st.parts.take(&into[n]) {
			n++
		}
	}
	return n
}

// fetchCalls is fetch for a socket without a ring.
func (st *receiveState) fetchCalls(r *receiver, into []scan.Packet, first int) int {
	if st.bufs == nil {
		// Not from the heap: its collector would begin to work because of them, and a
		// small job is over by then.
		bufs, err := unix.Mmap(-1, 0, batch*(headroom+largest), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			bufs = make([]byte, batch*(headroom+largest))
		} else {
			st.mapped = bufs
		}
		st.bufs = bufs
	}
	want := min(len(into), batch-first)
	msgs := st.msgs[first : first+want]
	for i := range msgs {
		b := st.buf(first + i)[headroom:]
		st.iov[first+i].Base = &b[0]
		st.iov[first+i].SetLen(len(b))
		msgs[i].hdr.Namelen = uint32(len(sockaddrAny{}))
		msgs[i].hdr.SetControllen(len(st.oob[0]))
	}
	got, errno := recvmmsg(r.fd, msgs)
	if errno != 0 {
		if errno != unix.EAGAIN && !pending(errno) {
			st.err = os.NewSyscallError("recvmmsg", errno)
		}
		return 0
	}
	now := st.clock.now()
	for i := range msgs[:got] {
		into[i] = st.packet(r, first+i, now)
	}
	return got
}

// pending tells whether an error of receiving is one that waited at the socket: its
// interface has gone or has no room, or somebody on the way refused a packet of ours. It
// is gone by having been told, and so is no answer, nor an error of receiving. Any other
// would come again and again: the call itself is refused, by a sandbox for one.
func pending(errno syscall.Errno) bool {
	switch errno {
	case unix.ENETDOWN, unix.ENODEV, unix.ENXIO, unix.ENOBUFS, unix.ENOMEM,
		unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EHOSTDOWN, unix.ENONET, unix.ECONNREFUSED, unix.EMSGSIZE,
		unix.EPROTO, unix.ENOPROTOOPT, unix.EOPNOTSUPP, unix.EACCES: // icmp(7) and the table of net/ipv6/icmp.c
		return true
	}
	return false
}

// packet returns what arrived in buffer i.
func (st *receiveState) packet(r *receiver, i int, now moment) scan.Packet {
	m := &st.msgs[i]
	oob := st.oob[i][:min(int(m.hdr.Controllen), len(st.oob[i]))]
	p := scan.Packet{Type: r.typ, Frame: r.frame, Sums: wire.SumsOfKernel, At: now.at(stampIn(oob))}
	b := st.buf(i)
	n := min(int(m.n), largest)
	switch {
	case r.frame:
		p.B = b[headroom : headroom+n]
		a := as[unix.RawSockaddrLinklayer](st.addr[i][:])
		addressed(&p, &a, r.macs)
		p.Sums = sumsOf(auxiliaryStatus(oob))
		return p
	case r.proto != 0:
		from := as[unix.RawSockaddrInet6](st.addr[i][:])
		n = min(n, largest-headroom)
		rebuild(b[:headroom], r.proto, &from, oob, n)
		p.B = b[:headroom+n]
		return p
	}
	p.B = b[headroom : headroom+n]
	return p
}

// addressed fills in the interface and the link-layer addresses of p. The kernel tells the sender's,
// and of the receiver's what kind it is: that of our interface, or one of a
// group, which follows from the packet (RFC 1112 section 6.4, RFC 2464 section 7).
func addressed(p *scan.Packet, from *unix.RawSockaddrLinklayer, own macs) {
	p.Iface = from.Ifindex
	if from.Halen != uint8(len(p.MAC)) {
		return
	}
	copy(p.MAC[:], from.Addr[:])
	switch b := p.B; {
	case from.Pkttype == unix.PACKET_BROADCAST:
		p.To = wire.Broadcast
	case from.Pkttype != unix.PACKET_MULTICAST:
		p.To = own[from.Ifindex]
	case p.Type == wire.TypeIPv6 && len(b) >= 40:
		p.To = wire.MAC{0x33, 0x33, b[36], b[37], b[38], b[39]}
	case p.Type == wire.TypeIPv4 && len(b) >= 20:
		p.To = wire.MAC{0x01, 0x00, 0x5e, b[17] & 0x7f, b[18], b[19]}
	}
}

// stampIn returns the kernel's receive time in nanoseconds of the epoch, 0 where
// there is none.
func stampIn(oob []byte) int64 {
	for level, typ, data, rest, ok := control(oob); ok; level, typ, data, rest, ok = control(rest) {
		if level == unix.SOL_SOCKET && typ == unix.SCM_TIMESTAMPNS {
			ts := as[unix.Timespec](data)
			return ts.Nano()
		}
	}
	return 0
}

// auxiliaryStatus returns what the kernel says beside a packet of a packet socket
// (PACKET_AUXDATA, packet(7)).
func auxiliaryStatus(oob []byte) uint32 {
	for level, typ, data, rest, ok := control(oob); ok; level, typ, data, rest, ok = control(rest) {
		if level == unix.SOL_PACKET && typ == unix.PACKET_AUXDATA {
			return as[unix.TpacketAuxdata](data).Status
		}
	}
	return 0
}

// sumsOf is what a status of packet(7) says of checksums.
func sumsOf(status uint32) wire.Sums {
	if status&(unix.TP_STATUS_CSUMNOTREADY|unix.TP_STATUS_CSUM_VALID) != 0 {
		return wire.SumsVouched
	}
	return wire.SumsUnseen
}

// takeError takes the pending error of the socket away, such as ENETDOWN when its
// interface goes. What became of the way is for the Watch to say; but as long as the
// error is there, the socket counts as ready, and silence would never be believed. A
// call that receives takes it too, but a ring is read without any.
func (r *receiver) takeError() {
	_, _ = unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR)
}

func (r *receiver) close() {
	if r.ring != nil {
		r.ring.close()
		return
	}
	unix.Close(r.fd)
}

// drops adds up what the sockets lost. Kernel counters have 32 bits.
func drops(all []*receiver, last *atomic.Uint64) {
	var sum uint64
	for _, r := range all {
		if r.ring != nil {
			sum += r.ring.dropped()
		} else {
			sum += dropped(r.fd)
		}
	}
	last.Store(sum)
}
