// Package trace finds the way to a target: it asks with every TTL at once, in
// one flow, and puts together what the hops say. It composes a plan; when the
// target has answered, or a hop has refused, what lies behind is not asked any
// more.
package trace

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// Config is what to trace, and how.
type Config struct {
	Target netip.Addr
	Kind   probe.Kind // probe.SYN, probe.UDP, probe.Echo; by the kernel a SocketKind
	Port   uint16     // 0 for echo
	Hops   uint8      // highest TTL, at most 63
	Times  uint32     // questions per hop, at most 15
}

// interval is between the questions to one hop: routers limit their errors.
const interval = 100 * time.Millisecond

// Hop is what is known of one hop.
type Hop struct {
	TTL      uint8
	From     netip.Addr // who answered; zero: nobody
	Reached  bool       // it is the target, or the end of the way: Reason says what it said
	Reason   probe.Reason
	Errno    uint16 // why this machine could not ask, with probe.ReasonLocalError; 0: not known
	Sent     uint32
	Received uint32
	Min, Max time.Duration // round-trip times, where Timed > 0
	Total    time.Duration // of all Timed answers
	Timed    uint32
	Quoted   int          // bytes of our packet that it quoted; 0: none
	Quote    wire.Quote   // the longest quote
	Others   []netip.Addr // further addresses that answered for this TTL
	back     uint8        // TTL of the latest answer by TCP; 0: none
	SentTOS  uint8
	SeenTOS  uint8 // in the quote, if Quoted > 0
}

// Way is the whole route.
type Way struct {
	Target  netip.Addr
	Hops    []Hop        // from the first to the last that answered or was reached
	Reached bool         // the target itself answered
	Why     probe.Reason // where nobody answered: why not
	Errno   uint16       // as of a Hop, with Why
	Asked   uint32       // and how often the first hop was asked
	Stats   scan.Stats
}

// Run traces the way to c.Target. base has what all plans have in common. It
// returns what is known when ctx ends.
func Run(ctx context.Context, e *scan.Engine, base scan.Plan, c Config) (Way, error) {
	t := &tracer{c: c, hops: make([]Hop, c.Hops), end: c.Hops}
	for i := range t.hops {
		t.hops[i] = Hop{TTL: uint8(i) + 1}
	}
	if len(base.Craft) > 0 {
		t.tos = base.Craft[0].TOS
	}
	p := base
	p.Targets, p.Kinds, p.Asks = one{c.Target}, []probe.Kind{traced(c.Kind)}, []scan.Ask{{Port: c.Port}}
	p.TTLs, p.Reps, p.Interval, p.KeepFlow = c.Hops, c.Times, interval, true
	// Of several SYNs that reach the target only the first is answered, so the
	// one with the lowest TTL goes first.
	p.Settle, p.Order, p.Straight = scan.SettleNever, scan.ByPass, true
	p.Patient = true
	p.Skip = func(number uint64) bool { return t.skip(p.At(number)) }
	p.Leaving, p.Stray = t.leaving, t.stray
	ctx, t.stop = context.WithCancel(ctx)
	defer t.stop()
	stats, err := e.Run(ctx, &p, t.hear)
	if t.ended() {
		stats.Complete, stats.Interrupted = err == nil, false
	}
	stats.Loss, stats.ExpectedMissed = -1, -1 // hops limit their errors: that is no loss
	return t.way(stats), err
}

// tracer collects the answers of one trace.
type tracer struct {
	c    Config
	tos  uint8
	stop context.CancelFunc

	mu      sync.Mutex // skip and stray are called while the run is locked, hear while it is not
	done    bool       // stopped by us: all is known
	hops    []Hop
	left    [64]time.Duration // by hop: when its first packet left
	end     uint8             // hops beyond are not needed
	reached bool              // the target has answered without telling its TTL
}

// skip tells whether q is beyond the end of the way.
func (t *tracer) skip(q probe.Probe) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return q.TTL > t.end
}

// hear takes one result.
func (t *tracer) hear(r *scan.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return // what is still under way when all is known
	}
	t.hop(r)
	t.finish()
}

// finish ends the run when all is known.
func (t *tracer) finish() {
	if t.complete() {
		t.done = true
		t.stop()
	}
}

// ended tells whether the run ended because all was known.
func (t *tracer) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.done
}

// leaving notes when the first packet for each hop left.
func (t *tracer) leaving(q probe.Probe, at time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.Rep == 0 {
		t.left[q.TTL-1] = at
	}
}

// stray takes an answer of the target that does not tell its TTL. The first one
// is enough.
func (t *tracer) stray(q probe.Probe, r *probe.Reply) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.Target != t.c.Target.WithZone("") || q.Port != t.c.Port {
		return false
	}
	if !t.reached && !t.done {
		t.reached = true
		t.arrived(r)
		t.finish()
	}
	return true
}

