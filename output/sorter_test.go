package output

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/report"
)

// TestSorted: what is written of hosts is in the order of their addresses, however they
// come, with those of IPv4 first; of one address in the order in which it came.
func TestSorted(t *testing.T) {
	var addrs []netip.Addr
	for i := range 500 {
		addrs = append(addrs, netip.AddrFrom4([4]byte{10, 77, byte(i >> 8), byte(i)}), netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i)))
	}
	var want strings.Builder
	slices.SortFunc(addrs, netip.Addr.Compare)
	for _, a := range addrs {
		fmt.Fprintln(&want, a)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(addrs), func(i, j int) { addrs[i], addrs[j] = addrs[j], addrs[i] })
	w := format("list").New(Options{})
	b := w.AppendRecord(nil, &report.Scan{Command: "sweep"})
	for _, a := range addrs {
		b = w.AppendRecord(b, &report.Host{Addr: a, Verdict: report.Verdict{State: probe.Up}})
	}
	if len(b) > 0 {
		t.Errorf("written before all hosts are known: %.100q", b)
	}
	if got := string(w.AppendRecord(b, &report.End{})); got != want.String() {
		t.Errorf("%.300s", got)
	}

	var s sorter
	for i := range 100 {
		s.add(web, fmt.Append(nil, i, " "))
	}
	if got := strings.Fields(string(s.appendOver(nil, 0))); !slices.IsSortedFunc(got, func(a, b string) int { return len(a) - len(b) }) || got[99] != "99" {
		t.Error(got)
	}
}

// TestSorterIsBounded: it holds no more than it may, loses nothing, and what it lets go
// is the lowest that it has.
func TestSorterIsBounded(t *testing.T) {
	const room, many = 100_000, 20_000
	var s sorter
	var out []byte
	r := rand.New(rand.NewPCG(3, 4))
	for range many {
		a := netip.AddrFrom4([4]byte{10, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())})
		s.add(a, append(a.AppendTo(nil), '\n'))
		before := len(out)
		if out = s.appendOver(out, room); s.size > room {
			t.Fatalf("%d bytes are held", s.size)
		}
		if len(out) > before && len(s.hosts) > 0 {
			lines := strings.Fields(string(out[before:]))
			if last := netip.MustParseAddr(lines[len(lines)-1]); s.hosts[0].addr.Less(last) {
				t.Fatalf("%v was let go, and %v is held", last, s.hosts[0].addr)
			}
		}
	}
	out = s.appendOver(out, 0)
	if n := strings.Count(string(out), "\n"); n != many || s.size != 0 {
		t.Errorf("%d of %d, %d bytes are held at the end", n, many, s.size)
	}
}
