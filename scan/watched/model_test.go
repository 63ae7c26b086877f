package watched

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

func addr(s string) netip.Addr {
	if s == "" || s == "*" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

var targets = [...]netip.Addr{netip.MustParseAddr("10.9.0.9"), netip.MustParseAddr("fd00::9")}

// put adds a round to m: who answered by TTL, "*" nobody; the last one, if it is the target.
func put(m *Model, target netip.Addr, number uint32, rtt time.Duration, from ...string) {
	for i, f := range from {
		r := &report.Round{Addr: target, Number: number, At: time.Duration(number) * time.Second, TTL: uint8(i + 1),
			Last: uint8(len(from)), From: addr(f), RTT: rtt * time.Duration(i+1), Reason: probe.TimeExceeded}
		r.Reached = r.From == target
		if !r.From.IsValid() {
			r.Reason, r.RTT = probe.NoResponse, 0
		}
		m.Add(r)
	}
}

// TestHop: what a hop comes to, IPv6 as IPv4.
func TestHop(t *testing.T) {
	for _, target := range targets {
		var m Model
		for i, rtt := range []int{10, 20, 0, 40, 10} {
			who := "10.0.0.1"
			switch {
			case rtt == 0:
				who = "*"
			case i == 4:
				who = "fd00::1"
			}
			put(&m, target, uint32(i+1), time.Duration(rtt)*time.Millisecond, who, target.String())
		}
		got := m.Targets[0]
		if got.Rounds != 5 || got.Reached != 5 || got.Number != 5 || got.Last != 2 || got.At != 5*time.Second || got.Since != time.Second {
			t.Errorf("%+v", got)
		}
		h := &got.Hops[0]
		if h.Asked != 5 || h.Answered != 4 || h.Loss() != 0.2 || h.From != addr("fd00::1") {
			t.Errorf("%+v", h)
		}
		const ms = time.Millisecond
		if x := &h.Times; x.Last != 10*ms || x.Best != 10*ms || x.Worst != 40*ms || x.Average() != 20*ms || x.Jitter() != 20*ms {
			t.Errorf("last %v, best %v, worst %v, average %v, jitter %v", x.Last, x.Best, x.Worst, x.Average(), x.Jitter())
		}
		want := []Sample{20000, Lost, 40000, 10000}
		if got := h.History.Tail(nil, 4); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("history %v, want %v", got, want)
		}
		if len(h.Who) != 2 || h.Who[0].Count != 3 || h.Who[1].Count != 1 || h.Who[1].At != 5*time.Second {
			t.Errorf("who: %+v", h.Who)
		}
	}
}

// TestUnasked: what this machine could not ask is no loss, and does not make the target gone.
func TestUnasked(t *testing.T) {
	var m Model
	put(&m, targets[0], 1, time.Millisecond, targets[0].String())
	for n := range uint32(5) {
		m.Add(&report.Round{Addr: targets[0], Number: n + 2, TTL: 1, Last: 1, Reason: probe.ReasonLocalError})
	}
	h := &m.Targets[0].Hops[0]
	if h.Loss() != 0 || h.Asked != 1 || h.Unasked != 5 || m.Targets[0].Events.Count() != 0 {
		t.Errorf("%+v, %d events", h, m.Targets[0].Events.Count())
	}
	if got := h.History.Tail(nil, 2); got[0] != Unasked || got[1] != Unasked {
		t.Error(got)
	}
}

// TestTimes: ranges have their bounds, and quantiles are within a fifth.
func TestTimes(t *testing.T) {
	for _, us := range []int{1, 2, 3, 4, 5, 7, 8, 9, 100, 999, 12345, 1 << 26, 1<<27 - 1} {
		d := time.Duration(us) * time.Microsecond
		if b := bucketOf(d); Bound(b) > d || b+1 < Buckets && Bound(b+1) <= d && us > 3 {
			t.Errorf("%v is in %v to %v", d, Bound(b), Bound(b+1))
		}
	}
	if bucketOf(0) != 0 || bucketOf(time.Hour) != Buckets-1 {
		t.Error("what is beyond the ranges is in none")
	}
	var x Times
	if x.Quantile(0.5) != 0 || x.Average() != 0 || x.Jitter() != 0 {
		t.Error("times of nothing")
	}
	for i := range 1000 {
		x.add(time.Duration(i+1) * time.Millisecond)
	}
	for _, q := range []float64{0.1, 0.5, 0.9, 0.99} {
		if got := x.Quantile(q).Seconds(); got < q*0.8 || got > q*1.25 {
			t.Errorf("quantile %v: %v s", q, got)
		}
	}
	first, counts := x.Histogram()
	all := uint32(0)
	for _, n := range counts {
		all += n
	}
	if all != 1000 || Bound(first) > time.Millisecond || counts[0] == 0 || counts[len(counts)-1] == 0 {
		t.Errorf("from %v: %v", Bound(first), counts)
	}
}

