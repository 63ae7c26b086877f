package target

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"go4.org/netipx"
)

// slowSet is what Set means, done the obvious way.
type slowSet []netip.Addr

func newSlowSet(ranges []netipx.IPRange, zoned []netip.Addr, exclude []netip.Addr) slowSet {
	in := map[netip.Addr]bool{}
	for _, r := range ranges {
		for a := r.From(); ; a = a.Next() {
			in[a] = true
			if a == r.To() {
				break
			}
		}
	}
	for _, a := range zoned {
		in[a] = true
	}
	var out slowSet
	for a := range in {
		if !slices.Contains(exclude, a) && !slices.Contains(exclude, a.WithZone("")) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b netip.Addr) int {
		if (a.Zone() == "") != (b.Zone() == "") {
			return len(a.Zone()) - len(b.Zone())
		}
		return a.Compare(b)
	})
	return out
}

// TestSetAgainstSlow compares Set with slowSet on random overlapping ranges near
// the edges where carries and families meet.
func TestSetAgainstSlow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	bases := []netip.Addr{
		netip.MustParseAddr("0.0.0.0"), netip.MustParseAddr("10.0.0.250"), netip.MustParseAddr("255.255.255.200"),
		netip.MustParseAddr("::"), netip.MustParseAddr("2001:db8::ffff:ffff:ffff:fff0"), netip.MustParseAddr("fe80::"),
		netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffc0"),
	}
	zones := []string{"eth0", "eth1", "br-lan"}
	pick := func() netip.Addr { return add(bases[rng.IntN(len(bases))], uint64(rng.IntN(20))) }
	for round := range 2000 {
		var ranges []netipx.IPRange
		var zoned, exclude []netip.Addr
		for range rng.IntN(6) {
			a := pick()
			ranges = append(ranges, netipx.IPRangeFrom(a, add(a, uint64(rng.IntN(25)))))
		}
		for range rng.IntN(4) {
			zoned = append(zoned, add(bases[5], uint64(rng.IntN(4))).WithZone(zones[rng.IntN(3)]))
		}
		var exRanges []netipx.IPRange
		var exZoned []netip.Addr
		for range rng.IntN(3) {
			a := pick()
			if a.Is6() && rng.IntN(2) == 0 {
				a = a.WithZone("eth0")
				exZoned = append(exZoned, a)
			} else {
				exRanges = append(exRanges, netipx.IPRangeFrom(a, a))
			}
			exclude = append(exclude, a)
		}
		ex, err := NewSet(exRanges, exZoned)
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewSet(ranges, zoned, ex)
		if err != nil {
			t.Fatal(err)
		}
		slow := newSlowSet(ranges, zoned, exclude)
		if s.Len() != uint64(len(slow)) {
			t.Fatalf("round %d: Len %d, want %d", round, s.Len(), len(slow))
		}
		for i, want := range slow {
			if got := s.At(uint64(i)); got != want {
				t.Fatalf("round %d: At(%d) = %v, want %v", round, i, got, want)
			}
		}
		for range 40 {
			a := pick()
			if a.Is6() && rng.IntN(2) == 0 {
				a = a.WithZone(zones[rng.IntN(3)])
			}
			// The exact address; else one with another spelling of the zone.
			want := slices.Index(slow, a)
			if want < 0 && a.Zone() != "" {
				want = slices.Index(slow, a.WithZone(""))
			}
			var same []int
			for i, b := range slow {
				if a.Zone() == "" && b.WithZone("") == a {
					same = append(same, i)
				}
			}
			if want < 0 && len(same) == 1 {
				want = same[0]
			}
			got, ok := s.Index(a)
			if ok != (want >= 0) || ok && got != uint64(want) {
				t.Fatalf("round %d: Index(%v) = %d, %v, want %d of %v", round, a, got, ok, want, slow)
			}
			if got := s.Contains(a); got != (want >= 0 || len(same) > 0) {
				t.Fatalf("round %d: Contains(%v) = %v in %v", round, a, got, slow)
			}
		}
	}
}

func TestSetIsNeverExpanded(t *testing.T) {
	all, err := NewSet([]netipx.IPRange{netipx.MustParseIPRange("0.0.0.0-255.255.255.255"), netipx.MustParseIPRange("2001:db8::-2001:db8::7fff:ffff:ffff:ffff")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all.v4)+len(all.v6) != 2 || all.Len() != 1<<32+1<<63 {
		t.Fatalf("%d spans, %d addresses", len(all.v4)+len(all.v6), all.Len())
	}
	for i, want := range map[uint64]string{
		0: "0.0.0.0", 1<<32 - 1: "255.255.255.255", 1 << 32: "2001:db8::", 1<<32 + 1<<63 - 1: "2001:db8::7fff:ffff:ffff:ffff",
	} {
		if got := all.At(i).String(); got != want {
			t.Errorf("At(%d) = %s, want %s", i, got, want)
		}
		if got, ok := all.Index(netip.MustParseAddr(want)); !ok || got != i {
			t.Errorf("Index(%s) = %d, %v, want %d", want, got, ok, i)
		}
	}
	if i, ok := all.Index(netip.MustParseAddr("::ffff:0.0.0.5")); !ok || i != 5 {
		t.Errorf("a mapped address has index %d, %v, want 5", i, ok)
	}
	if _, err := NewSet([]netipx.IPRange{netipx.MustParseIPRange("::-::ffff:ffff:ffff:ffff")}, nil); err != ErrTooMany {
		t.Errorf("2^64 addresses: error %v", err)
	}
	if _, err := NewSet([]netipx.IPRange{netipx.MustParseIPRange("::-::ffff:ffff:ffff:fffe"), netipx.MustParseIPRange("10.0.0.0-10.0.0.9")}, nil); err != ErrTooMany {
		t.Errorf("2^64+9 addresses: error %v", err)
	}
}

func TestSetZero(t *testing.T) {
	var s *Set
	if _, ok := s.Index(netip.MustParseAddr("10.0.0.1")); ok || s.Len() != 0 || s.Contains(netip.Addr{}) || s.Ranges() != nil {
		t.Error("the nil set is not empty")
	}
	defer func() {
		if recover() == nil {
			t.Error("At beyond Len did not panic")
		}
	}()
	s.At(0)
}

func TestSetDoesNotAllocate(t *testing.T) {
	var ranges []netipx.IPRange
	for i := range 1000 {
		a := add(netip.MustParseAddr("10.0.0.0"), uint64(i)*7)
		ranges = append(ranges, netipx.IPRangeFrom(a, add(a, 3)))
	}
	s, err := NewSet(ranges, []netip.Addr{netip.MustParseAddr("fe80::1%eth0")})
	if err != nil {
		t.Fatal(err)
	}
	var i uint64
	if n := testing.AllocsPerRun(1000, func() {
		a := s.At(i % s.Len())
		if j, ok := s.Index(a); !ok || j != i%s.Len() {
			panic(fmt.Sprint(i, a, j, ok))
		}
		s.Contains(a)
		i += 41
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSetAtIndex(b *testing.B) {
	var ranges []netipx.IPRange
	for i := range 65536 {
		a := add(netip.MustParseAddr("10.0.0.0"), uint64(i)*256)
		ranges = append(ranges, netipx.IPRangeFrom(a, a))
	}
	s, err := NewSet(ranges, nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range b.N {
		s.Index(s.At(uint64(i) * 7919 % s.Len()))
	}
}
