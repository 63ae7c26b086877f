package scan

import (
	"testing"
	"time"

	"sonde/probe"
)

// TestHostsOwnWait: what is asked of a host is waited for by that host's round
// trips, as it answers lately: neither by those of one far away, nor by what a
// congestion that is over made of them.
func TestHostsOwnWait(t *testing.T) {
	const slow, quick, near = 400 * time.Millisecond, 50 * time.Millisecond, time.Millisecond
	p := &Plan{Targets: hosts(2), Kinds: []probe.Kind{probe.SYN}}
	for port := range uint16(100) {
		p.Asks = append(p.Asks, Ask{Port: port + 1})
	}
	m := machineFor(t, p, Template(3))
	wait := map[uint64]time.Duration{}
	asked := func(host uint64) {
		for i := range p.Len() {
			if p.Group(i) == host {
				wait[host] = m.wait(m.trips(i))
				return
			}
		}
	}
	answered := [2]int{}
	trip := func(host uint64) time.Duration {
		switch answered[host]++; {
		case host == 1:
			return near
		case answered[0] <= 40:
			return slow
		}
		return quick
	}
	asks := m.fill(0, idle, int(p.Len()), nil)
	if asked(0); wait[0] != m.timing.FirstWait {
		t.Errorf("before any answer the wait is %v", wait[0])
	}
	for _, a := range asks {
		at := trip(p.Group(a.number))
		if !m.answer(at, a.probe, synAck(a, at)) {
			t.Fatal("an answer is not accepted")
		}
		if answered == [2]int{40, answered[1]} {
			if asked(0); wait[0] < 2*slow {
				t.Errorf("the host answers after %v and is waited for %v", slow, wait[0])
			}
		}
	}
	asked(0)
	asked(1)
	if wait[0] < 2*quick || wait[0] > 4*quick {
		t.Errorf("a host that answers after %v now is waited for %v", quick, wait[0])
	}
	if wait[1] != shortestWait {
		t.Errorf("a host that answers after %v is waited for %v, want %v", near, wait[1], shortestWait)
	}
	if all := m.wait(&m.rtt[probe.ClassTCP]); all < 2*slow {
		t.Errorf("unknown hosts are waited for %v, one answered after %v", all, slow)
	}
}

// TestPatientWait: in a patient plan quick answers do not shorten the wait, unless the user
// said how long it is at most; of hops they do not then either, and that is the longest.
func TestPatientWait(t *testing.T) {
	for _, timeout := range []time.Duration{0, 300 * time.Millisecond, 5 * time.Second} {
		for _, ttls := range []uint8{0, 30} {
			for _, patient := range []bool{false, true} {
				timing := Template(3)
				timing.Timeout = timeout
				p := &Plan{Targets: hosts(1), Kinds: []probe.Kind{probe.SYN}, Patient: patient, TTLs: ttls}
				for port := range uint16(100) {
					p.Asks = append(p.Asks, Ask{Port: port + 1})
				}
				m := machineFor(t, p, timing)
				for _, a := range m.fill(0, idle, int(p.Len()), nil) {
					m.answer(time.Millisecond, a.probe, synAck(a, time.Millisecond))
				}
				want := shortestWait
				if patient && (timeout == 0 || ttls > 0) {
					want = timing.FirstWait
				}
				if timeout > 0 {
					want = min(want, timeout)
				}
				if got := m.wait(m.trips(0)); got != want {
					t.Errorf("patient %v, timeout %v, %d TTLs: %v, want %v", patient, timeout, ttls, got, want)
				}
			}
		}
	}
}
