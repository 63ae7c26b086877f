package link

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sonde/probe/wire"
	"sonde/scan"
)

// Needs says what a run sends and hopes to receive, so that no socket is opened
// and no packet is let in that it has no use for.
type Needs struct {
	V4, V6     bool
	TCP, UDP   bool
	ICMP       bool // replies to echo, timestamp and mask; ICMP errors come anyway
	Neighbours bool // ARP and ND by frames
	// Frames says that IP packets leave as frames (Packet.Frame), so answers
	// are taken from the link, too, before any firewall of this machine.
	Frames bool
	// Rings, with Frames, is for large jobs: answers come through memory that is
	// shared with the kernel, one ring for each family, see ring.
	Rings bool
	Ports []PortRange // our source ports, at most 50 ranges; none: all
	Heard int         // an interface by which whole TCP segments are heard otherwise, see Bulk; 0: none
}

// Options of a Link.
type Options struct {
	Start         time.Time // zero of Packet.At, with its monotonic reading
	ReceiveBuffer int       // bytes that each socket may queue, or that a ring has; 0: 8 MiB
}

// Link implements scan.Link over raw IP sockets and link-layer frames. Send may
// be called by several goroutines, Recv by one.
type Link struct {
	table  *Table
	needs  Needs
	raw4   *rawSender
	raw6   *rawSender
	frames map[outlet]frameSender

	poller    *poller
	receivers []*receiver
	receive   *receiveState
	receiving atomic.Bool
	lending   lending
	drops     atomic.Uint64
	origins   origins
	states    sync.Pool // of *sendState
	gate      *gate
}

// outlet is where frames leave: interface and, where a sender is for one type
// only, EtherType.
type outlet struct {
	iface int
	typ   uint16
}

var errSecondReceiver = errors.New("Recv is already running")

// Open opens the sockets that n needs for the ways of t. It needs CAP_NET_RAW,
// see Permitted; afterwards no capability is needed any more. Errors of system
// calls wrap a syscall.Errno.
func Open(t *Table, n Needs, o Options) (*Link, error) {
	if len(n.Ports) > 50 {
		return nil, fmt.Errorf("%d port ranges are too many for a filter", len(n.Ports))
	}
	if o.ReceiveBuffer == 0 {
		o.ReceiveBuffer = 8 << 20
	}
	l := &Link{table: t, needs: n, frames: make(map[outlet]frameSender)}
	l.receive = newReceiveState(clock{o.Start})
	l.receive.parts.ours = sources(t)
	l.states.New = func() any { return new(sendState) }
	l.gate = newGate(l.release)
	if err := l.open(o); err != nil {
		l.gate.close()
		return nil, err
	}
	return l, nil
}

func (l *Link) open(o Options) (err error) {
	n, t := &l.needs, l.table
	if l.poller, err = newPoller(); err != nil {
		return err
	}
	ip := n.TCP || n.UDP || n.ICMP
	if n.V4 && ip {
		if l.raw4, err = openRawSender(t, false); err != nil {
			return err
		}
	}
	if n.V6 && ip {
		if l.raw6, err = openRawSender(t, true); err != nil {
			return err
		}
	}
	for i := range t.ways {
		if err := l.openFrames(&t.ways[i]); err != nil {
			return err
		}
	}
	if n.Frames && n.V4 {
		if err := l.origins.open(); err != nil {
			return err
		}
	}
	if l.receivers, err = receivers(t, n, o.ReceiveBuffer); err != nil {
		return err
	}
	if err := l.permitted(); err != nil {
		return err
	}
	for i, r := range l.receivers {
		if err := l.poller.add(r.fd, unix.EPOLLIN, int32(i), 0); err != nil {
			return err
		}
	}
	return nil
}

