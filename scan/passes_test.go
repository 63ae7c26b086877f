package scan

import (
	"testing"
	"time"

	"sonde/probe"
)

// TestRestOfALargePlan: a plan costs memory and time by what of it was asked, and what
// was not has no result.
func TestRestOfALargePlan(t *testing.T) {
	for _, omit := range []bool{false, true} {
		asks := make([]Ask, 65535)
		for i := range asks {
			asks[i].Port = uint16(i + 1)
		}
		p := &Plan{Targets: hosts(1 << 24), Kinds: []probe.Kind{probe.SYN}, Asks: asks, Seed: 3, OmitSilence: omit}
		m := machineFor(t, p, Template(5))
		const asked = 5000
		var list []attempt
		for now := time.Duration(0); len(list) < asked && now < time.Second/50; now += time.Millisecond {
			list = m.fill(now, idle, asked, list)
		}
		for _, a := range list[:1000] {
			m.answer(time.Second/20, a.probe, synAck(a, time.Second/20))
		}
		got := len(m.out)
		m.out = m.out[:0]
		began := time.Now()
		for more := true; more; {
			more = m.remaining(true, 64)
			for i := range m.out {
				if m.out[i].Number >= asked {
					t.Fatalf("question %d was not asked, and has a result", m.out[i].Number)
				}
			}
			got += len(m.out)
			m.out = m.out[:0]
		}
		if got != asked {
			t.Errorf("%d results of %d questions that were asked", got, asked)
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("it took %v", d)
		}
	}
}

// TestPassOver: settled questions are passed over by words, and silence that is only
// counted is counted; at edges that are no words' as well.
func TestPassOver(t *testing.T) {
	for _, n := range []uint32{63, 64, 65, 300, 1000} {
		for _, omit := range []bool{false, true} {
			p := &Plan{Targets: hosts(n), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}, OmitSilence: omit}
			m := machineFor(t, p, Template(3))
			m.timing.MaxRetries = 0
			m.tries.perPass = 1
			list := m.fill(0, idle, int(n), nil)
			answered := 0
			for _, a := range list {
				if a.number < 200 || a.number%7 == 0 {
					m.answer(time.Millisecond, a.probe, synAck(a, time.Millisecond))
					answered++
				}
			}
			for now := time.Duration(0); !m.over && now < time.Minute; now += 100 * time.Millisecond {
				m.fill(now, idle, 10, nil)
			}
			for m.remaining(false, 1<<20) {
				continue
			}
			silent, counted := len(m.out)-answered, m.counts.omitted
			if !omit && (silent != int(n)-answered || counted != 0) || omit && (silent != 0 || counted != uint64(int(n)-answered)) {
				t.Errorf("%d questions, %d answered, omit %v: %d silent ones handed out, %d counted", n, answered, omit, silent, counted)
			}
		}
	}
}

// TestBitmap: a set is as it should be across blocks, and blocks cost nothing before
// something is in them.
func TestBitmap(t *testing.T) {
	b := newBitmap(3*blockBits + 5)
	for _, i := range []uint64{0, 63, 64, blockBits - 1, blockBits, 3*blockBits + 4} {
		if b.unset(i); b.has(i) {
			t.Errorf("%d is in an empty set", i)
		}
		if b.set(i); !b.has(i) || b.has(i+1) && i != 63 && i != blockBits-1 {
			t.Errorf("%d is not in the set, or the next is", i)
		}
	}
	if b[2] != nil || b.full(3*blockBits+5) {
		t.Error("a block is there that nothing is in")
	}
	if b.unset(64); b.has(64) {
		t.Error("64 is still there")
	}
	small := newBitmap(65)
	for i := range uint64(65) {
		if small.full(65) {
			t.Errorf("full with %d", i)
		}
		small.set(i)
	}
	if !small.full(65) {
		t.Error("not full")
	}
}
