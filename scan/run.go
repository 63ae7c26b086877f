package scan

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sonde/probe"
)

// run is one plan on its way through the engine. The goroutine that called Run
// asks and hands out; the engine's receive loop brings the answers. mu guards
// what both touch, and is never held across I/O.
type run struct {
	engine *Engine
	id     uint32
	plan   *Plan
	askers []*asker       // the first is the goroutine that called Run
	wake   chan struct{}  // capacity 1: something came in
	busy   chan struct{}  // capacity 1: there is more to send than one asker can
	source []probe.Source // by way: what every asker asks with
	// sending and sendErrors count what left and what could not; stats has them
	// when all is over.
	sending, sendErrors atomic.Uint64
	neighbours          atomic.Uint64 // of sending, those that asked ARP or ND
	nextHops            nextHops

	mu    sync.Mutex
	m     *machine
	claim []probe.Source // by way, of the receive loop
	// claimed is what packet fills in: as variables of its own they would be
	// allocated for each packet.
	claimed struct {
		probe probe.Probe
		reply probe.Reply
		// The first of this packet's meanings that proves nothing, if unsure.
		unsure      bool
		unsureProbe probe.Probe
		unsureReply probe.Reply
	}
	err     error
	due     time.Duration // when the goroutine that called Run looks again by itself
	stats   Stats
	telling struct { // of the goroutine that called Run
		now, later []note // see tell and tellLater
	}
	handed struct { // likewise
		unasked uint64   // results of questions for which no packet left
		stand   Standing // where somebody keeps that
	}

	lease     *lease // nil: its ports are not the ledger's
	fragments bool   // packets may leave in fragments
	cycle     uint64 // after how many repetitions the source ports are the same again; 0: never

	stopped atomic.Bool // by Engine.Stop
	closed  bool        // its stats were told: what comes in now answers nothing. mu is held.
}

// newRun makes a run, which needs ports before it can ask: see borrow.
func newRun(e *Engine, id uint32, p *Plan) *run {
	r := &run{engine: e, id: id, plan: p, fragments: p.fragments(), wake: make(chan struct{}, 1), busy: make(chan struct{}, 1), stats: Stats{Loss: -1, ExpectedMissed: -1}}
	r.m = newMachine(p, r.timing(), e.pacer)
	switch {
	case p.Sockets && e.cfg.Sockets != nil:
		r.m.unheard = func(time.Duration) bool { return e.cfg.Sockets.Waiting() }
		r.m.kept = func(q probe.Probe) bool { return e.cfg.Sockets.Kept(r.id, q) }
	case !p.Sockets && e.cfg.Link != nil:
		r.m.unheard = func(time.Duration) bool { return e.cfg.Link.Waiting() }
	}
	if waiting := r.m.unheard; waiting != nil && e.cfg.Changing != nil {
		r.m.unheard = func(since time.Duration) bool { return waiting(since) || e.cfg.Changing(since) }
	}
	if e.cfg.Routes != nil {
		r.watchHops()
		r.m.lost = func(q probe.Probe, since time.Duration) probe.Trouble {
			return e.lostWay(e.cfg.Routes.Way(q.Target), since)
		}
		r.m.calm = e.calm
	}
	return r
}

// timing is the engine's, but for what the plan says, and for a foreign source:
// that asks once.
func (r *run) timing() Timing {
	t := r.engine.cfg.Timing
	if r.plan.Tries > 0 {
		t.MaxRetries = r.plan.Tries - 1
	}
	if r.plan.Timeout > 0 {
		t.FirstWait, t.Timeout = r.plan.Timeout, r.plan.Timeout
	}
	if r.plan.Source.IsValid() && t.MaxRetries < 0 {
		t.MaxRetries = 0
	}
	return t
}