// permitted tries the calls that packets come and go by, without any: a sandbox that
// refuses them is to be known before anything is asked.
func (l *Link) permitted() error {
	if len(l.receivers) == 0 {
		return nil
	}
	fd := l.receivers[0].fd
	if _, errno := recvmmsg(fd, nil); errno != 0 && errno != unix.EAGAIN && !pending(errno) {
		return os.NewSyscallError("recvmmsg", errno)
	}
	if _, errno := sendmmsg(fd, nil); errno != 0 && !pending(errno) {
		return os.NewSyscallError("sendmmsg", errno)
	}
	return nil
}

// openFrames opens what frames on w leave by.
func (l *Link) openFrames(w *scan.Way) error {
	n := &l.needs
	if w.Err != nil || !n.Frames && !n.Neighbours || !w.Ether && !n.Frames || l.table.isLoopback(w.Iface) {
		return nil
	}
	if l.bare(w) {
		out := outlet{iface: w.Iface}
		if l.frames[out] == nil {
			s, err := openBareSender(w)
			if err != nil {
				return err
			}
			l.frames[out] = s
		}
		return nil
	}
	var types []uint16
	if n.V4 && n.Neighbours {
		types = append(types, wire.TypeARP)
	}
	if n.V4 && n.Frames {
		types = append(types, wire.TypeIPv4)
	}
	if n.V6 {
		types = append(types, wire.TypeIPv6)
	}
	for _, typ := range types {
		out := outlet{w.Iface, typ}
		if l.frames[out] != nil {
			continue
		}
		s, err := openEtherSender(w, typ)
		if err != nil {
			return err
		}
		l.frames[out] = s
	}
	return nil
}

// bare tells whether frames of all types leave on w by one sender.
func (l *Link) bare(w *scan.Way) bool { return !w.Ether || l.needs.Rings }

// Send implements scan.Link: runs of packets that leave by the same exit go to
// the kernel together.
func (l *Link) Send(packets []scan.Packet) (n int, err error) {
	if !l.gate.enter() {
		return 0, scan.ErrClosed
	}
	defer l.gate.leave()
	st := l.states.Get().(*sendState)
	defer l.states.Put(st)
	for n < len(packets) {
		run, by, err := l.run(packets[n:])
		if err != nil {
			return n, err
		}
		sent, err := l.sendBy(by, st, run)
		n += sent
		switch {
		case err == nil && sent > 0:
		case err == nil, isFull(err):
			return n, nil
		default:
			return n, err
		}
	}
	return n, nil
}

// isFull tells whether an error is back-pressure: no room in the socket, in the
// interface's queue, or no memory.
func isFull(err error) bool {
	return err == syscall.EAGAIN || err == syscall.ENOBUFS || err == syscall.ENOMEM
}

// exit is where a packet leaves: the raw IP socket of a family, or the sender of
// frames of an outlet.
type exit struct {
	v6, frame bool
	outlet    outlet
}

// run returns the packets at the start of packets that leave by one exit. The
// error is that of packets[0].
func (l *Link) run(packets []scan.Packet) (run []scan.Packet, by exit, err error) {
	if by, err = l.exit(&packets[0]); err != nil {
		return nil, by, err
	}
	n := 1
	for n < len(packets) && n < batch {
		if next, err := l.exit(&packets[n]); err != nil || next != by {
			break
		}
		n++
	}
	return packets[:n], by, nil
}

// exit tells where p leaves.
func (l *Link) exit(p *scan.Packet) (exit, error) {
	if int(p.Way) >= len(l.table.ways) || len(p.B) == 0 {
		return exit{}, syscall.EINVAL
	}
	w := &l.table.ways[p.Way]
	if w.Err != nil {
		return exit{}, w.Err
	}
	// Loopback refuses frames whose source is an address of this machine
	// (martians) and has no link to speak of: what goes there goes by raw IP.
	if p.Frame && !l.table.isLoopback(w.Iface) {
		out := outlet{iface: w.Iface}
		if !l.bare(w) {
			out.typ = p.Type
		}
		if l.frames[out] == nil {
			return exit{}, syscall.EPROTONOSUPPORT
		}
		return exit{frame: true, outlet: out}, nil
	}
	switch {
	case p.Type == wire.TypeIPv4 && l.raw4 != nil:
		return exit{}, nil
	case p.Type == wire.TypeIPv6 && l.raw6 != nil:
		return exit{v6: true}, nil
	}
	return exit{}, syscall.EPROTONOSUPPORT
}

