package scan

import (
	"testing"
	"time"

	"sonde/probe"
)

// awake is a sweep of 400 hosts, of which the even ones answer at once.
func awake() *Plan {
	return &Plan{Targets: hosts(400), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}, {Port: 443}, {Port: 22}},
		Settle: SettleGroup, Order: ByBlock, Seed: 3}
}

// walk lets m ask a packet every two milliseconds until done says so, tells seen of
// each, and returns when it ended.
func walk(m *machine, done func() bool, seen func(now time.Duration, a attempt)) time.Duration {
	now := time.Millisecond
	for asks := []attempt(nil); !m.over && !done() && now < time.Minute; now += 2 * time.Millisecond {
		asks = m.fill(now, idle, 1, asks[:0])
		for _, a := range asks {
			seen(now, a)
			if m.plan.Group(a.number)%2 == 0 && a.probe.Try == 1 {
				m.answer(now, a.probe, synAck(a, now))
			}
		}
		m.out = m.out[:0]
	}
	return now
}

func never() bool { return false }

// TestSecondLook: each silent host is asked once more by the first ask, a while
// after its tries and beside those of other asks, so that a long sweep does not
// last longer for it.
func TestSecondLook(t *testing.T) {
	m := machineFor(t, awake(), Template(3))
	latest, looks := map[uint64]time.Duration{}, map[uint64]int{}
	var last time.Duration
	end := walk(m, never, func(now time.Duration, a attempt) {
		if a.probe.Try == lookTry {
			if looks[m.plan.Group(a.number)]++; a.number >= m.plan.inner || now-latest[a.number] < m.timing.Look {
				t.Errorf("question %d of %d is looked at once more %v after its last try", a.number, m.plan.inner, now-latest[a.number])
			}
		}
		latest[a.number], last = now, now
	})
	for host := range m.plan.Groups() {
		if want := int(host % 2); looks[host] != want {
			t.Errorf("host %d is looked at once more %d times, want %d", host, looks[host], want)
		}
	}
	if end-last > m.timing.Look/2 {
		t.Errorf("the sweep ends %v after its last packet, at %v", end-last, end)
	}
}

// TestSecondLookFinds: an answer to a second look decides, with its own round trip
// and all tries before it, and is no sign of loss; what could not leave goes later;
// and what is decided in the meantime is waited for no longer.
func TestSecondLookFinds(t *testing.T) {
	m := machineFor(t, awake(), Template(3))
	var looks []attempt
	stuck := false
	walk(m, func() bool { return len(looks) == 2 }, func(_ time.Duration, a attempt) {
		if a.probe.Try != lookTry {
			return
		}
		if !stuck {
			stuck = true
			m.unsend(a)
			if m.answer(m.filling.at, a.probe, synAck(a, m.filling.at)) {
				t.Error("an answer to what could not leave is accepted")
			}
			return
		}
		looks = append(looks, a)
	})
	a, at := looks[0], m.filling.at+3*time.Millisecond
	before, tries := m.losses[probe.ClassTCP], m.triesOf(a.number)
	if !m.answer(at, a.probe, synAck(a, at)) || len(m.out) != 1 {
		t.Fatal("not accepted")
	}
	if r := m.out[0]; r.Verdict.State != probe.Open || r.RTT < 3*time.Millisecond || r.RTT > 20*time.Millisecond || int(r.Tries) != tries+1 {
		t.Errorf("%v after %v by %d tries, before: %d", r.Verdict.State, r.RTT, r.Tries, tries)
	}
	if now := m.losses[probe.ClassTCP]; now != before {
		t.Error("who slept counts as lost")
	}
	for i := range m.plan.inner {
		m.groups.settled.set(m.plan.Group(i))
	}
	if m.fill(at, idle, 0, nil); m.looks.pending() {
		t.Error("all hosts are decided, and some second look is not over")
	}
}

// TestSecondLookWithinHostTimeout: who has had the time of a host is not looked at
// any more, and has run out of it.
func TestSecondLookWithinHostTimeout(t *testing.T) {
	p := awake()
	p.HostTimeout = 300 * time.Millisecond
	m := machineFor(t, p, Template(3))
	walk(m, never, func(now time.Duration, a attempt) {
		if a.probe.Try == lookTry {
			t.Errorf("question %d is looked at once more at %v", a.number, now)
		}
	})
	if !m.over || m.looks.pending() {
		t.Errorf("over: %v", m.over)
	}
}

// TestSecondLookGoesOn: a run that goes on takes the second looks that are left, and
// these only.
func TestSecondLookGoesOn(t *testing.T) {
	first := machineFor(t, awake(), Template(3))
	var s Standing
	known := map[uint64]bool{}
	walk(first, func() bool { first.stand(&s); return s.Looked >= 100 }, func(_ time.Duration, a attempt) {
		if host := first.plan.Group(a.number); host%2 == 0 {
			known[host] = true
		}
	})
	p := awake()
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	p.Watcher = &earlier{last: s, decided: func(i uint64) bool { return known[p.Group(i)] }}
	looks := map[uint64]int{}
	second := machineFor(t, p, Template(3))
	walk(second, never, func(_ time.Duration, a attempt) {
		if a.probe.Try == lookTry {
			looks[a.number]++
		}
	})
	for i := range p.inner {
		want := 0
		if i >= s.Looked && p.Group(i)%2 == 1 {
			want = 1
		}
		if looks[i] != want {
			t.Errorf("looked until %d: question %d is looked at %d times, want %d", s.Looked, i, looks[i], want)
		}
	}
	if second.stand(&s); s.Looked != p.inner {
		t.Errorf("looked until %d of %d in the end", s.Looked, p.inner)
	}
}
