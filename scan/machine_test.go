package scan

import (
	"net/netip"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// hosts are n addresses from 10.0.0.0 on.
type hosts uint32

func (h hosts) Len() uint64 { return uint64(h) }
func (h hosts) At(i uint64) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}
func (h hosts) Index(a netip.Addr) (uint64, bool) {
	b := a.As4()
	i := uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
	return i, b[0] == 10 && i < uint64(h)
}

func machineFor(t *testing.T, p *Plan, timing Timing) *machine {
	t.Helper()
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	return newMachine(p, timing, newPacer(timing))
}

// synAck answers a.
func synAck(a attempt, at time.Duration) *probe.Reply {
	return &probe.Reply{Event: probe.Answer, From: a.probe.Target, Try: a.probe.Try, At: at, TCP: wire.TCP{Flags: wire.SYN | wire.ACK}}
}

// TestLateAnswers: an answer that comes 900 ms and a round trip after its try
// settles the question, but does not count as that try's, nor as a round trip.
func TestLateAnswers(t *testing.T) {
	const rtt = 10 * time.Millisecond
	for _, tt := range []struct {
		after  time.Duration
		onTime bool
	}{{rtt, true}, {900 * time.Millisecond, true}, {LateAfter + rtt - time.Millisecond, true}, {LateAfter + rtt + time.Millisecond, false}, {1010 * time.Millisecond, false}} {
		p := &Plan{Targets: hosts(20), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}, SourcePort: 4025}
		m := machineFor(t, p, Template(3))
		start := 5 * time.Millisecond
		asks := m.fill(start, idle, 20, nil)
		for _, a := range asks[:12] {
			m.answer(start+rtt, a.probe, synAck(a, start+rtt))
		}
		m.fill(start+Retransmission, idle, 20, nil) // second tries of the rest
		before := m.losses[probe.ClassTCP]
		q := asks[15].probe
		q.Try = 0 // not told by a fixed port, but by the timestamp's echo
		r := synAck(asks[15], start+tt.after)
		r.Try, r.Sent = 0, start
		m.out = m.out[:0]
		if !m.answer(start+tt.after, q, r) || len(m.out) != 1 {
			t.Fatalf("after %v: not settled", tt.after)
		}
		res := m.out[0]
		if res.Verdict.State != probe.Open || res.Reply.Try != 1 || res.RTT != tt.after {
			t.Errorf("after %v: %v by try %d, round trip %v", tt.after, res.Verdict.State, res.Reply.Try, res.RTT)
		}
		now := m.losses[probe.ClassTCP]
		if now.found != before.found+1 {
			t.Errorf("after %v: %d found, before %d", tt.after, now.found, before.found)
		}
		byTry, late := now.counts[1]-before.counts[1], now.late-before.late
		if want := map[bool][2]uint32{true: {1, 0}, false: {0, 1}}[tt.onTime]; byTry != want[0] || late != want[1] {
			t.Errorf("after %v: counts as %d of the first try and %d late", tt.after, byTry, late)
		}
		if known := m.rtt[probe.ClassTCP].n == 13; known != tt.onTime {
			t.Errorf("after %v: %d round trips", tt.after, m.rtt[probe.ClassTCP].n)
		}
	}
}

// TestNotAsked: a reply to what was not asked yet is none, whatever it proves.
func TestNotAsked(t *testing.T) {
	p := &Plan{Targets: hosts(4), Kinds: []probe.Kind{probe.UDP}, Asks: []Ask{{Port: 53}}}
	m := machineFor(t, p, Template(3))
	asks := m.fill(0, idle, 2, nil)
	later := attempt{number: 2, probe: p.At(2)}
	later.probe.Try = 1
	nextTry := asks[0]
	nextTry.probe.Try = 2
	unsent := asks[1]
	for _, a := range []attempt{later, nextTry} {
		if m.answer(time.Millisecond, a.probe, synAck(a, time.Millisecond)) {
			t.Errorf("an answer to %+v is accepted", a.probe)
		}
	}
	m.unsend(unsent)
	if m.answer(time.Millisecond, unsent.probe, synAck(unsent, time.Millisecond)) {
		t.Error("an answer to what did not leave is accepted")
	}
	if !m.answer(time.Millisecond, asks[0].probe, synAck(asks[0], time.Millisecond)) {
		t.Error("an answer to what was asked is not accepted")
	}
	again := m.fill(2*time.Millisecond, idle, 2, nil)
	if len(again) != 2 || again[0].number != unsent.number || again[0].probe.Try != 1 {
		t.Errorf("what did not leave is not asked first: %+v", again)
	}
}

