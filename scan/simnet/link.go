package simnet

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"sonde/probe/wire"
	"sonde/scan"
)

// Bounds of what a Link remembers, as Linux has them.
const (
	maxHalfOpen   = 1 << 16 // connections; beyond, the oldest are forgotten
	maxLimited    = 1 << 12 // hosts whose ICMP errors are being limited
	maxUnresolved = 1024    // neighbours that our kernel looks for (gc_thresh3)
)

var (
	_ scan.Link   = (*Link)(nil)
	_ scan.Routes = (*Link)(nil)
)

// Link is a network at work, as seen from our machine. It implements scan.Link
// and scan.Routes. It has no goroutine: what is due happens inside Send and
// Recv. It is all that moves on the network, in one struct under one lock.
type Link struct {
	// OnSend is called for each packet that Send took, by the goroutine in Send
	// and in order: at is when the packet leaves, b is borrowed, mac the next
	// hop's if it is a frame. It may call Inject. Set it before the first Send.
	OnSend func(at time.Duration, b []byte, frame bool, mac wire.MAC)

	n     *Network
	start time.Time
	wake  chan struct{} // something is due earlier than Recv believed
	done  chan struct{} // closed by Close

	mu     sync.Mutex
	closed bool
	rng    rand.PCG
	now    time.Duration // until when everything has happened
	counts Counts

	events  heap
	flights flights
	inbox   fifo    // flights that Recv has not handed out yet
	lent    []int32 // flights that the last Recv handed out
	waiting int     // goroutines in Recv that wait
	wakeAt  time.Duration
	quiet   time.Duration // Recv returns nothing before (coalesce)
	timers  []*time.Timer // of goroutines in Recv, to be used again

	sendFree   time.Duration // when the send buffer is empty
	paths      []path        // the network's, and behind them those that routers have chosen
	lines      [][2]time.Duration
	routers    []bucket
	hosts      table[hostKey, bucket]
	halfOpen   table[flow, halfOpen]
	unresolved table[hostKey, time.Duration]
	woken      table[hostKey, time.Duration] // when sleepers hear again
	translated map[translated]original

	pkt wire.Packet // scratch
	tcp wire.TCP
	ip  wire.IP
}

// Open starts the network: its clock is 0 now. Several links may be opened on
// one Network; they know nothing of each other.
func (n *Network) Open() *Link {
	l := &Link{
		n:       n,
		start:   time.Now(),
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
		rng:     *rand.NewPCG(n.Seed, 0),
		wakeAt:  math.MaxInt64,
		lines:   make([][2]time.Duration, len(n.lines)),
		routers: make([]bucket, len(n.routers)),
		paths:   slices.Clip(n.paths),

		translated: map[translated]original{},
	}
	l.hosts.init(maxLimited)
	l.halfOpen.init(maxHalfOpen)
	l.unresolved.init(maxUnresolved)
	l.woken.init(maxLimited)
	return l
}

// Elapsed returns the time on the link's clock.
func (l *Link) Elapsed() time.Duration { return time.Since(l.start) }

// Send implements scan.Link. Errors are those of the kernel: the way's own,
// EINVAL for what the way cannot carry, EMSGSIZE beyond its MTU, ENOBUFS when
// too many neighbours are unresolved, and those that the network's file asks
// for. It is full as "sendbuf" says.
func (l *Link) Send(packets []scan.Packet) (int, error) {
	now := l.Elapsed()
	defer l.signal()
	for i := range packets {
		at, ok, err := l.send(now, &packets[i])
		if err != nil || !ok {
			return i, err
		}
		if l.OnSend != nil {
			l.OnSend(at, packets[i].B, packets[i].Frame, packets[i].MAC)
		}
	}
	return len(packets), nil
}

// send takes one packet. It returns when it leaves, or false if the link is
// full.
func (l *Link) send(now time.Duration, p *scan.Packet) (at time.Duration, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, false, scan.ErrClosed
	}
	l.run(now)
	if err := l.sendable(now, p); err != nil {
		l.counts.SendErrors++
		return 0, false, err
	}
	at = now
	if l.n.sendbuf > 0 {
		if l.sendFree > now+time.Duration(l.n.sendbuf-1)*l.n.drain {
			l.counts.SendFull++
			return 0, false, nil
		}
		at = max(now, l.sendFree) + l.n.drain
		l.sendFree = at
	}
	i, f := l.flights.get()
	f.b = append(f.b, p.B...)
	f.etype = p.Type
	f.iface = int16(l.n.ways[p.Way].Iface - 1)
	if p.Frame {
		l.launchFrame(i, at, p.Way, p.MAC)
	} else if !l.launchKernel(i, at, p.Way) {
		l.flights.put(i)
		l.counts.SendErrors++
		return 0, false, syscall.ENOBUFS
	}
	l.counts.Sent++
	return at, true, nil
}

