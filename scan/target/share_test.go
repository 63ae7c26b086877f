package target

import (
	"net/netip"
	"testing"

	"go4.org/netipx"
)

// setOf is the set of networks and of addresses with a zone.
func setOf(t testing.TB, words ...string) *Set {
	t.Helper()
	var ranges []netipx.IPRange
	var zoned []netip.Addr
	for _, w := range words {
		if p, err := netip.ParsePrefix(w); err == nil {
			ranges = append(ranges, netipx.RangeOfPrefix(p))
		} else {
			zoned = append(zoned, netip.MustParseAddr(w))
		}
	}
	s, err := NewSet(ranges, zoned)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestShares: for any number of parties the shares are disjoint, complete and
// equal to one address, even if each party parts the targets in its own way.
func TestShares(t *testing.T) {
	all := setOf(t, "10.0.0.0/26", "10.1.0.7/32", "10.2.0.0/28", "fd00::/122", "fd01::5/128", "fe80::1%a", "fe80::1%b", "fe80::9%a")
	near := [][]*Set{
		{setOf(t, "10.0.0.0/26", "10.1.0.7/32", "10.2.0.0/28"), setOf(t, "fd00::/122", "fd01::5/128", "fe80::1%a", "fe80::1%b", "fe80::9%a")},
		{setOf(t, "10.0.0.16/30", "fe80::1%b"), setOf(t, "10.0.0.0/28", "10.0.0.20/30", "10.0.0.24/29", "10.0.0.32/27", "10.1.0.7/32", "10.2.0.0/28",
			"fd00::/122", "fd01::5/128", "fe80::1%a", "fe80::9%a")},
		{all},
	}
	for n := uint64(1); n <= all.Len()+3; n++ {
		for _, seed := range []uint64{0, 7} {
			asked := map[netip.Addr]uint64{}
			for shard := range n {
				size := uint64(0)
				for _, part := range near[int(shard)%len(near)] {
					s := NewShare(part, all, shard, n, seed)
					size += s.Len()
					for i := range s.Len() {
						a := s.At(i)
						asked[a]++
						if j, ok := s.Index(a); !ok || j != i {
							t.Fatalf("%d of %d: Index(At(%d) = %v) = %d, %v", shard, n, i, a, j, ok)
						}
						if !part.Contains(a) {
							t.Fatalf("%d of %d: %v is not in the part", shard, n, a)
						}
					}
				}
				if least := all.Len() / n; size < least || size > least+1 {
					t.Errorf("%d of %d has %d of %d addresses", shard, n, size, all.Len())
				}
			}
			if uint64(len(asked)) != all.Len() {
				t.Errorf("%d shares have %d of %d addresses", n, len(asked), all.Len())
			}
			for a, times := range asked {
				if times != 1 {
					t.Errorf("%d shares have %v %d times", n, a, times)
				}
			}
		}
	}
}

// TestShareDealsEvenly: networks are not cut in pieces, nor do first addresses
// of networks go to one party.
func TestShareDealsEvenly(t *testing.T) {
	all := setOf(t, "10.0.0.0/16")
	s := NewShare(all, all, 3, 256, 1)
	lasts := map[byte]int{}
	for i := range s.Len() {
		a := s.At(i).As4()
		if i != uint64(a[2]) {
			t.Fatalf("address %d is %v: one of each /24 was expected", i, s.At(i))
		}
		lasts[a[3]]++
	}
	if len(lasts) < 100 {
		t.Errorf("only %d last octets among 256 addresses", len(lasts))
	}
	other := NewShare(all, all, 3, 256, 2)
	same := 0
	for i := range s.Len() {
		if s.At(i) == other.At(i) {
			same++
		}
	}
	if same > 20 {
		t.Errorf("with another seed %d of 256 addresses are the same", same)
	}
}

// TestShareOfMuch: shares of everything are computed, not expanded.
func TestShareOfMuch(t *testing.T) {
	all := setOf(t, "0.0.0.0/0")
	s := NewShare(all, all, 6, 7, 1)
	if s.Len() < 1<<32/7 || s.Len() > 1<<32/7+1 {
		t.Fatal(s.Len())
	}
	i := uint64(0)
	if n := testing.AllocsPerRun(1000, func() {
		if j, ok := s.Index(s.At(i)); !ok || j != i {
			t.Fatalf("Index(At(%d)) = %d, %v", i, j, ok)
		}
		i += 599_999
	}); n != 0 {
		t.Errorf("%v allocations an address", n)
	}
}

func TestShareRefusesOthers(t *testing.T) {
	all := setOf(t, "10.0.0.0/24", "fd00::/120")
	s := NewShare(setOf(t, "10.0.0.0/24"), all, 0, 2, 1)
	for _, text := range []string{"9.9.9.9", "10.0.1.0", "::1", "fd00::1", "255.255.255.255"} {
		if i, ok := s.Index(netip.MustParseAddr(text)); ok {
			t.Errorf("%s has number %d", text, i)
		}
	}
	if _, ok := s.Index(netip.Addr{}); ok {
		t.Error("the zero address has a number")
	}
}
