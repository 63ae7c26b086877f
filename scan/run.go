package scan

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
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

	mu    sync.Mutex
	m     *machine
	claim []probe.Source // by way, of the receive loop
	// claimed is what packet fills in: as variables of its own they would be
	// allocated for each packet.
	claimed struct {
		probe probe.Probe
		reply probe.Reply
	}
	err   error
	stats Stats
	stand Standing // of the goroutine that called Run, where the plan has a Keeper
}

func newRun(e *Engine, id uint32, p *Plan) *run {
	r := &run{engine: e, id: id, plan: p, wake: make(chan struct{}, 1), busy: make(chan struct{}, 1), stats: Stats{Loss: -1, ExpectedMissed: -1}}
	r.m = newMachine(p, r.timing(), e.pacer)
	switch {
	case p.Sockets && e.cfg.Sockets != nil:
		r.m.unheard = e.cfg.Sockets.Waiting
	case !p.Sockets && e.cfg.Link != nil:
		r.m.unheard = e.cfg.Link.Waiting
	}
	r.sources()
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
func (r *run) sources() {
	e, p := r.engine, r.plan
	tries := uint16(max(MostTries, r.m.perPass))
	ports := probe.Ports{First: p.SourcePort, N: 1, Fixed: true}
	roaming := probe.Ports{}
	if p.Settle == SettleNever {
		tries = 1
	}
	switch {
	case p.SourcePort == 0:
		want := uint64(tries) * uint64(p.Variants) * uint64(p.Flows) * uint64(p.Reps)
		if p.KeepFlow {
			want = uint64(p.Flows)
		}
		ports = e.ports(int(min(want, uint64(e.cfg.Ports.N)-uint64(tries))))
		roaming = e.ports(int(tries))
	case p.KeepFlow:
		ports.N, ports.Fixed = p.Flows, false
	}
	ports.Tries, ports.Variants, ports.Flows, ports.KeepFlow = tries, p.Variants, p.Flows, p.KeepFlow
	roaming.Tries, roaming.Variants, roaming.Flows = tries, p.Variants, p.Flows
	for _, w := range e.cfg.Routes.Ways() {
		s := probe.Source{Addr: w.Src, Own: w.Own, MAC: w.MAC, Key: e.key, Ports: ports, Roaming: roaming, Craft: p.Craft}
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

// poke tells the asking goroutine that something came in.
func (r *run) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// expect makes answers to what is asked now those of its repetition, where
// earlier ones had the same source port. r.mu is held.
func (r *run) expect(asks []ask) {
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

// bearing is what a packet is to a run.
type bearing uint8

const (
	nothing     bearing = iota
	unsolicited         // it is for us, or quotes us, but answers nothing that was asked
	accepted
)

// packet finds the question that a packet answers. r.mu is held.
func (r *run) packet(in *Packet, pkt *wire.Packet) bearing {
	what := nothing
	for w := range r.claim {
		s := &r.claim[w]
		s.Clock = uint32(in.At / time.Millisecond)
		for k, kind := range r.plan.Kinds {
			asker, ok := kind.(probe.PacketKind)
			if !ok {
				continue
			}
			q, reply := &r.claimed.probe, &r.claimed.reply
			*q, *reply = probe.Probe{Kind: uint8(k)}, probe.Reply{At: in.At}
			if !asker.Claim(s, pkt, q, reply) {
				continue
			}
			what = unsolicited
			if reply.Event == probe.Unsolicited {
				continue
			}
			if !r.reply(*q, reply) {
				return unsolicited
			}
			if tap := r.engine.cfg.Tap; tap != nil {
				tap.Received(in.At, in.Type, in.B, *q)
			}
			return accepted
		}
	}
	return what
}

// heard takes what a kernel socket was told. r.mu is held.
func (r *run) heard(a *Answer) {
	reply := &a.Reply
	if reply.Event == probe.Unsolicited {
		r.stats.Unsolicited++
		return
	}
	reply.Try = a.Probe.Try
	if r.socket(a.Probe) == probe.SocketDatagram {
		if r.plan.SourcePort != 0 {
			reply.Try = 0 // of sockets that share a port the latest is told, whichever was meant
		}
		way := r.engine.cfg.Routes.Way(a.Probe.Target)
		reply.Match = reply.Event == probe.Answer && probe.PayloadMatches(&r.claim[way], a.Probe, a.Data)
	}
	if !r.reply(a.Probe, reply) {
		r.stats.Unsolicited++
	}
}

// reply takes a proven reply to q. r.mu is held.
func (r *run) reply(q probe.Probe, reply *probe.Reply) bool {
	if reply.Event == probe.ICMPError && reply.Who != probe.Target && r.engine.cfg.Routes.Local(reply.From) {
		// Our own kernel speaking: it could not hand the packet on.
		reply.Who, reply.Event, reply.Errno = probe.Ourselves, probe.LocalError, uint16(syscall.EHOSTUNREACH)
		if way := r.way(q); !way.Next.IsValid() {
			reply.Event = probe.NoNeighbour
		}
	}
	if q.TTL == 0 && r.plan.TTLs > 0 && reply.Event == probe.Answer && r.plan.Stray != nil {
		if !r.plan.Stray(q, reply) {
			return false
		}
		r.stats.Received++
		return true
	}
	if !r.m.answer(r.engine.now(), q, reply) {
		return false
	}
	r.stats.Received++
	return true
}

func (r *run) way(q probe.Probe) *Way {
	routes := r.engine.cfg.Routes
	return &routes.Ways()[routes.Way(q.Target)]
}

// rest hands out the questions that stayed silent, and completes the counts.
func (r *run) rest(cut bool, emit func(*Result)) {
	var out []Result
	for more := true; more; {
		r.mu.Lock()
		more = r.m.remaining(cut, 1024)
		out, r.m.out = r.m.out, out[:0]
		ended := r.m.ended
		r.m.ended = nil
		r.mu.Unlock()
		r.handOut(out, emit)
		r.cancel(ended)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Sent += r.sending.Load()
	r.stats.SendErrors += r.sendErrors.Load()
	r.stats.Duplicates += r.m.duplicates
	r.stats.Silent += r.m.omitted
	tries := r.m.tries
	if tries == 0 {
		tries = r.m.perPass
	}
	r.stats.Loss, r.stats.ExpectedMissed = r.m.losses.estimate(tries)
	r.stats.ExpectedMissed = min(r.stats.ExpectedMissed, float64(r.m.omitted+r.m.silences))
}

// handOut completes results by what the link knows, and emits them.
func (r *run) handOut(out []Result, emit func(*Result)) {
	e := r.engine
	for i := range out {
		res := &out[i]
		if res.Reply.Event == probe.Silence && e.cfg.Unresolved != nil && !r.way(res.Probe).Next.IsValid() &&
			e.cfg.Unresolved(res.Probe.Target) {
			res.Reply.Event = probe.NoNeighbour
			res.Verdict = r.plan.Kinds[res.Probe.Kind].Classify(res.Probe, &res.Reply)
		}
		if _, ok := r.plan.Kinds[res.Probe.Kind].(probe.LinkKind); ok && res.Reply.Event == probe.Answer {
			e.mu.Lock()
			e.hops[res.Probe.Target.WithZone("")] = res.Reply.MAC
			e.mu.Unlock()
		}
		if r.plan.Keeper != nil {
			r.plan.Keeper.Heard(res)
		}
		emit(res)
	}
}

// cancel closes the kernel sockets of questions that left their slots.
func (r *run) cancel(ended []ask) {
	for _, a := range ended {
		for t := a.probe.Try; t >= 1; t-- {
			a.probe.Try = t
			r.engine.cfg.Sockets.Cancel(r.id, a.probe)
		}
	}
}