// sendable returns why p cannot be sent.
func (l *Link) sendable(now time.Duration, p *scan.Packet) error {
	for i := range l.n.faults {
		f := &l.n.faults[i]
		if f.when.has(now) && f.share.hits(l.rng.Uint64()) {
			return f.errno
		}
	}
	if int(p.Way) >= len(l.n.ways) || len(p.B) == 0 {
		return syscall.EINVAL
	}
	w := &l.n.ways[p.Way]
	switch {
	case w.Err != nil:
		return w.Err
	case !p.Frame && (w.Frames || !destination(p.B, p.Type).IsValid()):
		return syscall.EINVAL
	case len(p.B) > w.MTU:
		return syscall.EMSGSIZE
	}
	return nil
}

// Recv implements scan.Link. What it lent is overwritten by the next Recv, so
// that whoever keeps it finds out.
func (l *Link) Recv(into []scan.Packet) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range l.lent {
		b := l.flights.at(i).b
		for j := range b {
			b[j] = 0xdb
		}
		l.flights.put(i)
	}
	l.lent = l.lent[:0]
	for {
		switch {
		case l.closed:
			return 0, scan.ErrClosed
		case len(into) == 0:
			return 0, nil
		}
		now := l.Elapsed()
		l.run(now)
		if l.inbox.len() > 0 && now >= l.quiet {
			return l.hand(now, into), nil
		}
		l.sleep(now)
	}
}

// Takes implements scan.Link.
func (l *Link) Takes(p *scan.Packet, _ *wire.Packet) bool { return wire.Intact(p.B, p.Type, p.Sums) }

// Waiting implements scan.Link.
func (l *Link) Waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run(l.Elapsed())
	return l.inbox.len() > 0 || len(l.lent) > 0
}

// hand fills into from the inbox.
func (l *Link) hand(now time.Duration, into []scan.Packet) (n int) {
	for n < len(into) && l.inbox.len() > 0 {
		i := l.inbox.pop()
		f := l.flights.at(i)
		into[n] = scan.Packet{Type: f.etype, MAC: f.mac, To: l.receiver(f), At: f.arrived, B: f.b}
		l.lent = append(l.lent, i)
		n++
	}
	if l.inbox.len() == 0 {
		l.quiet = now + l.n.coalesce
	}
	l.counts.Received += uint64(n)
	return n
}

// receiver is our address, where f came as a frame.
func (l *Link) receiver(f *flight) (to wire.MAC) {
	if i := &l.n.ifaces[f.iface]; f.etype == wire.TypeARP || i.frames {
		to = i.mac
	}
	return to
}

// sleep waits, unlocked, until something is due, sent or closed.
func (l *Link) sleep(now time.Duration) {
	due := l.due()
	var timer *time.Timer
	var fired <-chan time.Time
	if due < math.MaxInt64 {
		if k := len(l.timers); k > 0 {
			timer, l.timers = l.timers[k-1], l.timers[:k-1]
			timer.Reset(due - now)
		} else {
			timer = time.NewTimer(due - now)
		}
		fired = timer.C
	}
	l.waiting++
	l.wakeAt = min(l.wakeAt, due)
	l.mu.Unlock()
	select {
	case <-fired:
	case <-l.wake:
	case <-l.done:
	}
	l.mu.Lock()
	l.waiting--
	l.wakeAt = math.MaxInt64 // of others that wait it is not known: they are woken too often
	if timer != nil {
		timer.Stop()
		l.timers = append(l.timers, timer)
	}
}

// due returns when Recv should look again.
func (l *Link) due() time.Duration {
	if l.inbox.len() > 0 {
		return l.quiet
	}
	if l.events.len() == 0 {
		return math.MaxInt64
	}
	return max(l.events.min(), l.quiet)
}

// signal wakes Recv if it waits for too long.
func (l *Link) signal() {
	l.mu.Lock()
	early := l.waiting > 0 && l.due() < l.wakeAt
	l.mu.Unlock()
	if early {
		select {
		case l.wake <- struct{}{}:
		default: // woken already
		}
	}
}

// Drops implements scan.Link.
func (l *Link) Drops() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts.ReceiveDrops
}

// Close implements scan.Link.
func (l *Link) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		close(l.done)
	}
	return nil
}

// Ways implements scan.Routes.
func (l *Link) Ways() []scan.Way { return l.n.ways }

// Way implements scan.Routes.
func (l *Link) Way(target netip.Addr) uint16 { return l.n.way(target) }

// Local implements scan.Routes.
func (l *Link) Local(addr netip.Addr) bool {
	_, ok := l.n.local[addr]
	return ok
}