// TestMachineDoesNotAllocate measures asking and answering in the middle of a
// plan: all answered, and none.
func TestMachineDoesNotAllocate(t *testing.T) {
	for name, answered := range map[string]int{"all": burst, "half": burst / 2, "none": 0} {
		p := &Plan{Targets: hosts(1 << 20), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}}
		m := machineFor(t, p, Template(3))
		asks := make([]attempt, 0, burst)
		r := new(probe.Reply)
		now, packets := time.Duration(0), 0
		step := func() {
			now += time.Millisecond
			asks = m.fill(now, idle, burst, asks[:0])
			for i := range asks {
				if a := &asks[i]; int(a.number)%burst < answered {
					*r = probe.Reply{Event: probe.Answer, From: a.probe.Target, Try: a.probe.Try, At: now, TCP: wire.TCP{Flags: wire.SYN | wire.ACK}}
					m.answer(now, a.probe, r)
				}
			}
			packets += len(asks)
			m.out = m.out[:0]
		}
		for range 4000 { // the queues get their size
			step()
		}
		packets = 0
		n := testing.AllocsPerRun(4000, step)
		if packets < 4000*burst/2 || n != 0 {
			t.Errorf("%s answered: %v allocations for %d packets", name, n, packets/4001)
		}
	}
}

// TestSilenceIsHeardOut: a question neither ends nor is asked again while
// something that has come in is unread, nor before it has left.
func TestSilenceIsHeardOut(t *testing.T) {
	const long = time.Minute
	for _, retries := range []int{0, 1} {
		timing := Template(3)
		timing.MaxRetries = retries
		p := &Plan{Targets: hosts(1), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}}
		m := machineFor(t, p, timing)
		unread := true
		m.unheard = func(time.Duration) bool { return unread }
		if asks := m.fill(0, idle, 1, nil); len(asks) != 1 {
			t.Fatalf("%d asks", len(asks))
		}
		now := long
		silent := func() bool {
			now += 2 * holdTime
			return len(m.fill(now, idle, 1, nil)) > 0 || len(m.out) > 0
		}
		if silent() {
			t.Errorf("%d retries: silence, but something is unread", retries)
		}
		if at, ok := m.wake(now); !ok || at > now+holdTime {
			t.Errorf("%d retries: looks again at %v (%v)", retries, at, ok)
		}
		unread = false
		if now += 2 * holdTime; len(m.fill(now, 0, 1, nil)) > 0 || len(m.out) > 0 {
			t.Errorf("%d retries: silence, but it has not left", retries)
		}
		if !silent() {
			t.Errorf("%d retries: no silence", retries)
		}
	}
}

// TestDelayCounts: time that asks took to leave is not theirs to be answered in.
func TestDelayCounts(t *testing.T) {
	timing := Template(5)
	timing.MaxRetries = 0
	m := machineFor(t, &Plan{Targets: hosts(1), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}}, timing)
	m.fill(0, idle, 1, nil)
	m.delayed(30 * time.Millisecond)
	if m.fill(timing.FirstWait+29*time.Millisecond, idle, 1, nil); len(m.out) > 0 {
		t.Error("silent before its wait was over")
	}
	if m.fill(timing.FirstWait+30*time.Millisecond, idle, 1, nil); len(m.out) != 1 {
		t.Error("not silent after its wait")
	}
}

// TestTriesAreBounded: however much gets lost, a question has MostTries tries at
// most, the second look of a sweep among them.
func TestTriesAreBounded(t *testing.T) {
	for _, settle := range []Settle{SettleEach, SettleGroup} {
		p := &Plan{Targets: hosts(400), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}, Settle: settle}
		if settle == SettleGroup {
			p.Order = ByBlock
		}
		m := machineFor(t, p, Template(3))
		most := map[uint64]uint8{}
		now := time.Duration(0)
		for n := 0; !m.over && n < 1_000_000; n++ {
			now += 10 * time.Millisecond
			for _, a := range m.fill(now, idle, burst, nil) {
				most[a.number] = max(most[a.number], a.probe.Try)
				// Of 200 hosts each try is answered with a probability of a tenth.
				if a.number < 200 && mix(a.number<<8|uint64(a.probe.Try))%10 == 0 {
					m.answer(now+time.Millisecond, a.probe, synAck(a, now+time.Millisecond))
				}
			}
			m.out = m.out[:0]
		}
		tries := uint8(0)
		for _, n := range most {
			tries = max(tries, n)
		}
		if !m.over || tries != MostTries {
			t.Errorf("%v: over: %v, %d tries at most, want %d", settle, m.over, tries, MostTries)
		}
	}
}
