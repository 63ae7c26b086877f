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
	since mark          // first refusal in a row
	until time.Duration // do not try before
}

const (
	pressurePause = time.Millisecond
	pressureLimit = 5 * time.Second // then it is an error, not congestion
)

// met notes a refusal. It tells whether there has been nothing else for too
// long.
func (b *backPressure) met(now time.Duration) (tooLong bool) {
	if !b.since.is() {
		b.since = markOf(now)
	}
	b.pause(now)
	return now-b.since.at() > pressureLimit
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
	var waiting []attempt
	for i := range a.asks {
		q := &a.asks[i]
		q.probe.Way = r.engine.cfg.Routes.Way(q.probe.Target)
		lost, waits := r.awaited(now, q.probe.Way)
		if waits {
			waiting = append(waiting, *q)
			continue
		}
		var p Packet
		if lost == 0 {
			p, arena = a.build(now, q, arena)
		}
		if p.B == nil {
			event, errno := r.unreachable(q.probe)
			r.fail(*q, event, errno)
			continue
		}
		a.batch = append(a.batch, p)
		kept = append(kept, *q)
	}
	// What cannot leave takes none of the rate: with a way that is lost, all that is left
	// to ask is decided at once.
	r.engine.pacer.giveBack(now, len(a.asks)-len(kept)-len(waiting))
	a.await(now, waiting)
	a.arena = arena
	asks, batch := kept, a.batch
	if r.fragments {
		batch, asks = a.fragment(now, kept)
	}
	for len(batch) > 0 {
		n, err := r.engine.cfg.Link.Send(batch)
		r.sent(now, asks[:n], batch[:n])
		asks, batch = asks[n:], batch[n:]
		switch {
		case err != nil && !asks[0].reset && r.refused(now, asks[0].probe, err):
			a.await(now, asks)
			return
		case err != nil:
			r.sendErrors.Add(1)
			r.fail(asks[0], probe.LocalError, uint16(probe.TroubleOf(err)))
			n := whole(asks)
			asks, batch = asks[n:], batch[n:]
		case len(batch) > 0: // no room
			r.engine.pacer.pushback(now)
			if a.stuck.met(now) {
				r.fail(asks[0], probe.LocalError, uint16(syscall.ENOBUFS))
				asks = asks[whole(asks):]
			}
			r.putBack(asks)
			return
		default:
			a.stuck.since = mark{}
		}
	}
}

// build writes the packet that asks q, whose way is known, behind arena. Its B is nil where
// there is no way to send it.
func (a *asker) build(now time.Duration, q *attempt, arena []byte) (Packet, []byte) {
	r, e, p := a.run, a.run.engine, &q.probe
	way := &e.cfg.Routes.Ways()[p.Way]
	if way.Err != nil {
		return Packet{}, arena
	}
	out := Packet{Way: p.Way, Type: wire.TypeIPv4}
	if !p.Target.Is4() {
		out.Type = wire.TypeIPv6
	}
	kind := r.plan.Kinds[p.Kind].(probe.PacketKind)
	lk, link := kind.(probe.LinkKind)
	if link {
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
	} else if e.needsHop(way, p.Target) {
		if _, ok := e.hop(way, p.Target); !ok {
			return Packet{}, arena
		}
	}
	s := &a.sources[p.Way]
	s.Clock = uint32(now / time.Millisecond)
	start := len(arena)
	if q.reset {
		arena = s.AppendReset(arena, *p, q.from, q.seq, q.ack, e.cfg.GuardsRST)
	} else {
		arena = kind.Append(arena, s, *p)
		if !link {
			arena = s.Finish(arena, start, *p)
		}
		if w := r.plan.Watcher; w != nil {
			w.Leaving(*p, now, arena[start:])
		}
	}
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
	lost := r.engine.lostWay(r.engine.cfg.Routes.Way(p.Target), r.engine.now())
	switch {
	case lost != 0:
		return probe.LocalError, uint16(lost)
	case way.Err != nil:
		return probe.LocalError, uint16(probe.TroubleOf(way.Err))
	}
	trouble := r.engine.hopTrouble(way, p.Target)
	switch {
	case trouble != 0:
		return probe.LocalError, uint16(trouble)
	case !way.Next.IsValid() && way.Ether:
		return probe.NoNeighbour, 0
	}
	return probe.LocalError, uint16(probe.GatewaySilent)
}