// sources prepares what the run asks with, on each way out.
func (r *run) sources(ports, roaming probe.Ports, tries uint16) {
	e, p := r.engine, r.plan
	var others probe.Ports
	switch {
	case p.SourcePort == 0:
	case p.KeepFlow:
		others = e.cfg.Ports
		ports, roaming = probe.Ports{First: p.SourcePort, N: p.Flows}, probe.Ports{}
	default:
		ports, roaming = probe.Ports{First: p.SourcePort, N: 1, Fixed: true}, probe.Ports{}
	}
	ports.Tries, ports.Variants, ports.Flows, ports.TTLs, ports.KeepFlow = tries, p.Variants, p.Flows, p.TTLs, p.KeepFlow
	roaming.Tries, roaming.Variants, roaming.Flows = tries, p.Variants, p.Flows
	for _, w := range e.cfg.Routes.Ways() {
		s := probe.Source{Addr: w.Src, Own: w.Own, MAC: w.MAC, Key: e.key, Ports: ports, Others: others, Roaming: roaming, Craft: p.Craft}
		if p.Targets.Len() == 1 {
			s.Only = p.Targets.At(0).WithZone("")
		}
		if len(p.Asks) == 1 {
			s.Port = p.Asks[0].Port
		}
		if p.Source.IsValid() && p.Source.Is4() == w.Src.Is4() {
			s.Addr = p.Source
		}
		if !w.Src.Is4() {
			s.Craft = p.Craft6
		}
		r.source = append(r.source, s)
		r.claim = append(r.claim, s)
	}
}

// quantum is for how long packets of the run are gathered before they leave.
func (r *run) quantum() time.Duration {
	switch {
	case r.plan.Len() < manyQuestions:
		return quantum
	case r.engine.cfg.Timing.Rate > 0:
		return givenQuantum
	}
	return largeQuantum
}

// nudge is poke, unless the asking goroutine of a large plan looks again soon enough: to be
// woken up for each packet costs more than the packet.
func (r *run) nudge() {
	if r.plan.Len() < manyQuestions {
		r.poke()
		return
	}
	now := r.engine.now()
	r.mu.Lock()
	soon := r.due <= now+largeQuantum
	r.mu.Unlock()
	if !soon {
		r.poke()
	}
}

// poke tells the asking goroutine that something came in.
func (r *run) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// expect makes answers to what is asked now those of its repetition, where
// earlier ones had the same source port. r.mu is held.
func (r *run) expect(asks []attempt) {
	if r.plan.Reps < 2 {
		return
	}
	for w := range r.claim {
		s := &r.claim[w]
		for i := range asks {
			s.Ports.LatestRep = max(s.Ports.LatestRep, asks[i].probe.Rep)
		}
		s.Roaming.LatestRep = s.Ports.LatestRep
	}
}

func (r *run) way(q probe.Probe) *Way {
	routes := r.engine.cfg.Routes
	return &routes.Ways()[routes.Way(q.Target)]
}

