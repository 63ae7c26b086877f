package link

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/scan"
)

// A try's way through Sockets: Ask opens a socket (connect.go, udp.go, ping.go)
// and puts it into a slot; the poller names the slot when something happened;
// Recv takes the slot, reads what it was (errqueue.go for ICMP errors), and
// frees it or puts it back. A connection that is refused at once ends in Ask, and
// its socket asks the next question (idle.go). The sockets are our own and non-blocking, since
// net.Dialer closes the descriptor on failure and with it the error queue.

// Shape is what a try's socket is given before it asks.
type Shape struct {
	Source   netip.Addr // -S, one of ours; zero: the kernel's choice
	Port     uint16     // -g; 0: the kernel's choice
	Iface    string     // -e; "" the kernel's choice
	TTL, TOS uint8      // 0: the kernel's defaults. A Probe's own TTL is stronger
}

// SocketOptions of Sockets. All are needed.
type SocketOptions struct {
	Start  time.Time // zero of Reply.At, with its monotonic reading
	Routes scan.Routes
	Shape  func(run uint32, p probe.Probe) Shape // called by Ask
}

// Sockets implements scan.Sockets. Ask and Cancel may be called by several
// goroutines, Recv by one.
type Sockets struct {
	opt    SocketOptions
	clock  clock
	poller *poller
	gate   *gate
	limit  int // sockets open at once

	mu    sync.Mutex // guards the slots; never held while something may block
	slots []slot
	free  []int32
	byKey map[key]int32
	idle  map[netip.Addr]idle // by the only host that they may ask

	receiving sync.Mutex // TryLock only
	ready     []unix.EpollEvent
	buf       []byte
	oob       []byte
}

// spare descriptors are left to the rest of the program: outputs, look-ups of
// names. Of a small limit it is a quarter.
const spare = 64

// largestControl is room for the ancillary data of one message.
const largestControl = 512

// OpenSockets raises the limit of open files to what this process may have.
func OpenSockets(o SocketOptions) (*Sockets, error) {
	limit, err := raiseFileLimit()
	if err != nil {
		return nil, err
	}
	s := &Sockets{opt: o, clock: clock{o.Start}, limit: limit, byKey: make(map[key]int32), idle: make(map[netip.Addr]idle),
		buf: make([]byte, largest), oob: make([]byte, largestControl)}
	if s.poller, err = newPoller(); err != nil {
		return nil, err
	}
	s.gate = newGate(s.release)
	return s, nil
}

// raiseFileLimit returns how many sockets may be open at once.
func raiseFileLimit() (int, error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, fmt.Errorf("limit of open files: %w", err)
	}
	if r.Cur < r.Max {
		r.Cur = r.Max
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
			return 0, fmt.Errorf("limit of open files: %w", err)
		}
	}
	return socketsOf(r.Cur), nil
}

// socketsOf is how many sockets may be open at once under a limit of open files.
func socketsOf(files uint64) int {
	limit := int(min(files, 1<<20))
	return max(limit-min(spare, limit/4), 1)
}

// MostSockets returns the limit of open files that this process may have, and
// how many questions the kernel can ask for us at once under it.
func MostSockets() (files uint64, sockets int, err error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, 0, fmt.Errorf("limit of open files: %w", err)
	}
	return r.Max, socketsOf(r.Max), nil
}

// Ask implements scan.Sockets. Errors other than ErrFull and ErrClosed are the
// syscall.Errno for which the kernel refused.
func (s *Sockets) Ask(run uint32, how probe.Socket, p probe.Probe, data []byte, at *scan.Answer) (answered bool, err error) {
	if !s.gate.enter() {
		return false, scan.ErrClosed
	}
	defer s.gate.leave()
	t := try{key: key{run, p}, fd: -1, socket: how}
	i, generation, err := s.reserve(t.key)
	if err != nil {
		return false, err
	}
	shape := s.opt.Shape(run, p)
	events := uint32(unix.EPOLLIN)
	switch how {
	case probe.SocketConnect:
		*at = scan.Answer{Run: run, Probe: p}
		var done bool
		if answered, done, err = s.connect(&t, &shape, &at.Reply); done {
			s.drop(i, generation)
			return answered, nil
		}
		events = unix.EPOLLOUT
	case probe.SocketDatagram:
		err = s.datagram(&t, &shape, data)
	case probe.SocketPing:
		err = s.ping(&t, &shape, data)
	default:
		err = syscall.EOPNOTSUPP
	}
	if err == nil {
		s.settle(i, t)
		err = s.poller.add(t.fd, events, i, generation)
	} else if t.fd >= 0 {
		unix.Close(t.fd)
	}
	if err != nil {
		others := s.drop(i, generation)
		s.dismiss() // what is idle may be what this machine lacks
		return false, asked(err, &shape, others)
	}
	return false, nil
}

