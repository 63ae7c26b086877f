package service

import (
	"context"
	"slices"
	"time"

	"sonde/scan/service/protocol"
)

// waves are the conversations with one port: a first wave by what its number suggests,
// and a second one of questions in single protocols, chosen by how the port reacted; it waits
// for what has begun to be said.
type waves struct {
	*port
	ctx       context.Context
	findings  chan finding
	steps     []step               // of the first wave, not yet begun
	queue     []talk               // of the second wave, not yet begun
	asked     []*protocol.Protocol // in which it was asked, or is to be
	asks      []time.Time          // when questions of the second wave began
	reactions protocol.Reaction

	running   int // conversations
	listening int // of these, those that wait for a greeting that is due
	asking    int // of these, those of the second wave
	suspected int // of these, and of the queue's, those in protocols that it may well be
	secured   bool
	second    bool      // the second wave is chosen
	chosen    time.Time // when it is, at the latest

	start  time.Time
	enough time.Time // when the best is good enough; zero: not known
	best   finding
	heard  bool
	err    error
}

// ask holds the conversations and returns the best of what they find, as soon as nothing
// better can come. cancel ends those that still run, and ask waits for them.
func (p *port) ask(ctx context.Context, cancel func()) (finding, error) {
	w := &waves{port: p, ctx: ctx, steps: plan(p.hint, p.usual, p.waits), findings: make(chan finding, maxConns), secured: p.hint == prints, start: time.Now()}
	w.chosen = w.start.Add(w.steps[len(w.steps)-1].after + p.waits.second)
	if p.hint == unhinted { // who only listens there begins as late, and is not waited for
		w.chosen = w.start.Add(p.waits.second)
	}
	if p.usual != nil && p.usual.Ask != nil {
		w.asked = append(w.asked, p.usual)
	}
	defer func() {
		cancel()
		for range w.running {
			<-w.findings
		}
	}()
	wake := time.NewTimer(0) // when the next step is due, or the best is good enough
	defer wake.Stop()
	for {
		w.begin()
		if w.running == 0 {
			break
		}
		wake.Reset(w.untilNext())
		select {
		case f := <-w.findings:
			if w.take(f) {
				return w.best, nil
			}
		case <-wake.C:
			if !w.enough.IsZero() && !time.Now().Before(w.enough) {
				return w.best, nil
			}
		}
	}
	if w.heard {
		w.err = nil
	}
	return w.best, w.err
}

// begin starts what is due.
func (w *waves) begin() {
	for len(w.queue) > 0 && w.queue[0].likely && w.free() {
		w.next()
	}
	for len(w.steps) > 0 && (w.running == 0 || !w.Alone && time.Since(w.start) >= w.steps[0].after) {
		end := w.end
		t := w.steps[0].talk
		if w.hint == unhinted && t.onlyListens() { // of no use once something was said
			if w.spoke.Load() || w.reactions&^protocol.HungUp != 0 || w.Alone || w.Brief {
				w.steps = w.steps[1:]
				continue
			}
			end = earlier(end, time.Now().Add(w.waits.patient))
		}
		if w.awaits(t) && !t.tls { // a handshake has no more time than others
			end = w.late
		}
		if t.ask != nil {
			end = earlier(end, time.Now().Add(w.waits.patient))
		}
		if w.Alone { // each gets its share of the time
			end = time.Now().Add(time.Until(w.end) / time.Duration(len(w.steps)))
		}
		w.steps = w.steps[1:]
		w.hold(t, end)
	}
	if !w.second && len(w.steps) == 0 && (w.running == 0 || !w.Alone && !w.spoke.Load() && !time.Now().Before(w.chosen)) {
		w.choose()
	}
	for len(w.queue) > 0 && w.free() {
		w.next()
	}
}

// free tells whether another question of the second wave may be asked.
func (w *waves) free() bool {
	return (w.running == 0 || !w.Alone && w.asking < wave && !time.Now().Before(w.roomAt())) && time.Now().Before(w.end)
}

// roomAt returns from when on there may be another new question.
func (w *waves) roomAt() time.Time {
	if w.asking < gentle || len(w.asks) < gentle {
		return time.Time{}
	}
	return w.asks[len(w.asks)-gentle].Add(w.waits.room)
}

