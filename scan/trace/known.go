package trace

import (
	"net/netip"
	"sync"

	"sonde/probe/wire"
)

// Known are ways that were found in the same run. Ways to several targets begin alike, and
// routers limit their errors: so what a way has in common with a known one is asked only
// once. The zero value knows none.
type Known struct {
	mu    sync.Mutex
	ways  []*Way
	start [2]uint8 // with which TTL the next trace begins, of IPv4 and IPv6; 0: with the first
}

// add makes a way known, unless it was put together of others.
func (k *Known) add(w *Way) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	start := &k.start[family(w.Target)]
	for i := len(w.Hops) - 1; *start == 0 && i >= 0; i-- {
		if h := &w.Hops[i]; h.has(expired) && !h.Reached {
			*start = h.TTL
		}
	}
	if len(w.Hops) > 0 && !w.Hops[0].AsTo.IsValid() {
		k.ways = append(k.ways, w)
	}
}

// begin are the TTLs with which a trace begins: that of the target, if it is as far away as
// a neighbour; else from that of the last hop that others have in common, as far as is
// known, to the next, where most targets are.
func (k *Known) begin(target netip.Addr, hops uint8) (low, high uint8) {
	if k == nil {
		return 1, hops
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range k.ways {
		if last := uint8(len(w.Hops)); w.Reached && last <= hops && neighbours(w.Target, target) {
			return last, last
		}
	}
	start := k.start[family(target)]
	if start == 0 {
		return 1, hops
	}
	return min(start, hops), min(start+1, hops)
}

// like returns a known way that the one of t has its hops before low in common with; nil:
// none is known. The same router answered at low on both, or both targets are neighbours
// and as far away, there and back.
func (k *Known) like(t *tracer, low uint8) *Way {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := &t.hops[low-1]
	for _, w := range k.ways {
		if len(w.Hops) < int(low) {
			continue
		}
		there := &w.Hops[low-1]
		switch v := h.first(expired); {
		case v != nil && there.heard(v.from):
			return w
		case t.verge.why == atTarget && t.verge.ttl == low && len(w.Hops) == int(low) && w.Reached &&
			there.left.target > 0 && h.left.target == there.left.target && neighbours(w.Target, t.c.Target):
			return w
		}
	}
	return nil
}

// family is the index of an address family.
func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// heard tells whether a packet expired at this address.
func (h *Hop) heard(from netip.Addr) bool {
	for _, v := range h.voices {
		if v.says == expired && v.from == from {
			return true
		}
	}
	return false
}

// neighbours tells whether two addresses are of one network of the usual size, which no
// router between here and there tells apart.
func neighbours(a, b netip.Addr) bool { return wire.UsualNetwork(a) == wire.UsualNetwork(b) }

// adopt takes the hops before low from a known way.
func (t *tracer) adopt(w *Way, low uint8) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.hops[:low-1] {
		t.hops[i] = w.Hops[i]
		if !t.hops[i].AsTo.IsValid() {
			t.hops[i].AsTo = w.Target
		}
		t.left[i].reps = 0xffff // nothing of it is asked
	}
	t.look()
}
