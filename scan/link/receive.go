package link

import (
	"sync/atomic"

	"golang.org/x/net/bpf"
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
}

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

// fetch fills into with packets of r, using the buffers from first on.
func (st *receiveState) fetch(r *receiver, into []scan.Packet, first int) int {
	if r.ring != nil {
		return r.ring.fetch(into, st.clock.now())
	}
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
		return 0 // EAGAIN; a pending error is taken away by having been told
	}
	now := st.clock.now()
	for i := range msgs[:got] {
		into[i] = st.packet(r, first+i, now)
	}
	return got
}

// packet returns what arrived in buffer i.
func (st *receiveState) packet(r *receiver, i int, now moment) scan.Packet {
	m := &st.msgs[i]
	oob := st.oob[i][:min(int(m.hdr.Controllen), len(st.oob[i]))]
	p := scan.Packet{Type: r.typ, Frame: r.frame, At: now.at(stampIn(oob))}
	b := st.buf(i)
	n := min(int(m.n), largest)
	switch {
	case r.frame:
		a := as[unix.RawSockaddrLinklayer](st.addr[i][:])
		if a.Halen == uint8(len(p.MAC)) {
			copy(p.MAC[:], a.Addr[:])
		}
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

// receivers opens the sockets that n needs, for the ways of t.
func receivers(t *Table, n *Needs, buffer int) (all []*receiver, err error) {
	defer func() {
		if err != nil {
			for _, r := range all {
				r.close()
			}
			all = nil
		}
	}()
	for _, f := range planReceivers(t, n) {
		r := f.receiver
		switch {
		case f.rings:
			if r.ring, err = openRing(f.iface, f.prog, buffer); err == nil {
				r.fd = r.ring.fd
			}
		case r.frame:
			r.fd, err = openFrameReceiver(f.iface, r.typ, f.prog, buffer)
		default:
			r.fd, err = openRawReceiver(r.typ == wire.TypeIPv6, f.proto, f.prog, f.device, buffer)
		}
		if err != nil {
			return all, err
		}
		all = append(all, &r)
	}
	return all, nil
}

// plannedReceiver says what socket to open.
type plannedReceiver struct {
	receiver
	iface  int    // packet sockets
	rings  bool   // packet sockets: with a ring
	device string // raw sockets: -e
	proto  uint8  // raw sockets
	prog   []bpf.Instruction
}

// planReceivers says which sockets a run needs: raw IP sockets, or, where
// packets leave as frames, packet sockets on the interfaces that they leave by:
// one for each EtherType, or a ring for all.
// Never both for the same packet: it would come twice.
func planReceivers(t *Table, n *Needs) (plan []plannedReceiver) {
	if !n.Frames {
		plan = append(plan, planRaw(t, n)...)
	}
	seen := make(map[int]bool)
	for i := range t.ways {
		w := &t.ways[i]
		if w.Err != nil || seen[w.Iface] {
			continue
		}
		seen[w.Iface] = true
		add := func(typ uint16, prog []bpf.Instruction) {
			plan = append(plan, plannedReceiver{receiver: receiver{typ: typ, frame: true}, iface: w.Iface, prog: prog})
		}
		ask := n.Neighbours && w.Ether
		if n.Rings {
			plan = append(plan, plannedReceiver{receiver: receiver{frame: true}, iface: w.Iface, rings: true, prog: ringed(n, w.Ether)})
			continue
		}
		if ask && n.V4 {
			add(wire.TypeARP, arpReplies())
		}
		if n.Frames && n.V4 {
			add(wire.TypeIPv4, frame4(n))
		}
		if n.V6 && (n.Frames || ask) {
			add(wire.TypeIPv6, frame6(n, n.Frames))
		}
	}
	return plan
}

func planRaw(t *Table, n *Needs) (plan []plannedReceiver) {
	device := t.opt.Iface
	for i := range t.ways {
		if t.ways[i].Err == nil && t.ways[i].Iface != t.iface {
			device = "" // one of our own addresses: its answers come over loopback
		}
	}
	var protos []uint8
	if n.TCP {
		protos = append(protos, wire.ProtoTCP)
	}
	if n.UDP {
		protos = append(protos, wire.ProtoUDP)
	}
	if n.V4 && (n.TCP || n.UDP || n.ICMP) {
		for _, proto := range append(protos, wire.ProtoICMP) {
			plan = append(plan, plannedReceiver{receiver: receiver{typ: wire.TypeIPv4}, device: device,
				proto: proto, prog: raw4(proto, n.Ports, n.messages4())})
		}
	}
	if n.V6 && (n.TCP || n.UDP || n.ICMP) {
		for _, proto := range append(protos, wire.ProtoICMPv6) {
			plan = append(plan, plannedReceiver{receiver: receiver{typ: wire.TypeIPv6, proto: proto}, device: device,
				proto: proto, prog: raw6(proto, n.Ports, n.messages6())})
		}
	}
	return plan
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
