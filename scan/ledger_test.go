package scan

import (
	"net/netip"
	"testing"
	"time"

	"sonde/probe"
)

// asking is a plan that asks so many hosts for one port.
func asking(hosts Targets, port uint16) *Plan {
	return &Plan{Targets: hosts, Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: port}}}
}

// TestLedger: who asks gets what nobody had for a minute, or else what was longest
// unused of what had another use, and has to wait for the rest, unless that is in use.
func TestLedger(t *testing.T) {
	const s = time.Second
	one, other := asking(hosts(1), 80), asking(hosts(1), 81)
	l := &ledger{block: probe.Ports{First: 61000, N: 100}}
	take := func(now time.Duration, p *Plan, want, need, first, n int, waits time.Duration) *lease {
		t.Helper()
		got, shared, wait := l.take(now, p, want, need)
		switch {
		case wait != waits || shared:
			t.Errorf("at %v: wait %v, want %v; shared %v", now, wait, waits, shared)
		case waits > 0:
		case got.first != first || got.n != n:
			t.Errorf("at %v: %d ports from %d on, want %d from %d", now, got.n, got.first, n, first)
		}
		return got
	}
	end := func(now time.Duration, e *lease) { l.giveBack(now, e) }

	end(1*s, take(0, one, 40, 40, 0, 40, 0))
	end(2*s, take(1*s, other, 40, 40, 40, 40, 0))
	end(3*s, take(2*s, other, 40, 40, 0, 40, 0))                 // what was used towards the other port, though there are 20 free
	end(4*s, take(3*s, one, 20, 20, 80, 20, 0))                  // free
	end(5*s, take(4*s, asking(hosts(1), 82), 20, 20, 40, 20, 0)) // of those in use by others, the longest unused
	take(5*s, one, 50, 50, 0, 0, 1*s+keepApart-5*s)              // both ends were used towards it
	end(6*s, take(5*s, one, 90, 30, 40, 40, 0))                  // fewer will do
	take(6*s, other, 100, 100, 0, 0, 3*s+keepApart-6*s)          // all
	end(70*s, take(69*s, other, 100, 100, 0, 100, 0))            // a minute later
	long := take(140*s, one, 100, 100, 0, 100, 0)
	if got, shared, wait := l.take(141*s, one, 30, 30); got == nil || !shared || wait != 0 {
		t.Errorf("beside a run that has everything: %v, shared %v, wait %v", got, shared, wait)
	}
	end(142*s, long)
	if n := len(l.leases); n != 2 {
		t.Errorf("%d leases are remembered", n)
	}
}

// TestLedgerCompares tells plans apart by targets, ports and protocols.
func TestLedgerCompares(t *testing.T) {
	long := asking(hosts(1<<20), 1)
	for port := range uint16(1000) {
		long.Asks = append(long.Asks, Ask{Port: port + 100})
	}
	udp := asking(hosts(1), 80)
	udp.Kinds = []probe.Kind{probe.UDP}
	for _, tt := range []struct {
		name string
		a, b *Plan
		want bool
	}{
		{"the same", asking(hosts(1), 80), asking(hosts(1), 80), true},
		{"another port", asking(hosts(1), 80), asking(hosts(1), 81), false},
		{"another protocol", asking(hosts(1), 80), udp, false},
		{"another host", asking(hosts(100), 80), asking(beyond{1, 100}, 80), false},
		{"one of many", asking(hosts(1<<20), 80), asking(beyond{1, 100}, 80), true},
		{"overlapping ends", asking(hosts(1<<20), 80), asking(beyond{1 << 20, 1<<20 - 1<<14}, 80), true},
		{"many beside many", asking(hosts(1<<20), 80), asking(beyond{1 << 20, 1 << 20}, 80), false},
		{"one of many ports", long, asking(hosts(1), 500), true},
		{"none of many ports", long, asking(hosts(1), 50), false},
	} {
		if a, b := askedBy(tt.a), askedBy(tt.b); a.meets(b) != tt.want || b.meets(a) != tt.want {
			t.Errorf("%s: they meet: %v, %v, want %v", tt.name, a.meets(b), b.meets(a), tt.want)
		}
	}
}

// beyond are n hosts behind the first so many.
type beyond struct {
	n     hosts
	first uint64
}

func (b beyond) Len() uint64            { return uint64(b.n) }
func (b beyond) At(i uint64) netip.Addr { return b.n.At(i + b.first) }
func (b beyond) Index(a netip.Addr) (uint64, bool) {
	i, ok := hosts(1 << 24).Index(a)
	return i - b.first, ok && i >= b.first && i < b.first+uint64(b.n)
}
