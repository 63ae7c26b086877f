package scan

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// Config is what an Engine works with.
type Config struct {
	Link    Link    // nil where only Sockets are used
	Sockets Sockets // nil where none are needed
	Routes  Routes
	Start   time.Time // zero of the clock that Link and Sockets stamp with
	Timing  Timing
	Ports   probe.Ports // First and N: the source ports to take from
	// GuardsRST says that RSTs without ACK from our ports are kept back (--rst-guard).
	GuardsRST bool
	Senders   int // goroutines that send packets of one plan, where one is too slow; 0 counts as 1

	// Neighbours are link-layer addresses that are known beforehand.
	Neighbours map[netip.Addr]wire.MAC
	// Resolve says that packets which the kernel is to send wait, too, until ARP or ND has
	// found their next hop: the kernel would keep them, and drop them unseen.
	Resolve bool
	// Unresolved tells whether the kernel asked for an address on a link and got no answer.
	// Nil where the kernel has no part in it.
	Unresolved func(netip.Addr) bool
	// Lost tells what became of a way at any time since, on the engine's clock, even if it
	// is as it was again by now; 0: nothing. Silence of what was asked on a way that was
	// lost is nobody's. Nil: nobody knows.
	Lost func(way uint16, since time.Duration) probe.Trouble
	// Changing tells whether something has changed of which Lost knows nothing yet: until
	// then silence is none. What was looked at since is not looked at again. Nil: it always
	// knows.
	Changing func(since time.Duration) bool
	// Neighbour is told of every answer to ARP and ND, to whichever question, with the
	// hardware address in it. It is called while packets wait, with a run locked, so it must
	// not block. Nil: nobody wants to know.
	Neighbour func(addr netip.Addr, mac wire.MAC)
	// Tap sees every packet of ours and every accepted reply. Nil: nobody looks.
	Tap Tap
}

// Tap looks at packets as they pass. Its methods may be called at the same time,
// with nothing locked. Received is told every accepted reply once, in
// the order of their coming, and all of them before Serve returns. A Tap that blocks
// keeps packets from being sent or received, but nobody from asking how far the runs
// are, or from ending them.
type Tap interface {
	Sent(p Passed)
	Received(p Passed)
}

// Passed is a packet that has passed.
type Passed struct {
	At        time.Duration // on the engine's clock
	EtherType uint16
	Bytes     []byte      // from the IP header or the ARP message on; borrowed
	From, To  wire.MAC    // zero where the kernel makes the frame, or there is none
	Probe     probe.Probe // the question that it asks or answers
}

// Engine runs plans over one link: one receive loop, one pacer, one key, one ledger
// of source ports and one table of neighbours for all of them.
type Engine struct {
	cfg   Config
	key   probe.Key
	pacer *pacer

	ledger ledger
	unread unread

	mu      sync.Mutex
	runs    []*run
	lastRun uint32
	hops    map[netip.Addr]wire.MAC
	// troubles are why nobody could ask for a next hop.
	troubles map[netip.Addr]probe.Trouble

	wayLosses []wayLoss // by way
}

// Serve makes an engine, calls body with it, and closes link and sockets when
// body returns. Body may call Run from several goroutines.
func Serve(cfg Config, body func(e *Engine) error) error {
	e := newEngine(cfg)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	if cfg.Link != nil {
		wg.Go(func() { errs[0] = e.receive() })
	}
	if cfg.Sockets != nil {
		wg.Go(func() { errs[1] = e.collect() })
	}
	err := body(e)
	if cfg.Link != nil {
		err = errors.Join(err, cfg.Link.Close())
	}
	if cfg.Sockets != nil {
		err = errors.Join(err, cfg.Sockets.Close())
	}
	wg.Wait()
	return errors.Join(append(errs, err)...)
}

func newEngine(cfg Config) *Engine {
	e := &Engine{cfg: cfg, pacer: newPacer(cfg.Timing), ledger: ledger{block: cfg.Ports}, hops: map[netip.Addr]wire.MAC{}, troubles: map[netip.Addr]probe.Trouble{}}
	var b [16]byte
	rand.Read(b[:]) // never fails, by its documentation
	e.key = probe.Key{binary.NativeEndian.Uint64(b[:8]), binary.NativeEndian.Uint64(b[8:])}
	for a, m := range cfg.Neighbours {
		e.hops[a] = m
	}
	if cfg.Routes != nil {
		e.wayLosses = make([]wayLoss, len(cfg.Routes.Ways()))
	}
	return e
}

