package scan

import "time"

// This file is about the pace that this machine itself sets: buffers of its own that are
// full, answers that it had no room for.

// pushback says that this machine could not send as fast as it was asked to.
func (p *pacer) pushback(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pushedAt = now
	if now < p.cautious {
		return // the same congestion, told again
	}
	p.cautious = now + max(p.rtt, shortestEpoch)
	r := float64(p.limit.Limit())
	if p.pushed == 0 {
		p.pushed = r
	}
	p.rate = max(pushedTo*r, min(slowest, r))
	p.settled = true
	p.begin(now)
}

// comeBack undoes, by and by, what pushbacks one after the other did to the rate. They
// are no loss: what did not leave leaves later. So that needs no answers, which a silent
// network never gives.
func (p *pacer) comeBack(now time.Duration) bool {
	e := &p.epochs[p.current%uint8(len(p.epochs))]
	if calm := max(p.rtt, eased); p.pushed == 0 || now-p.pushedAt < calm || now-e.began < calm {
		return false
	}
	enough := pushedTo * p.pushed
	if p.rate >= enough {
		p.pushed = 0
		return false
	}
	p.rate = min(2*p.rate, enough)
	p.begin(now)
	return true
}
