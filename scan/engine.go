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
	Ports   probe.Ports // First and N: the block of source ports to take from
	Senders int         // goroutines that send packets of one plan, where one is too slow; 0 counts as 1

	// Neighbours are link-layer addresses that are known beforehand.
	Neighbours map[netip.Addr]wire.MAC
	// Unresolved tells whether the kernel asked for an on-link address in vain.
	// Nil where the kernel has no part in it.
	Unresolved func(netip.Addr) bool
	// Tap sees every packet of ours and every accepted reply. Nil: nobody looks.
	Tap Tap
}

// Tap looks at packets as they pass. Its methods may be called at the same
// time; b is borrowed.
type Tap interface {
	Sent(at time.Duration, etherType uint16, b []byte, p probe.Probe)
	Received(at time.Duration, etherType uint16, b []byte, p probe.Probe)
}

// Engine runs plans over one link: one receive loop, one pacer, one key, one
// block of source ports and one table of neighbours for all of them.
type Engine struct {
	cfg   Config
	key   probe.Key
	pacer *pacer

	mu       sync.Mutex
	runs     []*run
	lastRun  uint32
	nextPort uint16 // offset in cfg.Ports of what no run has used yet
	hops     map[netip.Addr]wire.MAC
}

// Serve makes an engine, calls body with it, and closes link and sockets when
// body returns. Body may call Run from several goroutines.
func Serve(cfg Config, body func(e *Engine) error) error {
	e := &Engine{cfg: cfg, pacer: newPacer(cfg.Timing), hops: map[netip.Addr]wire.MAC{}}
	var b [16]byte
	rand.Read(b[:]) // never fails, by its documentation
	e.key = probe.Key{binary.NativeEndian.Uint64(b[:8]), binary.NativeEndian.Uint64(b[8:])}
	for a, m := range cfg.Neighbours {
		e.hops[a] = m
	}
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

// burst is how many packets are taken from or given to the link at a time.
const burst = 64

// receive hands every packet that comes in to the run that asked for it, until
// the link is closed.
func (e *Engine) receive() error {
	var packet wire.Packet
	into := make([]Packet, burst)
	var bears [burst]struct {
		what bearing
		run  *run // the first that it is unsolicited to
	}
	for {
		n, err := e.cfg.Link.Recv(into)
		e.mu.Lock()
		runs := e.runs
		e.mu.Unlock()
		// A packet may look like one for several runs: it is unsolicited if none
		// of them asked for it, and then once.
		clear(bears[:])
		for _, r := range runs {
			r.mu.Lock()
			for i := range into[:n] {
				in := &into[i]
				if !packet.Parse(in.B, in.Type) {
					continue
				}
				packet.MAC = in.MAC
				switch b := &bears[i]; r.packet(in, &packet) {
				case accepted:
					b.what = accepted
				case unsolicited:
					if b.what == nothing {
						b.what, b.run = unsolicited, r
					}
				}
			}
			r.mu.Unlock()
			r.poke()
		}
		for i := range into[:n] {
			if b := &bears[i]; b.what == unsolicited {
				b.run.mu.Lock()
				b.run.stats.Unsolicited++
				b.run.mu.Unlock()
			}
		}
		if errors.Is(err, ErrClosed) {
			return nil
		}
		if err != nil {
			e.fail(err)
			return err
		}
	}
}

// collect does the same for answers of kernel sockets.
func (e *Engine) collect() error {
	into := make([]Answer, burst)
	for {
		n, err := e.cfg.Sockets.Recv(into)
		for i := range into[:n] {
			a := &into[i]
			if r := e.byID(a.Run); r != nil {
				r.mu.Lock()
				r.heard(a)
				r.mu.Unlock()
				r.poke()
			}
		}
		if errors.Is(err, ErrClosed) {
			return nil
		}
		if err != nil {
			e.fail(err)
			return err
		}
	}
}

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

// ports takes a block of n source ports that no run of the last minute used,
// as far as there are so many.
func (e *Engine) ports(n int) probe.Ports {
	e.mu.Lock()
	defer e.mu.Unlock()
	block := e.cfg.Ports
	n = max(1, min(n, int(block.N)))
	if int(e.nextPort)+n > int(block.N) {
		e.nextPort = 0
	}
	p := probe.Ports{First: block.First + e.nextPort, N: uint16(n)}
	e.nextPort += uint16(n)
	return p
}

// Run asks everything in p and calls emit, from this goroutine, with every
// result as soon as it is known. It returns when all is decided, or when ctx
// ends: then what is known is handed out and the Stats say incomplete. The
// error, if any, is of the link as a whole; what happened to single questions
// is in their results.
func (e *Engine) Run(ctx context.Context, p *Plan, emit func(*Result)) (Stats, error) {
	if err := p.Compile(); err != nil {
		return Stats{Loss: -1, ExpectedMissed: -1}, err
	}
	r := newRun(e, e.number(), p)
	began, drops := e.now(), e.drops()
	err := r.resolve(ctx)
	if err == nil {
		err = r.ask(ctx, emit)
	}
	r.mu.Lock()
	s := r.stats
	r.mu.Unlock()
	s.Elapsed = e.now() - began
	s.ReceiveDrops = e.drops() - drops
	s.Interrupted = ctx.Err() != nil
	s.Complete = err == nil && !s.Interrupted
	return s, err
}

func (e *Engine) drops() uint64 {
	if e.cfg.Link == nil {
		return 0
	}
	return e.cfg.Link.Drops()
}

// Progress is how far the runs under way are.
type Progress struct {
	Asked, Questions uint64 // of the passes under way
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
		p.Asked += r.m.next
		p.Questions += r.plan.Len()
		p.Pass = max(p.Pass, r.m.pass)
		p.Sent += r.sending.Load()
		p.Received += r.stats.Received
		if loss, _ := r.m.losses.estimate(max(r.m.tries, r.m.perPass)); loss >= 0 {
			p.Loss = loss
		}
		r.mu.Unlock()
	}
	return p
}