// next asks the next question of the second wave.
func (w *waves) next() {
	t := w.queue[0]
	w.queue = w.queue[1:]
	wait := w.waits.answer
	if t.likely || t.tls { // a handshake takes its time
		wait = w.waits.patient
	}
	w.hold(t, earlier(w.end, time.Now().Add(wait)))
}

// hold starts a conversation.
func (w *waves) hold(t talk, end time.Time) {
	w.running++
	if w.awaits(t) {
		w.listening++
	}
	if t.second {
		w.asking++
		w.asks = append(w.asks, time.Now())
	}
	go func() {
		f := w.port.hold(w.ctx, t, end)
		f.talk = t
		w.findings <- f
	}()
}

// choose queues the questions of the second wave: none where a printer may be, or where
// a greeting is due and nothing was heard yet.
func (w *waves) choose() {
	w.second = true
	if w.listening > 0 && w.reactions&^(protocol.Silent|protocol.HungUp) == 0 {
		return
	}
	if w.shaken.Load() {
		for _, in := range protocol.All() {
			if in.Ask != nil && len(in.Secure) > 0 && w.best.weight <= hints && !slices.Contains(w.asked, in) {
				w.queue = append(w.queue, talk{tls: true, ask: in, second: true})
			}
		}
		return
	}
	reactions := w.reactions
	if reactions == 0 && w.running > 0 {
		reactions = protocol.Silent
	}
	if w.best.weight >= provoked || w.hint == prints || w.Alone || w.Brief {
		return
	}
	for _, in := range protocol.All() {
		if in.Ask != nil && (in.Elsewhere&reactions != 0 || w.Thorough) && !slices.Contains(w.asked, in) {
			w.asked = append(w.asked, in)
			w.queue = append(w.queue, talk{ask: in, second: true})
		}
	}
}

// suspect puts questions in protocols that it may well be before all others.
func (w *waves) suspect(list []*protocol.Protocol, secure bool) {
	for _, in := range list {
		at := slices.IndexFunc(w.queue, func(t talk) bool { return t.ask == in })
		if at < 0 && slices.Contains(w.asked, in) {
			continue
		}
		if at >= 0 {
			w.queue = slices.Delete(w.queue, at, at+1)
		}
		w.asked = append(w.asked, in)
		w.queue = slices.Insert(w.queue, 0, talk{ask: in, second: true, tls: secure, likely: true})
		w.suspected++
	}
}

// take takes over what a conversation found, and tells whether that is enough.
func (w *waves) take(f finding) (done bool) {
	w.running--
	if w.awaits(f.talk) {
		w.listening--
	}
	if f.talk.second {
		w.asking--
	}
	if f.talk.likely {
		w.suspected--
	}
	if f.err != nil {
		w.err, w.steps, w.queue, w.suspected, w.second = f.err, nil, nil, 0, true // it takes no more
		return false
	}
	w.heard = true
	w.reactions |= f.reaction
	if f.provoked() && w.listening > 0 {
		f.weight = provoked
	}
	w.secured = w.secured || f.talk.tls
	w.suspect(f.suspects, f.TLS != nil)
	if f.weight > w.best.weight {
		w.best = f
	} else if w.best.weight == nothing { // what the others met says how silent it is
		w.best.Cut = max(w.best.Cut, f.Cut)
		w.best.How = max(w.best.How, f.How)
	}
	if w.best.weight >= hints && w.enough.IsZero() {
		w.enough = time.Now().Add(w.waits.better)
	}
	if f.unknownInside() && !w.second && !w.Alone {
		w.choose()
	}
	return w.best.weight == certain || w.best.weight == hints && w.secured && w.suspected == 0 && len(w.queue) == 0 && w.asking == 0
}

// awaits tells whether a conversation waits for a greeting that is due.
func (p *port) awaits(t talk) bool {
	return t.onlyListens() && (p.hint == greets || p.hint == secureGreet)
}

// untilNext returns how long nothing needs to be done but wait for findings,
// which come at p.late at the latest.
func (w *waves) untilNext() time.Duration {
	next := w.late.Add(time.Second)
	if !w.enough.IsZero() {
		next = earlier(next, w.enough)
	}
	if !w.Alone {
		if len(w.steps) > 0 {
			next = earlier(next, w.start.Add(w.steps[0].after))
		} else if !w.second && !w.spoke.Load() {
			next = earlier(next, w.chosen)
		}
		if len(w.queue) > 0 && w.asking < wave {
			next = earlier(next, w.roomAt())
		}
	}
	return max(0, time.Until(next))
}