// asked turns what a system call said into what Ask returns. others is how many
// tries are on their way: only where their end makes room it is ErrFull.
func asked(err error, shape *Shape, others int) error {
	if errors.Is(err, scan.ErrClosed) {
		return err
	}
	errno := errnoOf(err)
	if others == 0 {
		return errno
	}
	switch errno {
	case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM, unix.ENOSPC, unix.EAGAIN:
		return scan.ErrFull
	case unix.EADDRNOTAVAIL:
		if shape.Port == 0 && !shape.Source.IsValid() { // all ephemeral ports are taken
			return scan.ErrFull
		}
	}
	return errno
}

// Kept implements scan.Sockets, for connections. That its SYN did not leave the kernel
// tells nobody; but it tries again after a second, and counts those tries apart from
// packets under way again, which are those that it could hand on (tcp_retransmit_skb in
// net/ipv4/tcp_output.c). Before there was one, this says nothing.
func (s *Sockets) Kept(run uint32, p probe.Probe) bool {
	if !s.gate.enter() {
		return false
	}
	defer s.gate.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.byKey[key{run, p}]
	if !ok || s.slots[i].try.socket != probe.SocketConnect || s.slots[i].try.fd < 0 {
		return false
	}
	info, err := unix.GetsockoptTCPInfo(s.slots[i].try.fd, unix.SOL_TCP, unix.TCP_INFO)
	return err == nil && info.State == unix.BPF_TCP_SYN_SENT && info.Retransmits > 0 && info.Retrans == 0
}

// Cancel implements scan.Sockets. An unknown try is none of its business.
func (s *Sockets) Cancel(run uint32, p probe.Probe) {
	if !s.gate.enter() {
		return
	}
	defer s.gate.leave()
	s.mu.Lock()
	i, ok := s.byKey[key{run, p}]
	var generation int32
	if ok {
		generation = s.slots[i].generation
	}
	s.mu.Unlock()
	if ok {
		s.drop(i, generation)
	}
}

// Recv implements scan.Sockets. It is for one goroutine.
func (s *Sockets) Recv(into []scan.Answer) (n int, err error) {
	if !s.receiving.TryLock() {
		return 0, errSecondReceiver
	}
	defer s.receiving.Unlock()
	if !s.gate.enter() {
		return 0, scan.ErrClosed
	}
	defer s.gate.leave()
	used := 0 // of s.buf
	for n == 0 && len(into) > 0 {
		if len(s.ready) == 0 {
			if s.ready, err = s.poller.wait(); err != nil {
				return 0, err
			}
		}
		for len(s.ready) > 0 && n < len(into) {
			e := s.ready[0]
			s.ready = s.ready[1:]
			t, ok := s.take(e.Fd, e.Pad)
			if !ok {
				continue
			}
			a := scan.Answer{Run: t.run, Probe: t.p}
			some, done := s.read(&t, &a, s.buf[used:])
			if gone := s.giveBack(e.Fd, &t, done); some && !gone {
				into[n] = a
				n++
				used += len(a.Data)
			}
			if len(s.buf)-used < 2048 && n > 0 { // no room for another datagram
				return n, nil
			}
		}
	}
	return n, nil
}

// Waiting implements scan.Sockets.
func (s *Sockets) Waiting() bool { return s.poller.waiting() }

// read finds out what happened at t and fills a. some tells whether that is an
// answer, done whether the socket is of no more use. Payload goes into buf.
func (s *Sockets) read(t *try, a *scan.Answer, buf []byte) (some, done bool) {
	switch t.socket {
	case probe.SocketConnect:
		return s.connected(t, &a.Reply)
	case probe.SocketPing:
		some = s.ponged(t, a, buf)
	default:
		some = s.replied(t, a, buf)
	}
	return some, t.deaf
}

// Close implements scan.Sockets. It closes all sockets.
func (s *Sockets) Close() error {
	s.poller.close()
	s.gate.close()
	s.gate.wait()
	return nil
}

func (s *Sockets) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.slots {
		if s.slots[i].used {
			s.clear(int32(i))
		}
	}
	clear(s.byKey)
	s.closeIdle()
}

// who tells whose address from is, as an answer to t.
func (s *Sockets) who(t *try, from netip.Addr) probe.Who {
	switch {
	case from == t.p.Target.WithZone(""):
		return probe.Target
	case s.opt.Routes.Local(from):
		return probe.Ourselves
	}
	return probe.Other
}

// way is the way that t takes.
func (s *Sockets) way(t *try) *scan.Way {
	return &s.opt.Routes.Ways()[s.opt.Routes.Way(t.p.Target)]
}
