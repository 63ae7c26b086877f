package scan

import (
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// BenchmarkMachine is what deciding costs for each packet, in the middle of a
// plan: answered at once, and silent, where tries and the end of the wait are part
// of it.
func BenchmarkMachine(b *testing.B) {
	for _, answered := range []bool{true, false} {
		name := "silent"
		if answered {
			name = "answered"
		}
		b.Run(name, func(b *testing.B) {
			m, asks, now := (*machine)(nil), make([]attempt, 0, burst), time.Duration(0)
			r := new(probe.Reply)
			step := func() int {
				if m == nil || m.over {
					m = benchedMachine(b)
				}
				now += time.Millisecond
				asks = m.fill(now, idle, burst, asks[:0])
				for i := range asks {
					if a := &asks[i]; answered {
						*r = probe.Reply{Event: probe.Answer, From: a.probe.Target, Try: a.probe.Try, At: now, TCP: wire.TCP{Flags: wire.SYN | wire.ACK}}
						m.answer(now, a.probe, r)
					}
				}
				m.out = m.out[:0]
				return len(asks)
			}
			for range 4000 { // the queues get their size
				step()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				n += step()
			}
		})
	}
}

func benchedMachine(b *testing.B) *machine {
	p := &Plan{Targets: hosts(1 << 24), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}}
	if err := p.Compile(); err != nil {
		b.Fatal(err)
	}
	return newMachine(p, Template(3), newPacer(Template(3)))
}

// BenchmarkPlan computes the questions of a plan of a /8, in their order, and the
// other way round.
func BenchmarkPlan(b *testing.B) {
	p := &Plan{Targets: hosts(1 << 24), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}, {Port: 443}}, Seed: 1}
	if err := p.Compile(); err != nil {
		b.Fatal(err)
	}
	b.Run("At", func(b *testing.B) {
		b.ReportAllocs()
		for i := uint64(0); b.Loop(); i++ {
			p.At(i % p.Len())
		}
	})
	b.Run("Index", func(b *testing.B) {
		q := p.At(7_919_777)
		b.ReportAllocs()
		for b.Loop() {
			if i, ok := p.Index(q); !ok || i != 7_919_777 {
				b.Fatal(i, ok)
			}
		}
	})
	b.Run("shuffle", func(b *testing.B) {
		s := newShuffle(1<<24+1, 1) // one more, so that it walks
		b.ReportAllocs()
		for i := uint64(0); b.Loop(); i++ {
			s.at(i%s.n, 0)
		}
	})
}
