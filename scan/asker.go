package scan

import (
	"context"
	"slices"
	"sync"
	"time"

	"sonde/probe"
)

// asker is a goroutine that sends packets of a run: the one that called Run, and
// in large scans others, where one processor is too slow to send what may be
// sent. Each has the questions that it is to ask for itself, until they left.
type asker struct {
	run     *run
	sources []probe.Source // by way
	asks    []ask
	batch   []Packet
	arena   []byte
	answers []Answer // of kernel sockets, that were there at once
	stuck   backPressure
	since   time.Duration // when it took asks that may not have left yet; r.mu guards it
}

func (r *run) asker() *asker {
	return &asker{run: r, sources: slices.Clone(r.source), arena: make([]byte, 0, burst*128), since: idle}
}

// idle is the since of an asker whose asks have left.
const idle = time.Duration(1<<63 - 1)

// take has the machine fill a.asks with what may leave now. r.mu is held.
func (a *asker) take(now time.Duration, budget int) {
	r := a.run
	if a.since != idle {
		r.m.delayed(now - a.since)
		a.since = idle
	}
	a.asks = r.m.fill(now, r.left(), budget, a.asks[:0])
	if len(a.asks) > 0 {
		a.since = now
	}
	r.expect(a.asks)
}

// left is before when everything that was asked has left this machine. What has
// not left cannot be answered, and a busy machine can leave a goroutine waiting
// for longer than a round trip. r.mu is held.
func (r *run) left() time.Duration {
	left := idle
	for _, a := range r.askers {
		left = min(left, a.since)
	}
	return left
}

// ask sends until the machine is satisfied or ctx ends, then hands out what is
// left.
func (r *run) ask(ctx context.Context, emit func(*Result)) error {
	e := r.engine
	e.add(r)
	defer e.remove(r)
	e.pacer.begins(e.now())
	defer e.pacer.ends()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var out []Result
	var ended []ask
	a := r.asker()
	r.askers = append(r.askers, a)
	dismiss := r.assistants()
	defer dismiss()
	lost := e.drops()
	looked := e.now()
	for {
		now := e.now()
		if now-looked >= shortestEpoch {
			looked = now
			if drops := e.drops(); drops > lost { // what is asked is more than this machine can hear
				lost = drops
				e.pacer.pushback(now)
			}
		}
		cut := ctx.Err() != nil
		budget := 0
		if !cut && now >= a.stuck.until {
			budget = e.pacer.take(now, burst)
		}
		r.mu.Lock()
		a.take(now, budget)
		out, r.m.out = r.m.out, out[:0]
		ended, r.m.ended = r.m.ended, ended[:0]
		at, waiting := r.m.wake(max(a.stuck.until, e.pacer.next(now)))
		over, err := r.m.over, r.err
		if r.plan.Keeper != nil {
			r.m.stand(&r.stand)
		}
		r.mu.Unlock()

		e.pacer.giveBack(now, budget-len(a.asks))
		if len(a.asks) == burst {
			r.help()
		}
		r.cancel(ended)
		a.transmit(now)
		r.handOut(out, emit)
		if r.plan.Keeper != nil {
			r.plan.Keeper.Stands(&r.stand)
		}
		if over || cut || err != nil {
			dismiss()
			r.rest(!over, emit)
			return err
		}
		if len(a.asks)+len(out) > 0 {
			continue
		}
		if waiting {
			timer.Reset(max(0, at-e.now()))
		} else {
			timer.Reset(time.Hour)
		}
		select {
		case <-r.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// assistants starts the run's other askers, which wait until they are needed.
// dismiss ends them and waits for that; it may be called again.
func (r *run) assistants() (dismiss func()) {
	n := r.engine.cfg.Senders - 1
	if r.plan.Sockets || r.plan.Leaving != nil || r.plan.Len() < manyQuestions {
		n = 0
	}
	quit := make(chan struct{})
	var working sync.WaitGroup
	for range n {
		a := r.asker()
		r.askers = append(r.askers, a)
		working.Go(func() { a.assist(quit) })
	}
	return sync.OnceFunc(func() {
		close(quit)
		working.Wait()
	})
}

// manyQuestions is from how many on a plan has assistants.
const manyQuestions = 4096

// help tells an assistant that there is more to send than one asker can.
func (r *run) help() {
	select {
	case r.busy <- struct{}{}:
	default:
	}
}

// assist sends whole bursts whenever there is enough to send, until quit is
// closed.
func (a *asker) assist(quit <-chan struct{}) {
	r, e := a.run, a.run.engine
	for {
		select {
		case <-r.busy:
		case <-quit:
			return
		}
		for more := true; more; {
			select {
			case <-quit:
				return
			default:
			}
			now := e.now()
			budget := 0
			if now >= a.stuck.until {
				budget = e.pacer.take(now, burst)
			}
			if more = budget == burst; more {
				r.mu.Lock()
				a.take(e.now(), budget)
				more = len(a.asks) == budget && !r.m.over
				r.mu.Unlock()
			}
			e.pacer.giveBack(now, budget-len(a.asks))
			a.transmit(now)
			a.asks = a.asks[:0]
			r.poke()
		}
		r.mu.Lock()
		a.since = idle
		r.mu.Unlock()
	}
}