// rest hands out the questions that stayed silent, and completes the counts.
func (r *run) rest(cut bool, emit func(*Result)) {
	var out []Result
	for more := true; more; {
		r.tell()
		more = false
		r.mu.Lock()
		if r.stopped.Load() {
			r.m.abandon()
		} else {
			more = r.m.remaining(cut, 1024)
		}
		out, r.m.out = r.m.out, out[:0]
		ended := r.m.ended
		r.m.ended = nil
		r.mu.Unlock()
		r.handOut(out, emit)
		r.tellLater()
		r.cancel(ended)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Sent += r.sending.Load()
	r.stats.Neighbours += r.neighbours.Load()
	r.stats.SendErrors += r.sendErrors.Load()
	r.stats.Duplicates += r.m.counts.duplicates
	r.stats.Silent += r.m.counts.omitted
	if cut && !r.stopped.Load() {
		r.stats.Unasked += r.m.unreached()
	}
	r.stats.Unasked += r.handed.unasked
	tries := r.m.tries.before
	if tries == 0 {
		tries = r.m.tries.perPass
	}
	r.stats.Loss, r.stats.ExpectedMissed = r.m.losses.estimate(tries)
	r.stats.PortsReused = r.reused()
	r.stats.ExpectedMissed = min(r.stats.ExpectedMissed, float64(r.m.counts.omitted+r.m.counts.silences))
}

// groupOver says that all results of a group of hosts were handed out.
func (r *run) groupOver(group uint64) {
	if r.plan.GroupOver != nil && !r.stopped.Load() {
		r.plan.GroupOver(group)
	}
}

// handOut completes results by what the link knows, and emits them.
func (r *run) handOut(out []Result, emit func(*Result)) {
	e := r.engine
	for i := range out {
		res := &out[i]
		if lost := e.lost(res); lost != 0 {
			res.Reply.Event, res.Reply.Who, res.Reply.Errno = probe.LocalError, probe.Ourselves, uint16(lost)
			res.Verdict = r.plan.Kinds[res.Probe.Kind].Classify(res.Probe, &res.Reply)
		}
		if unsaid(&res.Reply) && r.kept(res.Probe) {
			res.Reply.Event, res.Reply.Errno = r.unreachable(res.Probe)
			res.Reply.Who = probe.Ourselves
			res.Verdict = r.plan.Kinds[res.Probe.Kind].Classify(res.Probe, &res.Reply)
		}
		if r.plan.Sockets && neverLeft(&res.Reply) {
			r.sending.Add(-min(uint64(res.Tries), r.sending.Load()))
			res.Tries = 0
		}
		if r.plan.Kinds[res.Probe.Kind].Traits().Link && res.Reply.Event == probe.Answer {
			e.mu.Lock()
			e.hops[res.Probe.Target.WithZone("")] = res.Reply.MAC
			e.mu.Unlock()
		}
		if r.stopped.Load() {
			continue
		}
		if never := res.Reply.Event == probe.LocalError || res.Reply.Event == probe.Deadline; never && res.Tries == 0 && r.plan.Settle != SettleNever {
			r.handed.unasked++
		}
		if r.plan.Watcher != nil {
			r.plan.Watcher.Heard(res)
		}
		emit(res)
	}
}

// nextHops is what a run has heard of those who take its packets.
type nextHops struct {
	answered mark                  // when ARP or ND was last; mu is held
	looked   map[netip.Addr]looked // of the goroutine that called Run
	runs     []*run                // that have asked ARP or ND for this one, and still hear; mu is held
	watched  []hopWatch            // by way: see watchHops; nil: none
	wanted   atomic.Uint32         // one more than the way whose next hop is to be asked; 0: none
	busy     atomic.Bool           // one is being asked
	asking   sync.WaitGroup
}

// looked is what the kernel said of a next hop, and when.
type looked struct {
	at         time.Duration
	unresolved bool
}

// lookAgain is how long what the kernel said of a next hop is not asked again: many
// questions end at the same time.
const lookAgain = 100 * time.Millisecond

// kept tells whether the kernel has kept what asked q for want of its next hop's
// link-layer address.
func (r *run) kept(q probe.Probe) bool {
	e := r.engine
	w := r.way(q)
	if e.cfg.Unresolved == nil || w.Frames {
		return false
	}
	hop := q.Target
	if w.Next.IsValid() {
		hop = w.Next
	}
	now := e.now()
	l, ok := r.nextHops.looked[hop]
	if !ok || now-l.at > lookAgain {
		l = looked{now, e.cfg.Unresolved(hop)}
		if r.nextHops.looked == nil || len(r.nextHops.looked) >= mostLooked {
			r.nextHops.looked = map[netip.Addr]looked{}
		}
		r.nextHops.looked[hop] = l
	}
	return l.unresolved
}

// mostLooked is of how many next hops that is remembered.
const mostLooked = 1 << 10

// unsaid tells whether r leaves it open why nobody answered: there was silence, or the
// kernel kept what it was given, which may be for want of a next hop.
func unsaid(r *probe.Reply) bool {
	return r.Event == probe.Silence || r.Event == probe.LocalError && r.Errno == uint16(probe.KeptBack)
}

// neverLeft tells whether r says that the kernel had nobody to send to, or was told not
// to send: what it was given is on no wire.
func neverLeft(r *probe.Reply) bool {
	switch {
	case r.Event == probe.NoNeighbour:
		return true
	case r.Event != probe.LocalError:
		return false
	}
	return slices.Contains([]uint16{uint16(probe.GatewaySilent), uint16(probe.KeptBack), uint16(syscall.EHOSTUNREACH), uint16(syscall.EACCES)}, r.Errno)
}

// cancel closes the kernel sockets of questions that left their slots.
func (r *run) cancel(ended []attempt) {
	for _, a := range ended {
		for t := a.probe.Try; t >= 1; t-- {
			a.probe.Try = t
			r.engine.cfg.Sockets.Cancel(r.id, a.probe)
		}
	}
}
