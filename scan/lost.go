package scan

import (
	"errors"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"sonde/probe"
)

// This file is about ways out that are lost while a run is under way: a carrier, an
// address, a route, a next hop. A short loss costs time only; what a longer one kept from
// being asked is told as this machine's.

const (
	// mostAwaited is how long a way that is lost is waited for: a cable that is plugged
	// in again, an address that DHCP renews, a station that roams.
	mostAwaited = 2 * time.Second
	// lookForWay is how often it is looked whether it is there again.
	lookForWay = 20 * time.Millisecond
	// mostUnexplained is for how long the kernel may say that there is no way and nobody
	// knows why: then it means what it says.
	mostUnexplained = 300 * time.Millisecond
)

// wayLoss tells since when a way is lost, and since when the kernel refuses to send on it
// for no reason that is known: one nanosecond more than the time; 0: it is not.
type wayLoss struct {
	lost, refused atomic.Int64
	hop           nextHop
}

// awaited tells whether a way is lost, and whether it is waited for: not for so long yet that
// nobody does any more. Where every packet is counted, what cannot leave in its time is a loss
// of our own, not a packet of another time.
func (r *run) awaited(now time.Duration, way uint16) (lost probe.Trouble, waits bool) {
	e := r.engine
	since := &e.wayLosses[way].lost
	lost = e.lostWay(way, now)
	if lost == 0 {
		if since.Load() != 0 {
			since.Store(0)
		}
		return 0, false
	}
	since.CompareAndSwap(0, int64(now)+1)
	if e.cfg.Changing != nil {
		e.cfg.Changing(now) // who is asked looks: it may be there again
	}
	if r.plan.Settle == SettleNever || now-time.Duration(since.Load()-1) >= mostAwaited {
		return lost, false
	}
	if e.wayLosses[way].hop.dead.Load() && r.watchesHop(way) {
		r.nextHops.wanted.Store(uint32(way) + 1)
	}
	return lost, true
}

// refused tells whether q, which the kernel would not send, is to be put back: it may have
// noticed before Lost did that a way is lost, but then that does so soon.
func (r *run) refused(now time.Duration, q probe.Probe, err error) bool {
	e := r.engine
	if e.cfg.Lost == nil || r.plan.Settle == SettleNever || !slices.ContainsFunc(wayless, func(errno syscall.Errno) bool { return errors.Is(err, errno) }) {
		return false
	}
	way := e.cfg.Routes.Way(q.Target)
	since := &e.wayLosses[way].refused
	since.CompareAndSwap(0, int64(now)+1)
	began := time.Duration(since.Load() - 1)
	if e.lostWay(way, began) != 0 {
		since.Store(0) // that explains it: from now on it is awaited, or there again
		return true
	}
	if e.cfg.Changing != nil && e.cfg.Changing(began) {
		return true // somebody is finding out, who may be late on a busy machine
	}
	return now-began < mostUnexplained
}

// wayless are the errors by which the kernel says that there is no way; of a source address
// that has gone, in IPv6, it says EINVAL.
var wayless = []syscall.Errno{syscall.EINVAL, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.ENODEV, syscall.ENXIO, syscall.EADDRNOTAVAIL}

// await puts back what waits for its way.
func (a *asker) await(now time.Duration, asks []attempt) {
	if len(asks) > 0 {
		a.stuck.until = now + lookForWay
		a.run.putBack(asks)
	}
}

// askAnew has question i asked once more from its beginning, if its way was lost after the
// first of its tries had left, and that may be why nobody answers, or somebody objects. It
// tells whether it is: a fixed number of tries is all there is, and all numbers of tries may
// have been used.
func (m *machine) askAnew(now time.Duration, i uint64, s *slot) bool {
	if m.lost == nil || m.timing.fixed() || m.kernelRepeats(i) || int(s.try)+m.timing.firstTries() > m.mostTries() {
		return false
	}
	since, known := m.began(now, s), false
	if s.state == slotTentative {
		switch r := &m.held.at(s.held).Reply; {
		case r.Event == probe.LocalError && probe.Trouble(r.Errno) == probe.AddressGone: // or is not usable yet again
			known = true
		case r.Who == probe.Ourselves && (r.Event == probe.LocalError || r.Event == probe.NoNeighbour):
		case r.Who == probe.Other && r.Event == probe.ICMPError: // to another source address, perhaps
			since = r.At
		default:
			return false
		}
	}
	if !known && m.lost(m.plan.At(i), since) == 0 {
		return false
	}
	if s.state == slotTentative {
		m.held.drop(s.held)
	}
	s.state, s.here = slotWaiting, 0
	m.queues.again = append(m.queues.again, i)
	return true
}

// began is when the first of a slot's tries in this pass left that it remembers.
func (m *machine) began(now time.Duration, s *slot) time.Duration {
	return now - time.Duration(micros(now)-s.sent[s.first()&3])*time.Microsecond
}

// first is the first of its tries in this pass whose time it remembers.
func (s *slot) first() int { return max(1, int(s.try)+1-int(s.here), int(s.try)-len(s.sent)+1) }

// troubled tells what became of the way of question i since the first of its tries in s
// left, or that these are kept back, 0 if nothing: silence after a loss of our own is
// nobody's, even where all is well again.
func (m *machine) troubled(now time.Duration, i uint64, s *slot) probe.Trouble {
	began := now
	if m.lost != nil {
		began = m.began(now, s)
	}
	if m.kept == nil && (m.lost == nil || m.calm != nil && m.calm(began)) {
		return 0 // as nearly always: to find out which question it is takes longer
	}
	q := m.plan.At(i)
	if m.lost != nil {
		if trouble := m.lost(q, began); trouble != 0 {
			return trouble
		}
	}
	for q.Try = uint8(s.first()); m.kept != nil && q.Try <= s.try; q.Try++ {
		if m.kept(q) {
			return probe.KeptBack
		}
	}
	return 0
}

// lost tells what has become of the way of a question that its target did not answer, 0
// if nothing: what was asked on a way that is gone now may not have left, or not as it
// was meant, nor its answer found here.
func (e *Engine) lost(res *Result) probe.Trouble {
	since := e.now()
	switch {
	case res.Reply.Event == probe.ICMPError && res.Reply.Who == probe.Other: // to another source address, perhaps
		since = res.Reply.At
	case res.Reply.Event != probe.Silence:
		return 0
	}
	if e.cfg.Lost == nil {
		return 0
	}
	return e.cfg.Lost(e.cfg.Routes.Way(res.Probe.Target), since)
}

// calm tells whether no way has been lost at any time since. Of many ways nobody looks.
func (e *Engine) calm(since time.Duration) bool {
	const few = 4
	ways := e.cfg.Routes.Ways()
	if len(ways) > few {
		return false
	}
	for way := range ways {
		if e.lostWay(uint16(way), since) != 0 {
			return false
		}
	}
	return true
}

// lostWay tells what became of a way, or its next hop, at any time since, 0 if nothing is
// known to have.
func (e *Engine) lostWay(way uint16, since time.Duration) probe.Trouble {
	if e.cfg.Lost != nil {
		if trouble := e.cfg.Lost(way, since); trouble != 0 {
			return trouble
		}
	}
	if e.wayLosses[way].hop.lost(since) {
		return probe.GatewaySilent
	}
	return 0
}
