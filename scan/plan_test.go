package scan_test

import (
	"net/netip"
	"sync"
	"testing"

	"go4.org/netipx"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/target"
)

func targets(t testing.TB, words ...string) *target.Set {
	t.Helper()
	var ranges []netipx.IPRange
	for _, w := range words {
		ranges = append(ranges, netipx.RangeOfPrefix(netip.MustParsePrefix(w)))
	}
	s, err := target.NewSet(ranges, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func asks(kind uint8, ports ...uint16) []scan.Ask {
	var a []scan.Ask
	for _, p := range ports {
		a = append(a, scan.Ask{Kind: kind, Port: p})
	}
	return a
}

// TestPlanUses is the table of what a plan must be able to say.
func TestPlanUses(t *testing.T) {
	crafts := make([]probe.Craft, 6)
	tests := []struct {
		name  string
		plan  scan.Plan
		n     uint64
		check func(t *testing.T, p *scan.Plan, all []probe.Probe)
	}{
		{"sweep with several kinds per host", scan.Plan{
			Targets: targets(t, "10.0.0.0/24", "fd00::/120"), Kinds: []probe.Kind{probe.Echo, probe.SYN, probe.ACK},
			Asks: []scan.Ask{{Kind: 0}, {Kind: 1, Port: 443}, {Kind: 2, Port: 80}}, Settle: scan.SettleGroup, Order: scan.ByBlock,
		}, 3 * 512, func(t *testing.T, p *scan.Plan, all []probe.Probe) {
			for i, q := range all {
				if int(q.Kind) != i/512 {
					t.Fatalf("question %d has kind %d: kinds follow each other in passes", i, q.Kind)
				}
			}
		}},
		{"ports × targets", scan.Plan{
			Targets: targets(t, "10.0.0.0/28"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 22, 80, 443),
		}, 48, func(t *testing.T, p *scan.Plan, all []probe.Probe) {
			runs := 0
			for i := 1; i < len(all); i++ {
				if all[i].Target == all[i-1].Target {
					runs++
				}
			}
			if runs > 12 {
				t.Errorf("%d neighbours of 48 ask the same host: not shuffled", runs)
			}
		}},
		{"UDP payloads by port", scan.Plan{
			Targets: targets(t, "10.0.0.1/32", "fd00::1/128"), Kinds: []probe.Kind{probe.UDP}, Asks: asks(0, 53, 123, 161),
		}, 6, nil},
		{"trace: TTL × flow", scan.Plan{
			Targets: targets(t, "10.0.0.1/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80), TTLs: 30, Flows: 4, KeepFlow: true,
		}, 120, func(t *testing.T, p *scan.Plan, all []probe.Probe) {
			for _, q := range all {
				if q.TTL < 1 || q.TTL > 30 || q.Flow > 3 {
					t.Fatalf("%+v", q)
				}
			}
		}},
		{"trial: variant × repetition", scan.Plan{
			Targets: targets(t, "10.0.0.1/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 21), Variants: 6, Craft: crafts, Reps: 200,
			Settle: scan.SettleNever, Order: scan.ByBlock,
		}, 1200, func(t *testing.T, p *scan.Plan, all []probe.Probe) {
			same := true
			for i, q := range all {
				if int(q.Rep) != i/6 {
					t.Fatalf("question %d is of repetition %d: variants are interleaved", i, q.Rep)
				}
				same = same && q.Variant == all[i%6].Variant
			}
			if same {
				t.Error("every repetition asks the variants in the same order")
			}
		}},
		{"-c repeats", scan.Plan{
			Targets: targets(t, "10.0.0.0/30"), Kinds: []probe.Kind{probe.Echo}, Asks: asks(0, 0), Reps: 5, Settle: scan.SettleNever, Order: scan.ByBlock,
		}, 20, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, seed := range []uint64{0, 7} {
				p := tt.plan
				p.Seed = seed
				if err := p.Compile(); err != nil {
					t.Fatal(err)
				}
				if p.Len() != tt.n {
					t.Fatalf("%d questions, want %d", p.Len(), tt.n)
				}
				all := allOf(t, &p)
				if tt.check != nil {
					tt.check(t, &p, all)
				}
			}
		})
	}
}

// allOf walks a plan and checks that At and Index are inverse, that nothing is
// asked twice, and that Group is the host.
func allOf(t *testing.T, p *scan.Plan) []probe.Probe {
	t.Helper()
	seen := map[probe.Probe]bool{}
	var all []probe.Probe
	for i := range p.Len() {
		q := p.At(i)
		if seen[q] {
			t.Fatalf("%+v is asked twice", q)
		}
		seen[q] = true
		all = append(all, q)
		tried := q
		tried.Try, tried.Way = 3, 1
		if j, ok := p.Index(tried); !ok || j != i {
			t.Fatalf("Index(At(%d)) = %d, %v", i, j, ok)
		}
		if a := p.Targets.At(p.Group(i)); a != q.Target {
			t.Fatalf("Group(%d) is %v, not %v", i, a, q.Target)
		}
	}
	return all
}

// TestPlanShards is the seventh use: shards are disjoint, complete and equal,
// and the same seed gives the same order again, which resuming rests on.
func TestPlanShards(t *testing.T) {
	for _, settle := range []scan.Settle{scan.SettleEach, scan.SettleGroup} {
		for _, n := range []uint64{1, 2, 3, 7, 300} {
			whole := map[probe.Probe]int{}
			least, most := uint64(1<<62), uint64(0)
			for i := range n {
				p := scan.Plan{Targets: targets(t, "10.0.0.0/25"), Kinds: []probe.Kind{probe.Echo, probe.SYN},
					Asks: []scan.Ask{{Kind: 0}, {Kind: 1, Port: 443}}, Settle: settle, Order: scan.Order(settle), Seed: 9, Shard: i, Shards: n}
				if err := p.Compile(); err != nil {
					t.Fatal(err)
				}
				least, most = min(least, p.Len()), max(most, p.Len())
				for _, q := range allOf(t, &p) {
					whole[q]++
				}
			}
			if len(whole) != 256 {
				t.Errorf("settle %d, %d shards ask %d of 256", settle, n, len(whole))
			}
			for q, times := range whole {
				if times != 1 {
					t.Errorf("%d shards ask %v %d times", n, q, times)
				}
			}
			if most-least > 2 {
				t.Errorf("%d shards have between %d and %d questions", n, least, most)
			}
		}
	}
}

func TestPlanRefusesWhatItDoesNotAsk(t *testing.T) {
	p := scan.Plan{Targets: targets(t, "10.0.0.0/24"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80, 443)}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	good := p.At(0)
	for name, change := range map[string]func(*probe.Probe){
		"address":    func(q *probe.Probe) { q.Target = netip.MustParseAddr("10.0.1.1") },
		"family":     func(q *probe.Probe) { q.Target = netip.MustParseAddr("::1") },
		"port":       func(q *probe.Probe) { q.Port = 81 },
		"high port":  func(q *probe.Probe) { q.Port = 65535 },
		"kind":       func(q *probe.Probe) { q.Kind = 1 },
		"variant":    func(q *probe.Probe) { q.Variant = 1 },
		"flow":       func(q *probe.Probe) { q.Flow = 1 },
		"repetition": func(q *probe.Probe) { q.Rep = 1 },
	} {
		q := good
		change(&q)
		if i, ok := p.Index(q); ok {
			t.Errorf("another %s has number %d", name, i)
		}
	}
}

func TestPlanOfEverythingIsCheap(t *testing.T) {
	p := scan.Plan{Targets: targets(t, "0.0.0.0/0"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80, 443)}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	if p.Len() != 2<<32 {
		t.Fatal(p.Len())
	}
	i := uint64(0)
	if n := testing.AllocsPerRun(1000, func() {
		q := p.At(i)
		if j, ok := p.Index(q); !ok || j != i {
			t.Fatal("not inverse")
		}
		i += 7_919_777
	}); n != 0 {
		t.Errorf("%v allocations a question", n)
	}
}

func FuzzPlanInverse(f *testing.F) {
	f.Add(uint16(5), uint8(3), uint8(2), uint8(2), uint64(1), uint8(2), uint8(1))
	f.Fuzz(func(t *testing.T, hosts uint16, ports, ttls, reps uint8, seed uint64, shards, shard uint8) {
		s, err := target.NewSet([]netipx.IPRange{netipx.IPRangeFrom(netip.MustParseAddr("10.0.0.0"), netip.AddrFrom4([4]byte{10, 0, byte(hosts >> 8), byte(hosts)}))}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := scan.Plan{Targets: s, Kinds: []probe.Kind{probe.SYN}, TTLs: ttls, Reps: uint32(reps), Seed: seed, Shard: uint64(shard), Shards: uint64(shards)}
		for i := range max(ports, 1) {
			p.Asks = append(p.Asks, scan.Ask{Port: uint16(i)*257 + 1})
		}
		if p.Compile() != nil {
			return
		}
		for i := uint64(0); i < p.Len(); i += 1 + p.Len()/100 {
			if j, ok := p.Index(p.At(i)); !ok || i != j {
				t.Fatalf("Index(At(%d)) = %d, %v", i, j, ok)
			}
		}
	})
}

// TestCompileAgain: a plan that is compiled already may be looked at while it is run,
// which compiles it again. The race detector sees whether it is touched.
func TestCompileAgain(t *testing.T) {
	p := scan.Plan{Targets: targets(t, "10.0.0.0/24"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80, 443)}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.Compile(); err != nil {
			t.Error(err)
		}
	})
	for i := range p.Len() {
		if k, ok := p.Index(p.At(i)); !ok || k != i {
			t.Errorf("question %d has number %d", i, k)
		}
	}
	wg.Wait()
}

// TestPlanByHosts: all questions to some hosts come before those to others, in every
// shard; groups are from all over the targets, and say whose they are.
func TestPlanByHosts(t *testing.T) {
	const hosts, ports = 2*scan.HostsTogether + 100, 3
	set, err := target.NewSet([]netipx.IPRange{netipx.IPRangeFrom(netip.MustParseAddr("10.0.0.0"), netip.MustParseAddr("10.0.16.99"))}, nil)
	if err != nil || set.Len() != hosts {
		t.Fatal(set.Len(), err)
	}
	for _, shards := range []uint64{1, 3} {
		whole := map[probe.Probe]int{}
		for shard := range shards {
			p := scan.Plan{Targets: set, Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 22, 80, 443), Order: scan.ByHosts, Seed: 4, Shard: shard, Shards: shards}
			if err := p.Compile(); err != nil {
				t.Fatal(err)
			}
			last, low, runs := uint64(0), 0, 0
			all := allOf(t, &p)
			for i, q := range all {
				whole[q]++
				g, ok := p.HostGroup(q.Target)
				if !ok || g < last || g > 2 {
					t.Fatalf("question %d is of group %d, after one of group %d", i, g, last)
				}
				last = g
				if i < scan.HostsTogether/2 && q.Target.Less(netip.MustParseAddr("10.0.8.0")) {
					low++
				}
				if i > 0 && all[i-1].Target == q.Target {
					runs++
				}
			}
			if share := float64(low) / (scan.HostsTogether / 2); share < 0.4 || share > 0.6 {
				t.Errorf("%.2f of the first questions are to the lower half of the targets", share)
			}
			if runs > len(all)/500 {
				t.Errorf("%d of %d questions are to the host of the one before", runs, len(all))
			}
		}
		if len(whole) != hosts*ports {
			t.Errorf("%d shards ask %d of %d questions", shards, len(whole), hosts*ports)
		}
		for q, n := range whole {
			if n != 1 {
				t.Fatalf("%d shards ask %v %d times", shards, q, n)
			}
		}
	}
}