// hop adds a result to its hop.
func (t *tracer) hop(r *scan.Result) {
	h := &t.hops[r.Probe.TTL-1]
	if r.Tries > 0 {
		h.Sent++
	}
	h.SentTOS = t.tos
	switch r.Reply.Event {
	case probe.Answer, probe.ICMPError:
	default:
		if h.Received == 0 {
			h.Reason, h.Errno = r.Verdict.Reason, r.Reply.Errno
		}
		return
	}
	h.Received++
	h.from(&r.Reply)
	h.time(r.RTT)
	h.Reason = r.Verdict.Reason
	if r.Reply.Event == probe.ICMPError && r.Reply.ICMP.Msg == wire.TimeExceeded {
		return
	}
	h.Reached = true
	t.end = min(t.end, h.TTL)
}

// time adds a round trip, if it is known.
func (h *Hop) time(d time.Duration) {
	if d < 0 {
		return
	}
	if h.Timed == 0 || d < h.Min {
		h.Min = d
	}
	h.Max = max(h.Max, d)
	h.Total += d
	h.Timed++
}

// from notes who answered, and what it quoted.
func (h *Hop) from(r *probe.Reply) {
	if r.Layer == wire.LayerTCP {
		h.back = r.IP.TTL
	}
	switch from := r.From; {
	case !h.From.IsValid():
		h.From = from
	case h.From != from:
		known := false
		for _, o := range h.Others {
			known = known || o == from
		}
		if !known {
			h.Others = append(h.Others, from)
		}
	}
	if q := &r.Quote; q.Len > h.Quoted {
		h.Quoted, h.Quote, h.SeenTOS = q.Len, *q, q.IP.TOS
	}
}

// arrived adds such an answer to a hop: the target is behind every hop that is
// known. If those in between have all answered that is the next one.
func (t *tracer) arrived(r *probe.Reply) {
	last := uint8(0)
	for i := range t.hops[:t.end] {
		if h := &t.hops[i]; h.Received > 0 && !h.Reached {
			last = h.TTL
		}
	}
	ttl := min(last+1, t.c.Hops)
	if back := hopsBack(r.IP.TTL); back > ttl && back <= t.end && t.hops[back-1].Received == 0 {
		// The hops before it are silent: the answer's own TTL tells how far it
		// came, where it came the same way back.
		ttl = back
	}
	if ttl > t.end {
		return
	}
	h := &t.hops[ttl-1]
	h.Received++
	h.Sent = max(h.Sent, 1)
	h.time(r.At - t.left[ttl-1])
	h.from(r)
	h.Reached, h.Reason = true, t.c.Kind.Classify(probe.Probe{Target: t.c.Target, Port: t.c.Port}, r).Reason
	t.end = ttl
}

// hopsBack guesses how many hops away a packet with this TTL began: stacks start
// with 64, 128 or 255.
func hopsBack(ttl uint8) uint8 {
	for _, start := range []uint8{64, 128, 255} {
		if ttl <= start {
			return start - ttl + 1
		}
	}
	return 0
}

// complete tells whether every question up to the end of the way is decided.
func (t *tracer) complete() bool {
	reached := false
	for i := range t.hops[:t.end] {
		h := &t.hops[i]
		if h.Sent < t.c.Times && !h.Reached || h.Reached && h.Sent < 1 {
			return false
		}
		reached = reached || h.Reached
	}
	return reached
}

// pull moves a target that answered by TCP nearer, over silent hops: one that
// overtook may have been answered in the place of the one with a lower TTL.
func (t *tracer) pull() {
	last, h := uint8(0), &t.hops[t.end-1]
	if !h.Reached || h.Quoted > 0 || h.From != t.c.Target.WithZone("") {
		return
	}
	for _, o := range t.hops[:t.end-1] {
		if o.Received > 0 {
			last = o.TTL
		}
	}
	if back := hopsBack(h.back); h.back > 0 && back > last && back < h.TTL {
		t.hops[back-1] = *h
		t.hops[back-1].TTL, t.end = back, back
	}
}

// way is what came of it: trailing silence is cut off.
func (t *tracer) way(stats scan.Stats) Way {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pull()
	w := Way{Target: t.c.Target, Stats: stats}
	last := 0
	for i := range t.hops[:t.end] {
		h := &t.hops[i]
		if h.Received > 0 {
			last = i + 1
		}
		w.Reached = w.Reached || h.Reached && h.From == t.c.Target.WithZone("")
	}
	if w.Hops = t.hops[:last]; last == 0 {
		w.Why, w.Errno, w.Asked = t.hops[0].Reason, t.hops[0].Errno, t.hops[0].Sent
	}
	return w
}

// one is a single target.
type one struct{ addr netip.Addr }

func (o one) Len() uint64          { return 1 }
func (o one) At(uint64) netip.Addr { return o.addr }
func (o one) Index(a netip.Addr) (uint64, bool) {
	return 0, a.WithZone("") == o.addr.WithZone("")
}

// State sums a way up as the state of its target: up if it answered, unknown
// otherwise, with what a router said who refused, if any.
func (w *Way) State() (probe.State, probe.Reason) {
	if w.Reached {
		return probe.Up, w.Hops[len(w.Hops)-1].Reason
	}
	if n := len(w.Hops); n > 0 && w.Hops[n-1].Reached {
		return probe.Unknown, w.Hops[n-1].Reason
	}
	return probe.Unknown, w.Why
}
