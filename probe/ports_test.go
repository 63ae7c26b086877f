package probe_test

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"sonde/probe"
)

// TestPortsInverse picks blocks and questions at random: as long as no later
// question has the same port, the port tells which one it was.
func TestPortsInverse(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		b := probe.Ports{First: uint16(1 + rng.IntN(60000)), Tries: uint16(1 + rng.IntN(15)),
			Variants: uint16(1 + rng.IntN(8)), Flows: uint16(1 + rng.IntN(4)), TTLs: uint8(rng.IntN(6)), LatestRep: uint32(rng.IntN(300))}
		ttls := uint64(max(b.TTLs, 1))
		per := uint64(b.Tries) * ttls * uint64(b.Variants) * uint64(b.Flows)
		b.N = uint16(1 + rng.IntN(5000))
		if rng.IntN(4) == 0 {
			b.N = uint16(per) // a block for exactly one repetition
		}
		last := (uint64(b.LatestRep)+1)*per - 1
		p := probe.Probe{Try: uint8(1 + rng.IntN(int(b.Tries))), Variant: uint16(rng.IntN(int(b.Variants))),
			Flow: uint16(rng.IntN(int(b.Flows))), Rep: uint32(rng.IntN(int(b.LatestRep) + 1))}
		if b.TTLs > 0 {
			p.TTL = uint8(1 + rng.IntN(int(b.TTLs)))
		}
		port := b.Of(p)
		if !b.Has(port) {
			t.Fatalf("%+v: port %d is not in the block", b, port)
		}
		// Variants change places: this is the first of these.
		i := (uint64(p.Rep)*uint64(b.Variants)*uint64(b.Flows)+uint64(p.Flow))*ttls + uint64(max(p.TTL, 1)-1)
		i = i*uint64(b.Tries) + uint64(p.Try) - 1
		var got probe.Probe
		if !b.Into(port, &got) {
			t.Fatalf("%+v: port %d is not its own", b, port)
		}
		if i+uint64(b.N) > last && got != p {
			t.Fatalf("%+v: port %d of %+v is read as %+v", b, port, p, got)
		}
		if b.Of(got) != port {
			t.Fatalf("%+v: port %d is read as %+v, whose port is %d", b, port, got, b.Of(got))
		}
	}
}

// TestVariantsChangePlaces: no variant has ports of its own, whichever of them somebody
// picks: by what is left of a division, or by the sum of the digits.
func TestVariantsChangePlaces(t *testing.T) {
	for _, variants := range []uint16{2, 3, 4, 6} {
		b := probe.Ports{First: 61000, N: 4000, Tries: 1, Variants: variants, Flows: 1, TTLs: 5}
		picks := map[string]func(port uint16) bool{"every second": func(p uint16) bool { return p%2 == 0 },
			"every third": func(p uint16) bool { return p%3 == 0 }, "every fourth": func(p uint16) bool { return p%4 == 0 },
			"odd parity": func(p uint16) bool { return bits.OnesCount16(p)%2 == 1 }}
		for name, pick := range picks {
			all := 0
			picked := make([]int, variants)
			const reps = 3000
			for rep := range uint32(reps) {
				for v := range variants {
					if pick(b.Of(probe.Probe{Rep: rep, Variant: v, TTL: 2, Try: 1})) {
						picked[v]++
						all++
					}
				}
			}
			for v, n := range picked {
				mean := float64(all) / float64(variants)
				if d := math.Abs(float64(n) - mean); d > 5*math.Sqrt(mean) {
					t.Errorf("%d variants, %s: variant %d has %d of %d such ports in %d repetitions", variants, name, v, n, all, reps)
				}
			}
		}
	}
}

func TestPortsSpecial(t *testing.T) {
	fixed := probe.Ports{First: 53, N: 1, Fixed: true, Tries: 15, Variants: 3, Flows: 2}
	flows := probe.Ports{First: 61000, N: 4, KeepFlow: true, Tries: 15, Variants: 1, Flows: 4}
	for try := uint8(1); try <= 15; try++ {
		if port := fixed.Of(probe.Probe{Try: try, Variant: 2, Flow: 1, Rep: 9}); port != 53 {
			t.Errorf("fixed: %d", port)
		}
		if port := flows.Of(probe.Probe{Try: try, Flow: 3}); port != 61003 {
			t.Errorf("flow 3, try %d: %d", try, port)
		}
	}
	var p probe.Probe
	if !fixed.Into(53, &p) || p.Try != 0 {
		t.Errorf("a fixed port tells %+v", p)
	}
	if !flows.Into(61002, &p) || p.Flow != 2 || p.Try != 0 {
		t.Errorf("a flow's port tells %+v", p)
	}
	for _, b := range []probe.Ports{fixed, flows, {First: 61000, N: 15, Tries: 15, Variants: 1, Flows: 1}, {}} {
		for _, port := range []uint16{0, b.First - 1, b.First + b.N, 65535} {
			if b.Into(port, &p) || b.Has(port) {
				t.Errorf("%+v has port %d", b, port)
			}
		}
	}
}
