package simnet

import "time"

// run lets everything happen that is due until now.
func (l *Link) run(now time.Duration) {
	for l.events.len() > 0 && l.events.min() <= now {
		e := l.events.pop()
		l.now = e.at
		switch e.kind {
		case step:
			l.walk(e.slot, e.at)
		case retry:
			l.repeatSYNACK(e.slot)
		}
	}
	l.now = max(l.now, now)
}

// walk takes flight i, which is at its stage at time t, as far as it can go now:
// places that remember what passed (bottlenecks, limits, hosts) must see their
// packets in the order of time, so a flight that gets there in the future waits
// in the queue of events.
func (l *Link) walk(i int32, t time.Duration) {
	for {
		f := l.flights.at(i)
		ok := true
		switch f.stage {
		case atIface:
			t, ok = l.cross(i, f, int32(l.n.ifaces[f.iface].line), t)
		case atRouterLine:
			t, ok = l.cross(i, f, int32(l.n.routers[l.routerOf(f)].line), t)
		case atHostLine:
			t, ok = l.cross(i, f, f.line, t)
		case atRouter:
			if f.back {
				ok = l.routeBack(i, f, t)
			} else {
				ok = l.routeThere(i, f, t)
			}
		default:
			if t > l.now {
				l.wait(i, t)
				return
			}
			l.end(i, f)
			return
		}
		if !ok {
			return
		}
	}
}

// end does what happens at the end of a way.
func (l *Link) end(i int32, f *flight) {
	switch f.stage {
	case atHost:
		l.arrive(i, f)
	case atDead:
		l.refuse(i, f, l.paths[f.path].dead)
	case atFailed:
		l.unreachable(i, f)
	case atUs:
		l.deliver(i, f)
	}
}

// wait lets flight i go on at time t.
func (l *Link) wait(i int32, t time.Duration) {
	l.events.push(event{at: t, kind: step, slot: i})
}

// routerOf returns the index of the router that f is at.
func (l *Link) routerOf(f *flight) int { return l.paths[f.path].routers[f.hop] }

// pass moves f behind the line that it has crossed.
func (l *Link) pass(f *flight) {
	switch {
	case f.stage == atRouterLine && f.back && f.hop == 0:
		f.stage = atIface
	case f.stage == atRouterLine && f.back:
		f.hop--
		f.stage = atRouter
	case f.stage == atRouterLine:
		f.stage = atRouter
	case f.stage == atIface && f.back:
		f.stage = atUs
	case f.stage == atIface && f.path < 0:
		f.stage = atHostLine
	case f.stage == atIface:
		f.stage = atRouterLine
	case f.stage == atHostLine && !f.back:
		f.stage = atHost
	case f.stage == atHostLine && f.path < 0:
		f.stage = atIface
	case f.stage == atHostLine:
		f.hop = int16(len(l.paths[f.path].routers) - 1)
		f.stage = atRouter
	}
}

// reply returns a new flight from the host where f has arrived, back to us.
func (l *Link) reply(f *flight) (int32, *flight) {
	i, r := l.flights.get()
	r.etype, r.iface, r.path, r.line, r.hop = f.etype, f.iface, f.path, f.line, f.hop
	r.group, r.addr, r.mac = f.group, f.addr, f.mac
	r.back = true
	r.stage = atHostLine
	if f.line < 0 {
		r.stage = atRouterLine
	}
	return i, r
}

// deliver hands flight i to our machine.
func (l *Link) deliver(i int32, f *flight) {
	f.arrived = l.now
	if !l.kernel(f) {
		l.counts.Elsewhere++
		l.flights.put(i)
		return
	}
	if l.n.rcvbuf > 0 && l.inbox.len() >= l.n.rcvbuf {
		l.counts.ReceiveDrops++
		l.flights.put(i)
		return
	}
	l.inbox.push(i)
}
