package trial

import (
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// span is how far packets get, by what the innocent ones with each TTL were answered.
type span struct {
	expired uint8              // the highest TTL with which one expired on the way
	last    uint8              // the highest that was answered at all
	others  [mostHops + 1]bool // by TTL: answered otherwise, by the target most likely
}

// add adds the fate of one packet.
func (s *span) add(ttl uint8, f fate) {
	switch f.says {
	case unheard, unsent:
		return
	case expired:
		s.expired = max(s.expired, ttl)
	default:
		s.others[ttl] = true
	}
	s.last = max(s.last, ttl)
}

// end is the lowest TTL that gets as far as any; 0: not known. Whoever answers nearer than
// packets are known to expire answers for some of them only.
func (s *span) end() uint8 {
	for ttl := s.expired + 1; ttl <= mostHops; ttl++ {
		if s.others[ttl] {
			return ttl
		}
	}
	return 0
}

// wayfinder asks TTL by TTL until the end of the way is known.
type wayfinder struct {
	scan.NoWatcher
	plan *scan.Plan

	mu    sync.Mutex // Skip may be called by the engine's receive loop
	span  *span
	asked [mostHops + 1]bool
}

// Skip implements scan.Watcher: what is beyond the end is not asked.
func (w *wayfinder) Skip(number uint64) bool {
	ttl := w.plan.At(number).TTL
	w.mu.Lock()
	defer w.mu.Unlock()
	end := w.span.end()
	return end > 0 && ttl > end && !w.asked[ttl]
}

// Leaving implements scan.Watcher.
func (w *wayfinder) Leaving(q probe.Probe, _ time.Duration, _ []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[q.TTL] = true
}

// hear takes one result.
func (w *wayfinder) hear(r *scan.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.span.add(r.Probe.TTL, fateOf(r))
}