// TestMissing: a hop that answers less than those beyond it limits its replies; what is lost
// up to the target is lost on the way.
func TestMissing(t *testing.T) {
	var m Model
	target := targets[0]
	for n := range uint32(200) {
		way := []string{"10.0.0.1", "10.0.0.2", "*", target.String()}
		if n%20 == 0 {
			way[1], way[3] = "*", "*"
		}
		if n%2 == 0 {
			way[0] = "*"
		}
		put(&m, target, n+1, time.Millisecond, way...)
	}
	for ttl, want := range map[uint8]report.Missing{1: report.MissingReplies, 2: report.MissingWay, 3: report.MissingReplies, 4: report.MissingWay} {
		if got := m.Targets[0].Missing(ttl); got != want {
			t.Errorf("hop %d: %v, want %v", ttl, got, want)
		}
	}
	put(&m, targets[1], 1, time.Millisecond, "fd00::1", "*")
	for ttl, want := range map[uint8]report.Missing{1: report.MissingNone, 2: report.MissingUnsure} {
		if got := m.Targets[1].Missing(ttl); got != want {
			t.Errorf("hop %d: %v, want %v", ttl, got, want)
		}
	}
}

// TestGone: single losses are no event, three in a row are, and so is the answer after them.
func TestGone(t *testing.T) {
	var m Model
	target := targets[1]
	for n, c := range "+--+---+++----" {
		last := target.String()
		if c == '-' {
			last = "*"
		}
		put(&m, target, uint32(n+1), time.Millisecond, "fd00::1", last)
	}
	var got []string
	for _, e := range m.Targets[0].Events.All() {
		got = append(got, fmt.Sprint(e.Kind, e.Number, e.Missed))
	}
	if fmt.Sprint(got) != "[1 13 3 2 8 3 1 7 3]" || m.Targets[0].Silent() != 4 {
		t.Errorf("%v, silent for %d", got, m.Targets[0].Silent())
	}
	put(&m, targets[0], 1, 0, "*", "*")
	if m.Targets[1].Events.Count() != 0 {
		t.Error("who never answered is not gone")
	}
}

// TestBounded: for many targets, whatever comes, memory does not grow with the rounds.
func TestBounded(t *testing.T) {
	var m Model
	round := func(n uint32) {
		for i := range 50 {
			target := netip.AddrFrom4([4]byte{10, 9, 0, byte(i)})
			hop := netip.AddrFrom4([4]byte{10, byte(n), byte(n >> 8), byte(i)}).String() // always another one
			put(&m, target, n, time.Duration(n)*time.Microsecond, "10.0.0.1", hop, "*", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7", target.String())
			m.Add(&report.Reroute{Addr: target, Number: n, Was: []netip.Addr{targets[0], targets[1]}, Now: []netip.Addr{addr(hop)}})
		}
	}
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	for n := range uint32(150) {
		round(n + 1)
	}
	early := heap()
	for n := range uint32(450) {
		round(n + 151)
	}
	late := heap()
	if late > early+64<<10 {
		t.Errorf("%d bytes after 150 rounds, %d after 600", early, late)
	}
	if n := m.Targets[0].Events.Count(); n != 600 || len(m.Targets[0].Events.All()) != maxEvents {
		t.Errorf("%d events, %d kept", n, len(m.Targets[0].Events.All()))
	}
	w := &m.Targets[0].Ways
	sum := w.More
	for i := range w.List {
		sum += w.List[i].Rounds
	}
	if len(w.List) != maxWays || w.Rounds != 600 || sum != 600 {
		t.Errorf("%d ways, %d of %d rounds", len(w.List), sum, w.Rounds)
	}
	for i := range 300 {
		put(&m, netip.AddrFrom4([4]byte{10, 8, byte(i >> 8), byte(i)}), 1, 0, "*")
	}
	if len(m.Targets) != MaxTargets || m.Left != 300-MaxTargets+50 {
		t.Errorf("%d targets, %d left", len(m.Targets), m.Left)
	}
}

// TestClone: a copy stands still, and what is reset begins anew.
func TestClone(t *testing.T) {
	var m Model
	put(&m, targets[0], 1, time.Millisecond, "10.0.0.1", targets[0].String())
	c := m.Clone()
	before := fmt.Sprintf("%+v", *c.Targets[0])
	for n := range uint32(10) {
		put(&m, targets[0], n+2, time.Second, "10.0.0.2", "*")
		m.Add(&report.Reroute{Addr: targets[0]})
	}
	if after := fmt.Sprintf("%+v", *c.Targets[0]); after != before {
		t.Errorf("it was\n%s and is\n%s", before, after)
	}
	m.Reset()
	put(&m, targets[0], 12, time.Second, "10.0.0.2", "*")
	if got := m.Targets[0]; got.Rounds != 1 || got.Hops[0].Asked != 1 || got.Events.Count() != 0 || len(got.Ways.List) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestForeign: records of another kind, and what no run writes, do no harm.
func TestForeign(t *testing.T) {
	var m Model
	for _, r := range []report.Record{&report.Scan{Command: "tcp"}, &report.Host{}, &report.Round{}, &report.Round{TTL: 255}, &report.Round{TTL: 1, Last: 255, Number: 7},
		&report.Round{TTL: 9, Number: 3}, &report.Reroute{}, &report.Reroute{Was: make([]netip.Addr, 300), Now: []netip.Addr{targets[0]}}, &report.End{}, nil} {
		m.Add(r)
		m.Clone()
	}
	if m.Scan == nil || m.End == nil || len(m.Targets) != 1 || len(m.Targets[0].Path()) != 255 {
		t.Errorf("%+v", m)
	}
}