// callKernel starts a kernel socket for each of a.asks. Where no more fit, first
// tries wait until others have ended. Further tries cannot: their own
// predecessors end only after them, so these make room.
func (a *asker) callKernel(now time.Duration) {
	r, stuck := a.run, &a.stuck
	waiting := a.asks[:0]
	var wayless []attempt
	for _, q := range a.asks {
		lost, waits := r.awaited(now, r.engine.cfg.Routes.Way(q.probe.Target))
		if waits {
			wayless = append(wayless, q)
			continue
		}
		if way := r.way(q.probe); way.Err != nil || lost != 0 {
			if lost == 0 {
				lost = probe.TroubleOf(way.Err)
			}
			r.fail(q, probe.LocalError, uint16(lost))
			continue
		}
		err := ErrFull
		if len(waiting) == 0 || q.probe.Try > 1 {
			err = a.call(now, q.probe)
		}
		for p := q.probe; errors.Is(err, ErrFull) && p.Try > 1; {
			p.Try--
			r.engine.cfg.Sockets.Cancel(r.id, p)
			err = a.call(now, q.probe)
		}
		switch {
		case errors.Is(err, ErrFull):
			stuck.pause(now)
			waiting = append(waiting, q)
		case scarce(err) && !stuck.met(now): // other programs have taken what there is
			waiting = append(waiting, q)
		case err != nil && r.refused(now, q.probe, err):
			wayless = append(wayless, q)
		case err != nil:
			r.sendErrors.Add(1)
			r.fail(q, probe.LocalError, uint16(probe.TroubleOf(err)))
		default:
			stuck.since = mark{}
			r.sending.Add(1)
		}
	}
	r.putBack(waiting)
	a.await(now, wayless)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range a.answers {
		r.heard(&a.answers[i])
	}
	a.answers = a.answers[:0]
}

// call asks p by the kernel socket of its kind, and keeps an answer that is there
// at once.
func (a *asker) call(now time.Duration, p probe.Probe) error {
	how := a.run.socket(p)
	a.arena = a.arena[:0]
	if how == probe.SocketDatagram {
		a.arena = probe.AppendPayload(a.arena, &a.sources[a.run.engine.cfg.Routes.Way(p.Target)], p)
	}
	if w := a.run.plan.Watcher; w != nil {
		w.Leaving(p, now, nil)
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
	switch uint16(probe.TroubleOf(err)) {
	case uint16(syscall.EMFILE), uint16(syscall.ENFILE), uint16(syscall.ENOBUFS), uint16(syscall.ENOMEM), uint16(syscall.EAGAIN):
		return err != nil
	}
	return false
}

func (r *run) fail(a attempt, event probe.Event, errno uint16) {
	if a.reset {
		return // the question is asked all the same
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.m.fail(r.engine.now(), a.number, event, errno)
}

// putBack returns asks for which there was no room, and what they were to cost.
func (r *run) putBack(asks []attempt) {
	if len(asks) == 0 {
		return
	}
	r.engine.pacer.giveBack(r.engine.now(), len(asks))
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(asks) > 0 {
		r.m.unsend(asks[0])
		asks = asks[whole(asks):]
	}
}

// sent counts packets that left.
func (r *run) sent(now time.Duration, asks []attempt, packets []Packet) {
	r.sending.Add(uint64(len(packets)))
	for i := range asks {
		if r.plan.Kinds[asks[i].probe.Kind].Traits().Link {
			r.neighbours.Add(1)
		}
	}
	if tap := r.engine.cfg.Tap; tap != nil {
		for i := range packets {
			p := &packets[i]
			passed := Passed{At: now, EtherType: p.Type, Bytes: p.B, Probe: asks[i].probe}
			if way := &r.engine.cfg.Routes.Ways()[p.Way]; p.Frame && way.Ether {
				passed.From, passed.To = way.MAC, p.MAC
			}
			tap.Sent(passed)
		}
	}
}
