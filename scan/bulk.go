package scan

import (
	"context"
	"errors"
	"time"

	"sonde/probe"
)

// This file carries out plans that the link asks by itself, see Bulk: it paces the link
// where asker paces packets. What comes back goes the way of all packets.

// ErrNotLeaving is the error of a run whose packets the device was given and did not send.
var ErrNotLeaving = errors.New("the device was given packets and sent none: what is at its other end takes no frames of XDP (a veth without a program or GRO there), or its driver has no queue for them")

var errNoBulk = errors.New("no link that asks by itself")

const (
	mostTogether = 4096 // questions that are asked by one call
	leavesWithin = 2 * time.Second
)

// ask asks as the plan says by whom.
func (r *run) ask(ctx context.Context, emit func(*Result)) error {
	if r.plan.Bulk {
		return r.bulk(ctx, emit)
	}
	return r.loop(ctx, emit)
}

// bulk is loop for a link that asks by itself.
func (r *run) bulk(ctx context.Context, emit func(*Result)) error {
	e, m := r.engine, r.m
	link, ok := e.cfg.Link.(Bulk)
	if !ok {
		return errNoBulk
	}
	q := r.plan.At(0)
	way := &e.cfg.Routes.Ways()[e.cfg.Routes.Way(q.Target)]
	hop, ok := e.hop(way, q.Target)
	if !ok && (ctx.Err() != nil || r.stopped.Load()) { // nobody waited for it
		r.mu.Lock()
		m.walk(func(uint64) {})
		r.mu.Unlock()
		r.rest(true, emit)
		return nil
	}
	if !ok {
		event, errno := r.unreachable(q)
		return r.refuse(event, errno, emit)
	}
	if err := link.Begin(r.plan, &r.source[e.cfg.Routes.Way(q.Target)], hop); err != nil {
		return err
	}
	r.mu.Lock()
	m.walk(func(i uint64) { link.Settle(r.plan.cell(i)) })
	r.mu.Unlock()
	e.pacer.begins(e.now())
	defer e.pacer.ends()
	asking, enough := context.WithCancel(ctx)
	defer r.nextHops.asking.Wait()
	defer enough()
	b := bulk{run: r, link: link, first: q, drops: e.drops(), timer: time.NewTimer(time.Hour)}
	defer b.timer.Stop()
	for {
		over, err := b.turn(ctx, emit)
		if over || err != nil {
			r.mu.Lock()
			m.believe(e.now(), true)
			if errors.Is(err, ErrNotLeaving) {
				m.window.walks.stuck()
				r.sending.Store(0)
			}
			r.mu.Unlock()
			r.rest(!m.over || err != nil, emit)
			return err
		}
		r.askHop(asking)
	}
}

// bulk is what the goroutine that called Run has of a plan that the link asks.
type bulk struct {
	run    *run
	link   Bulk
	first  probe.Probe // a question: all go the same way
	drops  uint64
	looked time.Duration
	timer  *time.Timer
	out    []Result
	left   bool // packets leave: it was seen
	silent mark // since when it is looked whether they do
}

