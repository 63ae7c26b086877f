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