// Timing is what the engine asks by.
func (e *Engine) Timing() Timing { return e.cfg.Timing }

// Wait waits for d, or until ctx ends or enough is closed. It tells whether d has
// passed.
func (e *Engine) Wait(ctx context.Context, d time.Duration, enough <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-enough:
	case <-ctx.Done():
	}
	return false
}

func (e *Engine) now() time.Duration { return time.Since(e.cfg.Start) }

// fail ends all runs: nothing can be received any more.
func (e *Engine) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.runs {
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
		r.poke()
	}
}

func (e *Engine) byID(id uint32) *run {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.runs {
		if r.id == id {
			return r
		}
	}
	return nil
}

// number returns a number that no run has had.
func (e *Engine) number() uint32 {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lastRun++
	return e.lastRun
}

// add makes r receive, remove ends that. The slice is replaced, not changed:
// the receive loop walks it without the lock.
func (e *Engine) add(r *run) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.runs = append(e.runs[:len(e.runs):len(e.runs)], r)
}

func (e *Engine) remove(r *run) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var rest []*run
	for _, o := range e.runs {
		if o != r {
			rest = append(rest, o)
		}
	}
	e.runs = rest
}

// Run asks everything in p and calls emit, from this goroutine, with every
// result as soon as it is known. It returns when all is decided or Stop was called,
// or when ctx ends: then what is known is handed out and the Stats say incomplete.
// The error, if any, is of the link as a whole; what happened to single questions
// is in their results.
func (e *Engine) Run(ctx context.Context, p *Plan, emit func(*Result)) (Stats, error) {
	if err := p.Compile(); err != nil {
		return Stats{Loss: -1, ExpectedMissed: -1}, err
	}
	r := newRun(e, e.number(), p)
	began, drops := e.now(), e.drops()
	if !r.borrow(ctx) {
		r.stats.Elapsed, r.stats.Interrupted = e.now()-began, true
		return r.stats, nil
	}
	defer r.giveBack()
	err := r.resolve(ctx)
	if err == nil {
		e.add(r)
		defer e.remove(r)
		if err = r.ask(ctx, emit); err == nil {
			r.linger(ctx)
		}
	}
	r.forgetNeighbours()
	s := r.end()
	s.Elapsed = e.now() - began
	s.ReceiveDrops = e.drops() - drops
	s.Interrupted = ctx.Err() != nil && !r.stopped.Load()
	s.Complete = err == nil && !s.Interrupted
	return s, err
}

// Stop ends the run of p, which is the plan that was given to Run: enough is known.
// No more is asked, and what is under way has no result; a handful of packets may
// still leave. The run's Stats count what was done, and say that it is complete. It
// does nothing if p is not under way.
func (e *Engine) Stop(p *Plan) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.runs {
		if r.plan == p {
			r.stopped.Store(true)
			r.poke()
		}
	}
}

func (e *Engine) drops() uint64 {
	if e.cfg.Link == nil {
		return 0
	}
	return e.cfg.Link.Drops()
}

// unread is what drops said last. A hundred runs at once, as a trace to many has, are not
// to ask the kernel a hundred times.
type unread struct {
	mu    sync.Mutex
	at    time.Duration
	drops uint64
}

// lately is as drops, but looked up once in shortestEpoch at most.
func (e *Engine) lately(now time.Duration) uint64 {
	u := &e.unread
	u.mu.Lock()
	defer u.mu.Unlock()
	if now-u.at >= shortestEpoch {
		u.at, u.drops = now, e.drops()
	}
	return u.drops
}

// Progress is how far the runs under way are.
type Progress struct {
	Asked, Questions uint64 // of the passes under way: walks through all questions
	Pass             int    // 0 is the first; later ones ask the silent again
	Sent, Received   uint64
	Loss             float64 // negative: not known
}

// Progress adds up all runs under way. It may be called at any time.
func (e *Engine) Progress() Progress {
	e.mu.Lock()
	runs := e.runs
	e.mu.Unlock()
	p := Progress{Loss: -1}
	for _, r := range runs {
		r.mu.Lock()
		p.Asked += r.m.window.next
		p.Questions += r.plan.Len()
		p.Pass = max(p.Pass, r.m.pass)
		p.Sent += r.sending.Load()
		p.Received += r.stats.Received
		if loss, _ := r.m.losses.estimate(max(r.m.tries.before, r.m.tries.perPass)); loss >= 0 {
			p.Loss = loss
		}
		r.mu.Unlock()
	}
	return p
}
