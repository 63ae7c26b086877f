package scan

import (
	"time"

	"sonde/probe"
)

// Watcher follows a plan on its way through the engine, and may say what of it need
// not be asked. Who needs only some of its methods embeds NoWatcher.
//
// Skip and Tried are asked while the run is locked, by any goroutine, and often: they
// neither block nor call the engine. Leaving is called by the goroutines that send.
// All others are called by the goroutine that called Engine.Run, one at a time and
// never after Run has returned or Stop was called; they may call Engine.Stop, and what
// they are given is borrowed. Nothing is locked then.
type Watcher interface {
	// Skip tells whether a question needs no asking (any more), by its number: then it
	// has no result.
	Skip(number uint64) bool
	// Skipped counts the questions from … to-1 of which Skip is true.
	Skipped(from, to uint64) uint64
	// Last is where an earlier run of the plan stood, from which this one goes on; zero
	// if there was none. keeps says that Tried is to be asked and Stands to be told.
	Last() (s Standing, keeps bool)
	// Tried tells whether an earlier run has asked a question, in the pass of Last,
	// and got no answer.
	Tried(number uint64) bool

	// Leaving is told of every packet that is about to be sent: packet is all of it from
	// its IP header on, even if it leaves in fragments, borrowed; nil where the kernel
	// makes it.
	Leaving(q probe.Probe, at time.Duration, packet []byte)
	// Stray is told proven answers that do not name one question: in a plan of TTLs,
	// what the target says by TCP or UDP.
	Stray(q probe.Probe, r *probe.Reply)
	// Later is told of answers to questions that another answer has decided: what comes
	// after silence, an error or a loss of our own contradicts nobody. Of a plan that settles
	// by SettleNever it is told all that comes to a question that is decided, or in doubt,
	// by whatever.
	Later(q probe.Probe, r *probe.Reply)
	// Heard is told each result before it is handed out.
	Heard(r *Result)
	// Stands is told where the run stands, when all results up to there have been
	// handed out.
	Stands(s *Standing)
}

// NoWatcher is a Watcher that skips nothing and does nothing, to be embedded.
type NoWatcher struct{}

func (NoWatcher) Skip(uint64) bool                           { return false }
func (NoWatcher) Skipped(from, to uint64) uint64             { return 0 }
func (NoWatcher) Last() (s Standing, keeps bool)             { return s, false }
func (NoWatcher) Tried(uint64) bool                          { return false }
func (NoWatcher) Leaving(probe.Probe, time.Duration, []byte) {}
func (NoWatcher) Stray(probe.Probe, *probe.Reply)            {}
func (NoWatcher) Later(probe.Probe, *probe.Reply)            {}
func (NoWatcher) Heard(*Result)                              {}
func (NoWatcher) Stands(*Standing)                           {}

// note is a reply that decides no question. It is written down while the run is
// locked, and told to the plan's Watcher when it is not.
type note struct {
	kind  noteKind
	probe probe.Probe
	reply probe.Reply
}

type noteKind uint8

const (
	noteStray noteKind = iota
	noteLater
)

// mostNotes is how many notes wait at most: a target that repeats itself without
// end must not fill the memory. What is more is only counted.
const mostNotes = 1 << 10

// note writes a reply down, if anybody watches.
func (m *machine) note(kind noteKind, q probe.Probe, r *probe.Reply) {
	if m.plan.Watcher != nil && len(m.notes) < mostNotes {
		m.notes = append(m.notes, note{kind, q, *r})
	}
}

// tell tells the plan's Watcher what was written down, but for later answers: see
// tellLater.
func (r *run) tell() {
	w := r.plan.Watcher
	if w == nil {
		return
	}
	r.mu.Lock()
	r.telling.now, r.m.notes = r.m.notes, r.telling.now[:0]
	r.mu.Unlock()
	for i := range r.telling.now {
		if r.stopped.Load() {
			return
		}
		switch n := &r.telling.now[i]; n.kind {
		case noteStray:
			w.Stray(n.probe, &n.reply)
		case noteLater:
			r.telling.later = append(r.telling.later, *n)
		}
	}
}

// tellLater tells the plan's Watcher of later answers, once the results that they come
// after have been handed out: both may have come at the same moment.
func (r *run) tellLater() {
	for i := range r.telling.later {
		if r.stopped.Load() {
			break
		}
		r.plan.Watcher.Later(r.telling.later[i].probe, &r.telling.later[i].reply)
	}
	r.telling.later = r.telling.later[:0]
}
