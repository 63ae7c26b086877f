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
	asks    []attempt
	batch   []Packet
	arena   []byte
	parts   []Packet  // batch, where some of it leaves in fragments
	of      []attempt // of what each of parts is
	answers []Answer  // of kernel sockets, that were there at once
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

// loop sends until the machine is satisfied or ctx ends, then hands out what is
// left.
func (r *run) loop(ctx context.Context, emit func(*Result)) error {
	e := r.engine
	e.pacer.begins(e.now())
	defer e.pacer.ends()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var out []Result
	var ended []attempt
	a := r.asker()
	r.askers = append(r.askers, a)
	dismiss := r.assistants()
	defer dismiss()
	asking, enough := context.WithCancel(ctx)
	defer r.nextHops.asking.Wait()
	defer enough()
	lost := e.drops()
	looked := e.now()
	told := uint64(0)
	for {
		r.tell() // first: it may change what is to be asked
		now := e.now()
		if now-looked >= shortestEpoch {
			looked = now
			if drops := e.lately(now); drops > lost { // what is asked is more than this machine can hear
				lost = drops
				e.pacer.pushback(now)
			}
		}
		cut := ctx.Err() != nil || r.stopped.Load()
		budget, free := 0, a.stuck.until
		switch {
		case r.nextHops.busy.Load(): // its answer wakes up
			free = now + askedTime
		case !cut && now >= free:
			budget = e.pacer.take(now, burst)
		}
		r.mu.Lock()
		a.take(now, budget)
		out, r.m.out = r.m.out, out[:0]
		ended, r.m.ended = r.m.ended, ended[:0]
		at, waiting := r.m.wake(max(free, e.pacer.next(now, r.quantum())))
		if r.due = at; !waiting {
			r.due = idle
		}
		over, err, groups := r.m.over, r.err, r.m.groups.over
		if r.m.resumed.keeps {
			r.m.stand(&r.handed.stand)
		}
		r.mu.Unlock()

		e.pacer.giveBack(now, budget-len(a.asks))
		if len(a.asks) == burst {
			r.help()
		}
		r.cancel(ended)
		a.transmit(now)
		r.askHop(asking)
		r.handOut(out, emit)
		r.tellLater()
		for ; told < groups; told++ {
			r.groupOver(told)
		}
		if r.m.resumed.keeps && !r.stopped.Load() {
			r.plan.Watcher.Stands(&r.handed.stand)
		}
		if over || cut || err != nil {
			dismiss()
			r.rest(!over, emit)
			return err
		}
		if len(a.asks)+len(out) > 0 {
			continue
		}
		if !waiting {
			at = e.now() + time.Hour
		}
		r.sleep(ctx, timer, at)
	}
}

// sleep returns when something has come in, or ctx has ended, at the latest when it is at.
func (r *run) sleep(ctx context.Context, timer *time.Timer, at time.Duration) {
	timer.Reset(max(0, at-r.engine.now()))
	select {
	case <-r.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// assistants starts the run's other askers, which wait until they are needed.
// dismiss ends them and waits for that; it may be called again.
func (r *run) assistants() (dismiss func()) {
	n := r.engine.cfg.Senders - 1
	if r.plan.Sockets || r.plan.Len() < manyQuestions {
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

// mostOut is how many results may wait to be handed out before assistants pause: each
// is half a kilobyte.
const mostOut = 1024

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
			if now >= a.stuck.until && !r.nextHops.busy.Load() {
				budget = e.pacer.take(now, burst)
			}
			if more = budget == burst; more {
				r.mu.Lock()
				if len(r.m.out) < mostOut { // else who reads the results is behind
					a.take(e.now(), budget)
				}
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
