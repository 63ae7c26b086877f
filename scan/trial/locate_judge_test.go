package trial

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"

	"sonde/probe"
)

var (
	none   = fate{}
	expiry = fate{expired, probe.TimeExceeded}
	reset  = fate{reached, probe.Reset}
)

// TestBetIsFair: whatever the number of pairs, a stake on them is expected to be kept where
// both sides win alike: that makes the growth of a stake a proof.
func TestBetIsFair(t *testing.T) {
	for n := range 40 {
		sum, ways := 0.0, 1.0
		for a := 0; a <= n; a++ {
			sum += ways * math.Pow(0.5, float64(n)) * bet(a, n-a)
			ways = ways * float64(n-a) / float64(a+1)
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%d pairs: a stake becomes %v", n, sum)
		}
	}
}

// TestOddsByChance looks after each of many pairs of five hops that do not differ: P below
// 0.01 comes in one of a hundred searches at most.
func TestOddsByChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 14))
	fates := []fate{none, expiry, reset, {refused, probe.AdminProhibited}}
	const searches = 2000
	wrong := 0
	for range searches {
		hops := make([]*hopPairs, 5)
		for i := range hops {
			hops[i] = &hopPairs{before: 1}
		}
		var o odds
		for range 60 {
			for _, h := range hops {
				h.add([2]fate{fates[rng.IntN(len(fates))], fates[rng.IntN(len(fates))]})
			}
			o.look(hops)
		}
		if o.p() <= 0.01 {
			wrong++
		}
	}
	t.Logf("%d of %d", wrong, searches)
	if wrong > searches/100+13 { // three standard deviations more
		t.Errorf("%d of %d searches saw a difference where there is none", wrong, searches)
	}
}

// told makes hops of how many pairs both were heard, only the guilty one, and only the
// innocent one.
func told(counts ...[3]int) (hops []*hopPairs) {
	for i, c := range counts {
		h := &hopPairs{ttl: uint8(i) + 1, before: 1}
		for k, pair := range [][2]fate{{expiry, expiry}, {expiry, none}, {none, expiry}} {
			for range c[k] {
				h.add(pair)
				h.hear(guilty, pair[guilty], netip.Addr{})
				h.hear(innocent, pair[innocent], netip.Addr{})
			}
		}
		hops = append(hops, h)
	}
	return hops
}

// TestJudge is a table of what hops have told, and what that comes to.
func TestJudge(t *testing.T) {
	silent := [3]int{}
	for _, test := range []struct {
		name string
		hops []*hopPairs
		want judged
	}{
		{"all lost behind the second", told([3]int{12, 0, 0}, [3]int{12, 0, 0}, [3]int{0, 0, 14}, [3]int{0, 0, 14}), judged{true, true, 1, 2}},
		{"all lost at once", told([3]int{0, 0, 14}, [3]int{0, 0, 14}), judged{true, true, -1, 0}},
		{"a silent hop before", told([3]int{12, 0, 0}, silent, [3]int{0, 0, 14}, [3]int{0, 0, 14}), judged{true, true, 0, 2}},
		{"all silent but the last", told(silent, silent, [3]int{0, 0, 16}), judged{true, true, -1, 2}},
		{"three in ten", told([3]int{40, 0, 0}, [3]int{40, 0, 0}, [3]int{28, 0, 12}, [3]int{27, 0, 13}), judged{true, true, 1, 2}},
		{"three in ten, and coins at a hop that limits", told([3]int{20, 11, 9}, [3]int{40, 4, 4}, [3]int{28, 0, 12}, [3]int{25, 0, 15}), judged{true, true, 1, 2}},
		{"a second rule that is heavier", told([3]int{40, 0, 0}, [3]int{28, 0, 12}, [3]int{26, 0, 14}, [3]int{4, 0, 36}), judged{true, true, 0, 1}},
		{"too few", told([3]int{4, 0, 0}, [3]int{0, 0, 4}), judged{false, false, 0, -1}},
		{"too few at one hop", told([3]int{12, 0, 0}, [3]int{1, 1, 1}, [3]int{0, 0, 14}, [3]int{1, 0, 16}), judged{true, false, 0, 2}},
		{"nothing", told([3]int{40, 0, 0}, [3]int{40, 0, 0}), judged{false, true, 1, -1}},
		{"nothing, with coins", told([3]int{10, 10, 10}, [3]int{60, 2, 1}), judged{false, true, 1, -1}},
		{"nothing, by too few", told([3]int{40, 0, 0}, [3]int{10, 0, 0}), judged{false, false, 0, -1}},
		{"nobody", told(silent, silent), judged{false, false, -1, -1}},
		{"a hop that only the guilty do not hear of, though they pass", told([3]int{60, 0, 0}, [3]int{0, 0, 14}, [3]int{90, 0, 0}, [3]int{90, 0, 0}), judged{false, true, 3, -1}},
	} {
		var o odds
		o.look(test.hops)
		got := judge(test.hops, o.p())
		if got.found != test.want.found || got.settled != test.want.settled || got.near != test.want.near && got.found || got.far != test.want.far && got.found {
			t.Errorf("%s: %+v, P %.2g, likely %.3f", test.name, got, o.p(), begins(heardOf(test.hops)))
		}
	}
}

// TestPace: a hop is asked as slowly as it answers, and no slower where it is loss.
func TestPace(t *testing.T) {
	all, no, one, other := [2]fate{expiry, expiry}, [2]fate{}, [2]fate{expiry, none}, [2]fate{none, expiry}
	for _, test := range []struct {
		name   string
		pairs  [][2]fate
		stride int
		free   bool
		counts int
	}{
		{"all answered", [][2]fate{all, all, all, all, all, all, all, all}, 1, false, 8},
		{"half is lost", [][2]fate{one, other, no, all, one, no, all, other}, 1, true, 0},
		{"all lost of one", [][2]fate{one, one, one, one, one, one, one, one}, 1, false, 8},
		{"a burst, and then few", [][2]fate{all, all, all, no, one, no, no, no, no, no, other, no}, 8, false, 12},
		{"a burst of one, and then few", [][2]fate{one, one, one, one, one, no, no, no, no, no, one, no}, 4, false, 12},
		{"silent", [][2]fate{no, no, no, no, no, no, no, no, no, no, no, no}, 8, false, 12},
	} {
		p, counts := pace{stride: 1}, 0
		for n, pair := range test.pairs {
			counts += len(p.add(n, pair, n))
		}
		if p.stride != test.stride || p.free != test.free || counts != test.counts {
			t.Errorf("%s: %+v, %d pairs count", test.name, p, counts)
		}
	}
}
