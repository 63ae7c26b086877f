package scan

import (
	"reflect"
	"testing"
	"time"

	"sonde/probe"
)

// earlier is a Watcher that knows of an earlier run.
type earlier struct {
	NoWatcher
	last    Standing
	decided func(uint64) bool // nil: nothing is
}

func (e *earlier) Last() (s Standing, keeps bool) { return e.last, true }
func (e *earlier) Tried(i uint64) bool            { return i < e.last.Base }
func (e *earlier) Skip(i uint64) bool             { return e.decided != nil && e.decided(i) }

// heardAt is the try that brings the answer to a question.
func heardAt(n uint64) uint8 {
	switch d := n % 10; {
	case d == 0:
		return 3
	case d < 5:
		return 2
	}
	return 1
}

// lossy is a plan of 1000 questions, of which those that are divisible by three are
// answered.
func lossy() *Plan {
	return &Plan{Targets: hosts(1000), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}, Seed: 4}
}

// drive lets m run until done says so, and returns the results and what was asked.
func drive(m *machine, done func() bool) (results []Result, asked map[uint64]int) {
	asked = map[uint64]int{}
	var asks []attempt
	for now := time.Millisecond; !m.over && !done() && now < time.Hour; now += time.Millisecond {
		asks = m.fill(now, idle, 20, asks[:0])
		for _, a := range asks {
			asked[a.number]++
			if a.number%3 == 0 && a.probe.Try >= heardAt(a.number) {
				m.answer(now, a.probe, synAck(a, now))
			}
		}
		results, m.out = append(results, m.out...), m.out[:0]
	}
	return results, asked
}

// TestGoOnAnywhere: a machine that takes up where another one stood, in any pass,
// asks what that did not ask, decides all that it did not decide, and knows about
// loss what a machine knows that was never stopped.
func TestGoOnAnywhere(t *testing.T) {
	timing := Template(3)
	whole := machineFor(t, lossy(), timing)
	drive(whole, func() bool { return false })
	if whole.pass < 2 {
		t.Fatalf("%d passes: nothing was lost", whole.pass)
	}
	for pass := range whole.pass {
		for _, base := range []uint64{0, 1, 500, 999} {
			first := machineFor(t, lossy(), timing)
			results, _ := drive(first, func() bool { return first.pass == pass && first.window.base > base || first.pass > pass })
			var s Standing
			first.stand(&s)
			known := map[uint64]bool{}
			for _, r := range results {
				known[r.Number] = true
			}
			p := lossy()
			p.Watcher = &earlier{last: s, decided: func(i uint64) bool { return known[i] }}
			second := machineFor(t, p, timing)
			more, asked := drive(second, func() bool { return false })
			for n := range asked {
				if known[n] || first.pass == pass && s.Base > n && second.pass == pass {
					t.Errorf("stopped in pass %d at %d: question %d is asked again", s.Pass, s.Base, n)
				}
			}
			for second.remaining(false, 1000) {
			}
			more = append(more, second.out...)
			for _, r := range more {
				if known[r.Number] {
					t.Errorf("stopped in pass %d at %d: question %d is decided again", s.Pass, s.Base, r.Number)
				}
				known[r.Number] = true
				if silent := r.Reply.Event == probe.Silence; silent != (r.Number%3 != 0) || silent && int(r.Tries) < whole.tries.before {
					t.Errorf("stopped in pass %d at %d: question %d: %v after %d tries", s.Pass, s.Base, r.Number, r.Reply.Event, r.Tries)
				}
			}
			if len(known) != 1000 {
				t.Errorf("stopped in pass %d at %d: %d of 1000 questions are decided", s.Pass, s.Base, len(known))
			}
			if a, b := second.losses[probe.ClassTCP].counts, whole.losses[probe.ClassTCP].counts; a != b {
				t.Errorf("stopped in pass %d at %d: answers by try %v, want %v", s.Pass, s.Base, a, b)
			}
		}
	}
}

// TestGoOnOver: a run that was over asks nothing, and hands out what is silent.
func TestGoOnOver(t *testing.T) {
	first := machineFor(t, lossy(), Template(3))
	drive(first, func() bool { return false })
	var s Standing
	first.stand(&s)
	p := lossy()
	p.Watcher = &earlier{last: s}
	second := machineFor(t, p, Template(3))
	if asks := second.fill(time.Millisecond, idle, 100, nil); len(asks) > 0 || !second.over {
		t.Errorf("%d questions are asked", len(asks))
	}
	for second.remaining(false, 1000) {
	}
	if len(second.out) != 1000 {
		t.Errorf("%d of 1000 silent questions are handed out", len(second.out))
	}
}

// TestStandingIsWhole: what stand fills in, goOn takes up.
func TestStandingIsWhole(t *testing.T) {
	m := machineFor(t, lossy(), Template(3))
	drive(m, func() bool { return m.pass == 1 })
	var s, again Standing
	m.stand(&s)
	if len(s.Losses) != StandingLosses {
		t.Fatalf("%d numbers about loss, want %d", len(s.Losses), StandingLosses)
	}
	p := lossy()
	p.Watcher = &earlier{last: s}
	machineFor(t, p, Template(3)).stand(&again)
	if again.Base = s.Base; !reflect.DeepEqual(s, again) {
		t.Errorf("%+v was taken up as %+v", s, again)
	}
}

// TestGoOnFromNonsense: a standing that no machine has written does no harm.
func TestGoOnFromNonsense(t *testing.T) {
	for _, s := range []Standing{
		{Pass: 1 << 30, Base: 1 << 60, PerPass: 255, Tries: 255, Used: 255, Looked: 1 << 50},
		{PerPass: 1, Tries: -1, Used: -7, Losses: []uint32{1, 2, 3}},
		{PerPass: 3, Losses: make([]uint32, StandingLosses)},
	} {
		for i := range s.Losses {
			s.Losses[i] = 1<<32 - 1 - uint32(i)
		}
		p := lossy()
		p.Watcher = &earlier{last: s}
		m := machineFor(t, p, Template(3))
		drive(m, func() bool { return false })
		if !m.over || m.tries.used > 2*MostTries {
			t.Errorf("%+v: over %v, %d tries", s, m.over, m.tries.used)
		}
	}
}