// sendBy sends packets by an exit; n and err are as Send's.
func (l *Link) sendBy(by exit, st *sendState, packets []scan.Packet) (n int, err error) {
	switch {
	case by.frame:
		return l.frames[by.outlet].send(st, packets)
	case by.v6:
		return l.raw6.send(st, packets)
	}
	return l.raw4.send(st, packets)
}

// Recv implements scan.Link. It is for one goroutine: the packets live in
// buffers of the Link.
func (l *Link) Recv(into []scan.Packet) (n int, err error) { return l.recv(into, l.poller.wait) }

// recv is Recv with a way to learn which sockets have something; none ends it.
func (l *Link) recv(into []scan.Packet, ready func() ([]unix.EpollEvent, error)) (n int, err error) {
	if !l.receiving.CompareAndSwap(false, true) {
		return 0, errSecondReceiver
	}
	defer l.receiving.Store(false)
	l.lending.back()
	l.receive.parts.reclaim()
	if !l.gate.enter() {
		return 0, scan.ErrClosed
	}
	defer l.gate.leave()
	into = into[:min(len(into), batch)]
	for n == 0 && len(into) > 0 {
		if len(l.receive.ready) == 0 {
			if l.receive.ready, err = ready(); err != nil || len(l.receive.ready) == 0 {
				return 0, err
			}
		}
		if n = l.fetchReady(into); n == 0 && l.receive.err != nil {
			return 0, l.receive.err
		}
	}
	if n > 0 {
		l.lending.lend()
	}
	return n, nil
}

// fetchReady fills into from the sockets that have packets, one after the
// other: none is asked again before the others had their turn.
func (l *Link) fetchReady(into []scan.Packet) (n int) {
	st := l.receive
	for len(st.ready) > 0 && n < len(into) {
		e := &st.ready[0]
		r := l.receivers[e.Fd]
		if e.Events&unix.EPOLLERR != 0 {
			r.takeError()
		}
		n += st.fetch(r, into[n:], n)
		st.ready = st.ready[1:]
	}
	return n
}

// Waiting implements scan.Link.
func (l *Link) Waiting() bool { return l.poller.waiting() }

// Drops implements scan.Link.
func (l *Link) Drops() uint64 {
	if l.gate.enter() {
		defer l.gate.leave()
		drops(l.receivers, &l.drops)
	}
	return l.drops.Load()
}

// Close implements scan.Link. It waits until a Send or Recv that is under way
// has left.
func (l *Link) Close() error {
	l.poller.close()
	l.gate.close()
	l.gate.wait()
	return nil
}

// release closes all descriptors; nobody uses them any more. Of packet sockets the
// kernel closes those that it can in the background, see leave; the others are
// closed at the same time, since each makes it wait.
func (l *Link) release() {
	l.origins.close()
	drops(l.receivers, &l.drops)
	var closing sync.WaitGroup
	var left []int
	for _, r := range l.receivers {
		if r.frame {
			left = append(left, r.fd)
		} else {
			unix.Close(r.fd)
		}
	}
	for _, s := range l.frames {
		if bare, ok := s.(*bareSender); ok {
			left = append(left, bare.fd)
		} else {
			closing.Go(s.close)
		}
	}
	closing.Wait()
	l.lending.end(func() {
		leave(left, func() {
			l.receive.release()
			for _, r := range l.receivers {
				if r.ring != nil {
					r.ring.unmap()
				}
			}
		})
	})
	for _, s := range []*rawSender{l.raw4, l.raw6} {
		if s != nil {
			unix.Close(s.fd)
		}
	}
	if l.poller != nil {
		l.poller.close()
	}
}
