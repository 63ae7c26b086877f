package scan

import (
	"errors"
	"net/netip"
	"syscall"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// backPressure remembers for how long this machine has refused to send.
type backPressure struct {
	since time.Duration // first refusal in a row; 0: none
	until time.Duration // do not try before
}

const (
	pressurePause = time.Millisecond
	pressureLimit = 5 * time.Second // then it is an error, not congestion
)

// met notes a refusal. It tells whether there has been nothing else for too
// long.
func (b *backPressure) met(now time.Duration) (tooLong bool) {
	if b.since == 0 {
		b.since = now
	}
	b.pause(now)
	return now-b.since > pressureLimit
}

// pause notes a refusal that will end by itself.
func (b *backPressure) pause(now time.Duration) { b.until = now + pressurePause }

// transmit sends a.asks. What finds no room goes back to the machine; what
// cannot be sent is decided as a local error.
func (a *asker) transmit(now time.Duration) {
	r := a.run
	if r.plan.Sockets {
		a.callKernel(now)
		return
	}
	a.batch = a.batch[:0]
	arena := a.arena[:0]
	kept := a.asks[:0]
	for i := range a.asks {
		q := &a.asks[i]
		var p Packet
		if p, arena = a.build(now, &q.probe, arena); p.B == nil {
			event, errno := r.unreachable(q.probe)
			r.fail(*q, event, errno)
			continue
		}
		a.batch = append(a.batch, p)
		kept = append(kept, *q)
	}
	a.arena = arena
	asks, batch := kept, a.batch
	for len(batch) > 0 {
		n, err := r.engine.cfg.Link.Send(batch)
		r.sent(now, asks[:n], batch[:n])
		asks, batch = asks[n:], batch[n:]
		switch {
		case err != nil:
			r.sendErrors.Add(1)
			r.fail(asks[0], probe.LocalError, errnoOf(err))
			asks, batch = asks[1:], batch[1:]
		case len(batch) > 0: // no room
			r.engine.pacer.pushback(now)
			if a.stuck.met(now) {
				r.fail(asks[0], probe.LocalError, uint16(syscall.ENOBUFS))
				asks = asks[1:]
			}
			r.putBack(asks)
			return
		default:
			a.stuck.since = 0
		}
	}
}

// build writes the packet that asks p behind arena. Its B is nil where there is
// no way to send it.
func (a *asker) build(now time.Duration, p *probe.Probe, arena []byte) (Packet, []byte) {
	r, e := a.run, a.run.engine
	p.Way = e.cfg.Routes.Way(p.Target)
	way := &e.cfg.Routes.Ways()[p.Way]
	if way.Err != nil {
		return Packet{}, arena
	}
	out := Packet{Way: p.Way, Type: wire.TypeIPv4}
	if !p.Target.Is4() {
		out.Type = wire.TypeIPv6
	}
	kind := r.plan.Kinds[p.Kind].(probe.PacketKind)
	if lk, ok := kind.(probe.LinkKind); ok {
		if !way.Ether {
			return Packet{}, arena
		}
		out.Frame = true
		out.Type, out.MAC = lk.Frame(*p)
	} else if way.Frames {
		out.Frame = true
		if way.Ether {
			mac, ok := e.hop(way, p.Target)
			if !ok {
				return Packet{}, arena
			}
			out.MAC = mac
		}
	}
	s := &a.sources[p.Way]
	s.Clock = uint32(now / time.Millisecond)
	if r.plan.Leaving != nil {
		r.plan.Leaving(*p, now)
	}
	start := len(arena)
	arena = kind.Append(arena, s, *p)
	out.B = arena[start:len(arena):len(arena)]
	return out, arena
}

// hop returns the link-layer address of the next hop to target.
func (e *Engine) hop(way *Way, target netip.Addr) (wire.MAC, bool) {
	if way.Next.IsValid() {
		target = way.Next
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	mac, ok := e.hops[target.WithZone("")]
	return mac, ok
}

// unreachable says why p has no way.
func (r *run) unreachable(p probe.Probe) (probe.Event, uint16) {
	way := r.way(p)
	switch {
	case way.Err != nil:
		return probe.LocalError, errnoOf(way.Err)
	case !way.Next.IsValid() && way.Ether:
		return probe.NoNeighbour, 0
	}
	return probe.LocalError, uint16(syscall.EHOSTUNREACH)
}

// callKernel starts a kernel socket for each of a.asks. Where no more fit, first
// tries wait until others have ended. Further tries cannot: their own
// predecessors end only after them, so these make room.
func (a *asker) callKernel(now time.Duration) {
	r, stuck := a.run, &a.stuck
	waiting := a.asks[:0]
	for _, q := range a.asks {
		if way := r.way(q.probe); way.Err != nil {
			r.fail(q, probe.LocalError, errnoOf(way.Err))
			continue
		}
		err := ErrFull
		if len(waiting) == 0 || q.probe.Try > 1 {
			err = a.call(q.probe)
		}
		for p := q.probe; errors.Is(err, ErrFull) && p.Try > 1; {
			p.Try--
			r.engine.cfg.Sockets.Cancel(r.id, p)
			err = a.call(q.probe)
		}
		switch {
		case errors.Is(err, ErrFull):
			stuck.pause(now)
			waiting = append(waiting, q)
		case scarce(err) && !stuck.met(now): // other programs have taken what there is
			waiting = append(waiting, q)
		case err != nil:
			r.sendErrors.Add(1)
			r.fail(q, probe.LocalError, errnoOf(err))
		default:
			stuck.since = 0
			r.sending.Add(1)
		}
	}
	r.putBack(waiting)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range a.answers {
		r.heard(&a.answers[i])
	}
	a.answers = a.answers[:0]
}

// call asks p by the kernel socket of its kind, and keeps an answer that is there
// at once.
func (a *asker) call(p probe.Probe) error {
	how := a.run.socket(p)
	a.arena = a.arena[:0]
	if how == probe.SocketDatagram {
		a.arena = probe.AppendPayload(a.arena, &a.sources[a.run.engine.cfg.Routes.Way(p.Target)], p)
	}
	n := len(a.answers)
	a.answers = append(a.answers, Answer{})
	answered, err := a.run.engine.cfg.Sockets.Ask(a.run.id, how, p, a.arena, &a.answers[n])
	if !answered {
		a.answers = a.answers[:n]
	}
	return err
}

// socket is the kernel socket by which p's kind can be asked; 0 if there is
// none, which Sockets refuses.
func (r *run) socket(p probe.Probe) probe.Socket {
	if k, ok := r.plan.Kinds[p.Kind].(probe.SocketKind); ok {
		return k.Socket()
	}
	return 0
}

// scarce tells whether err says that the whole machine lacks something that may
// be there again soon.
func scarce(err error) bool {
	switch errnoOf(err) {
	case uint16(syscall.EMFILE), uint16(syscall.ENFILE), uint16(syscall.ENOBUFS), uint16(syscall.ENOMEM), uint16(syscall.EAGAIN):
		return err != nil
	}
	return false
}

func (r *run) fail(a ask, event probe.Event, errno uint16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.m.fail(r.engine.now(), a.number, event, errno)
}

// putBack returns asks for which there was no room, and what they were to cost.
func (r *run) putBack(asks []ask) {
	if len(asks) == 0 {
		return
	}
	r.engine.pacer.giveBack(r.engine.now(), len(asks))
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range asks {
		r.m.unsend(a)
	}
}

// sent counts packets that left.
func (r *run) sent(now time.Duration, asks []ask, packets []Packet) {
	r.sending.Add(uint64(len(packets)))
	if tap := r.engine.cfg.Tap; tap != nil {
		for i, p := range packets {
			tap.Sent(now, p.Type, p.B, asks[i].probe)
		}
	}
}

// errnoOf finds the kernel's word in err; EIO where it said none.
func errnoOf(err error) uint16 {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return uint16(errno)
	}
	return uint16(syscall.EIO)
}
