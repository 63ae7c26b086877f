package simnet

import "time"

// cross takes flight i over a line. It returns when it is at the other end;
// false if it was lost or has to wait for its turn.
func (l *Link) cross(i int32, f *flight, index int32, t time.Duration) (time.Duration, bool) {
	dir := there
	if f.back {
		dir = back
	}
	n := &l.n.lines[index][dir]
	if n.interval > 0 {
		if t > l.now {
			l.wait(i, t)
			return 0, false
		}
		// The bottleneck: free says when it has sent all that is in its queue,
		// one packet being sent and the others waiting.
		free := &l.lines[index][dir]
		if *free > t+time.Duration(n.queue)*n.interval {
			l.counts.QueueDrops[dir]++
			l.flights.put(i)
			return 0, false
		}
		*free = max(*free, t) + n.interval
		t = *free
	}
	if n.isDown(t) || n.loss > 0 && n.loss.hits(l.rng.Uint64()) {
		l.counts.Lost[dir]++
		l.flights.put(i)
		return 0, false
	}
	l.pass(f)
	if n.dup > 0 && n.dup.hits(l.rng.Uint64()) {
		l.counts.Duplicated[dir]++
		l.wait(l.flights.copy(i), t+l.delay(n, f))
	}
	return t + l.delay(n, f), true
}

// delay returns how long one packet takes.
func (l *Link) delay(n *line, f *flight) time.Duration {
	d := n.delay
	if n.spread > 0 {
		d += time.Duration(hash(f.addr, 5) % uint64(n.spread))
	}
	if n.jitter > 0 {
		d += time.Duration(l.rng.Uint64() % uint64(n.jitter))
	}
	return d
}

func (n *line) isDown(t time.Duration) bool {
	for _, s := range n.down {
		if s.has(t) {
			return true
		}
	}
	return false
}

// bucket is the state of a limit: how many tokens there are, and since when.
type bucket struct {
	tokens int
	since  time.Duration
	used   bool
}

// take takes a token at time now, if there is one.
func (b *bucket) take(m limit, now time.Duration) bool {
	if m.interval == 0 {
		return true
	}
	if !b.used {
		*b = bucket{tokens: m.burst, since: now, used: true}
	}
	if n := (now - b.since) / m.interval; n > 0 {
		b.tokens = int(min(int64(m.burst), int64(b.tokens)+int64(n)))
		b.since += n * m.interval
	}
	if b.tokens == 0 {
		return false
	}
	b.tokens--
	return true
}