// turn does what is to be done now, or waits until something is. over says that it is all.
func (b *bulk) turn(ctx context.Context, emit func(*Result)) (over bool, err error) {
	r, e, m := b.run, b.run.engine, b.run.m
	r.tell()
	now := e.now()
	if now-b.looked >= shortestEpoch {
		b.looked = now
		if drops := e.drops(); drops > b.drops { // what is asked is more than this machine can hear
			b.drops = drops
			e.pacer.pushback(now)
		}
	}
	cut := ctx.Err() != nil || r.stopped.Load()
	lost := b.lost(now)
	budget := 0
	if !cut && !lost && !r.nextHops.busy.Load() {
		budget = e.pacer.take(now, mostTogether)
	}
	r.mu.Lock()
	m.filling.congested = e.pacer.congested(now)
	believe, doubts := m.believe(now, false)
	var from, to uint64
	at := now + lookForWay
	if !cut && !lost {
		from, to, at = m.step(now, uint64(max(budget, 1)))
	}
	if doubts {
		at = min(at, believe)
	}
	epoch, try := e.pacer.epoch(), m.window.walks.before+len(m.window.walks.list)
	b.out, m.out = m.out, b.out[:0]
	over, err = m.over, r.err
	if m.resumed.keeps {
		m.stand(&r.handed.stand)
	}
	waits := to == from && !over
	if r.due = idle; waits {
		r.due = at
	}
	r.mu.Unlock()
	asked := 0
	if to > from && budget > 0 {
		if asked, err = b.ask(from, to, uint8(try), epoch); err != nil {
			return false, err
		}
	}
	e.pacer.giveBack(now, budget-asked)
	r.handOut(b.out, emit)
	r.tellLater()
	if m.resumed.keeps && !r.stopped.Load() {
		r.plan.Watcher.Stands(&r.handed.stand)
	}
	switch {
	case err != nil || over || cut || lost && m.window.walks.trouble != 0:
		return true, err
	case to > from && budget > 0 || len(b.out) > 0:
		return false, nil
	case to > from:
		at = max(at, e.pacer.next(now, r.quantum()))
	default:
		if err = b.leaves(now); err != nil {
			return false, err
		}
	}
	r.sleep(ctx, b.timer, max(at, now+holdTime))
	return false, nil
}

// ask has the link ask questions, and notes that.
func (b *bulk) ask(from, to uint64, try, epoch uint8) (sent int, err error) {
	r, e := b.run, b.run.engine
	s := stride{first: from, len: to - from, began: e.now(), epoch: epoch}
	s.ended = s.began
	r.mu.Lock()
	r.m.walking(s)
	r.mu.Unlock()
	n, err := b.link.Ask(from, to, try, s.began)
	s.ended = e.now()
	r.sending.Add(n)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.m.walked(s.ended)
	if r.m.pass == 0 && r.m.window.walks.here == 1 {
		e.pacer.asked(epoch, int(n), r.plan.Order != ByBlock)
	}
	return int(n), err
}

// lost tells whether the way is lost, so that nothing is asked for now. Where it stays so,
// that is what became of all that is silent.
func (b *bulk) lost(now time.Duration) bool {
	r := b.run
	lost, waits := r.awaited(now, r.engine.cfg.Routes.Way(b.first.Target))
	if lost != 0 && !waits {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.m.window.walks.trouble = lost
	}
	return lost != 0
}

// leaves tells what is wrong where nothing has been heard, and no packet has left either.
func (b *bulk) leaves(now time.Duration) error {
	r := b.run
	if b.left || r.sending.Load() == 0 {
		return nil
	}
	r.mu.Lock()
	heard := r.m.losses.any()
	r.mu.Unlock()
	if !heard {
		leaves, err := b.link.Leaves()
		if err != nil {
			return err
		}
		if !b.silent.is() {
			b.silent = markOf(now)
		}
		if !leaves && now-b.silent.at() >= leavesWithin {
			return ErrNotLeaving
		}
		heard = leaves
	}
	if b.left = heard; heard {
		r.mu.Lock()
		r.m.window.walks.leaves = true
		r.mu.Unlock()
	}
	return nil
}

// refuse decides all questions: none can be asked.
func (r *run) refuse(event probe.Event, errno uint16, emit func(*Result)) error {
	for i := range r.plan.Len() {
		if r.plan.Watcher != nil && r.plan.Watcher.Skip(i) {
			continue
		}
		res := Result{Number: i, Probe: r.plan.At(i), RTT: -1, Reply: probe.Reply{Event: event, Who: probe.Ourselves, Errno: errno}}
		res.Verdict = r.plan.Kinds[0].Classify(res.Probe, &res.Reply)
		r.handOut([]Result{res}, emit)
	}
	return nil
}
