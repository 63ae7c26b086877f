package scan

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"sonde/probe"
)

// This file is about gateways that die while a run is under way. Nothing on this machine
// tells of that soon: the kernel sends into the void for most of a minute, and of frames it
// knows nothing. So before silence from beyond one counts, it must have been heard since the
// last try left: something came from beyond it, or it answers ARP or ND once more.

// nextHop is what is known of the next hop of a way. Times are one nanosecond more than
// they are, on the engine's clock; 0: never.
type nextHop struct {
	heard  atomic.Int64 // when the last left that it answered, or somebody beyond it
	dead   atomic.Bool  // it was asked since, and did not answer
	healed atomic.Int64 // when it was last heard after it had been dead
	asked  atomic.Bool  // it is being asked
}

// heardAt notes a sign of life.
func (h *nextHop) heardAt(at time.Duration) {
	for was := h.heard.Load(); int64(at) >= was && !h.heard.CompareAndSwap(was, int64(at)+1); {
		was = h.heard.Load()
	}
	if h.dead.Load() {
		h.healed.Store(int64(at) + 1) // before it is told to be alive
		h.dead.Store(false)
	}
}

// heardFrom notes that an address has answered ARP or ND.
func (e *Engine) heardFrom(addr netip.Addr, at time.Duration) {
	ways := e.cfg.Routes.Ways()
	for i := range ways {
		if ways[i].Next == addr {
			e.wayLosses[i].hop.heardAt(at)
		}
	}
}

// lost tells whether what left at since or later may have died with it.
func (h *nextHop) lost(since time.Duration) bool {
	return h.dead.Load() || int64(since) < h.healed.Load()
}

// fewQuestions is up to how many a plan asks the kernel only, which costs no packet: most
// such plans are over before a gateway has died.
const fewQuestions = 64

// hopWatch is how a run finds out whether the next hop of a way is alive.
type hopWatch uint8

const (
	unwatched hopWatch = iota
	byAsking           // by ARP or ND of its own
	byKernel           // by what the kernel says, which sends the packets
)

// watchHops finds out of which ways the run watches the next hops: those that it can ask,
// and whose silence means something.
func (r *run) watchHops() {
	e, p := r.engine, r.plan
	for _, k := range p.Kinds {
		if k.Traits().Link {
			return // a sweep of its own link, or who looks for next hops itself
		}
	}
	if t := &e.cfg.Timing; p.Source.IsValid() || t.Rate > 0 && t.Rate < 1 || t.Ceiling > 0 && t.Ceiling < 1 {
		return
	}
	ways := e.cfg.Routes.Ways()
	r.nextHops.watched = make([]hopWatch, len(ways))
	for i := range ways {
		w := &ways[i]
		switch {
		case !w.Next.IsValid() || !w.Ether || w.Err != nil:
		case e.cfg.Link != nil && !p.Sockets && e.needsHop(w, netip.Addr{}) && (w.Frames || p.Len() > fewQuestions):
			r.nextHops.watched[i] = byAsking
		case e.cfg.Unresolved != nil && !w.Frames:
			r.nextHops.watched[i] = byKernel
		}
	}
	r.m.passes = r.passes
	r.m.passed = func(q probe.Probe, at time.Duration) {
		if way := e.cfg.Routes.Way(q.Target); r.watchesHop(way) {
			e.wayLosses[way].hop.heardAt(at)
		}
	}
}

// watchesHop tells whether the run watches the next hop of a way.
func (r *run) watchesHop(way uint16) bool {
	return r.nextHops.watched != nil && r.nextHops.watched[way] != unwatched
}

// passes tells whether it is known if the next hop of the way of question i has passed on
// what left at since. If not, it is asked.
func (r *run) passes(i uint64, since time.Duration) bool {
	if r.allPass(since) { // nearly always, and cheaper than to find out which way it is
		return true
	}
	way := r.engine.cfg.Routes.Way(r.plan.At(i).Target)
	if !r.watchesHop(way) {
		return true
	}
	h := &r.engine.wayLosses[way].hop
	if h.dead.Load() || int64(since) < h.heard.Load() {
		return true
	}
	r.nextHops.wanted.Store(uint32(way) + 1)
	return false
}

// allPass tells whether all next hops that are watched have passed on what left at since.
func (r *run) allPass(since time.Duration) bool {
	for way, by := range r.nextHops.watched {
		h := &r.engine.wayLosses[way].hop
		if by != unwatched && (h.dead.Load() || int64(since) >= h.heard.Load()) {
			return false
		}
	}
	return true
}

// askHop asks the next hop that somebody wants to know of, if any, beside the run. One run
// asks for all that are under way.
func (r *run) askHop(ctx context.Context) {
	wanted := r.nextHops.wanted.Swap(0)
	if wanted == 0 || ctx.Err() != nil {
		return
	}
	way := &r.engine.cfg.Routes.Ways()[wanted-1]
	h := &r.engine.wayLosses[wanted-1].hop
	if !h.asked.CompareAndSwap(false, true) {
		return
	}
	r.nextHops.busy.Store(true) // what leaves meanwhile may be lost, and would take its turn
	r.nextHops.asking.Go(func() {
		defer r.poke()
		defer r.nextHops.busy.Store(false)
		defer h.asked.Store(false)
		if r.nextHops.watched[wanted-1] == byKernel {
			r.askKernel(way, h)
			return
		}
		r.forgetNeighbours()
		hops := NewAddrs()
		hops.add(way.Next)
		ask, err := r.neighbourRun(ctx, hops)
		if err != nil {
			return
		}
		// A gateway has other things to do than to answer ARP, and everything hangs on it.
		ask.m.timing.FirstWait, ask.m.timing.Timeout, ask.m.timing.Tries = time.Second, 0, 3
		ask.m.tries.perPass = ask.m.timing.firstTries()
		_ = ask.loop(ctx, func(res *Result) { // where the link has failed, the run itself knows
			switch res.Reply.Event {
			case probe.Answer:
				h.heardAt(res.Reply.At - max(0, res.RTT))
			case probe.Silence:
				h.dead.Store(true)
			default: // it could not be asked: then more is lost than a next hop, and known to be
				h.heardAt(r.engine.now())
			}
		})
		r.mu.Lock()
		defer r.mu.Unlock()
		r.nextHops.runs = append(r.nextHops.runs, ask)
	})
}

// askKernel asks the kernel, which asks the targets, whether it has found the next hop: what
// it was given before is kept back until it has.
func (r *run) askKernel(way *Way, h *nextHop) {
	if r.engine.cfg.Unresolved(way.Next) {
		h.dead.Store(true)
		return
	}
	h.heardAt(r.engine.now())
}

// forgetNeighbours ends the runs that have asked ARP or ND for this one, and adds what they
// counted.
func (r *run) forgetNeighbours() {
	r.mu.Lock()
	runs := r.nextHops.runs
	r.nextHops.runs = nil
	r.mu.Unlock()
	for _, asked := range runs {
		r.engine.remove(asked)
		stats := asked.end()
		r.mu.Lock()
		r.stats.addPackets(&stats)
		r.mu.Unlock()
	}
}
