package compare

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// TestSweep compares captures of networks of any kind, and of any traffic: whatever cannot
// be known is called unsure, and nothing is called wrong. With SWEEP=100000 it does so for
// many more of them, from the seed FROM on.
func TestSweep(t *testing.T) {
	count := func(name string, usual int) int {
		if s := os.Getenv(name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatalf("%s=%s: %v", name, s, err)
			}
			return n
		}
		return usual
	}
	s := &swept{}
	first := count("FROM", 0)
	for seed := first; seed < first+count("SWEEP", 1500); seed++ {
		w, name := anyWorld(uint64(seed))
		cut := seed%3 == 2 && w.cuts()
		s.try(t, w, fmt.Sprintf("seed %d, %s, cut %v", seed, name, cut), cut)
	}
	t.Logf("%+v", *s)
	if s.right < 8*s.unsure {
		t.Errorf("too much is called unsure: %+v", *s)
	}
}

// chance returns one of some values.
func chance[T any](w *world, of ...T) T { return of[w.IntN(len(of))] }

// anyWorld is a network of which a seed decides everything, and the traffic in it.
func anyWorld(seed uint64) (w *world, name string) {
	w = newWorld(seed, seed%2 == 1)
	w.offset = time.Duration((w.Float64()*2 - 1) * 3e9)
	w.drift = (w.Float64()*2 - 1) * 100
	w.copies, w.late = chance(w, 0, 0.01, 0.05), chance(w, 0, 0.05, 0.2)
	w.overtaken = chance(w, 100*time.Microsecond, time.Millisecond, 5*time.Millisecond)
	w.delay = time.Duration(20e3 * math.Pow(15_000, w.Float64())) // 20 µs to 300 ms
	w.jitter = time.Duration(float64(w.delay) * chance(w, 0.01, 0.1, 0.5))
	w.back = time.Duration(float64(w.delay) * chance(w, 0, 0, 0.3, 1))
	w.lost = [3]float64{chance(w, 0, 0.02, 0.15, 0.4), chance(w, 0, 0.02, 0.1, 0.3), chance(w, 0, 0.1, 0.3)}
	w.thinking = chance(w, 50*time.Microsecond, 300*time.Microsecond, 5*time.Millisecond)
	n := &w.nat
	n.addrs = w.IntN(3) > 0
	n.ports, n.seqs, n.ids, n.labels = n.addrs && w.IntN(3) > 0, w.IntN(3) > 0, w.IntN(4) == 0, w.IntN(4) == 0
	n.mss, n.wipe, n.strip = w.IntN(2) == 0, w.IntN(2) == 0, w.IntN(8) == 0
	many := chance(w, 1, 2, 3, 5, 10, 30, 100, 400)
	every := min(time.Duration(50e3*math.Pow(10_000, w.Float64())), time.Minute/time.Duration(many)) // 50 µs to 500 ms
	name = w.traffic(many, every)
	return w, fmt.Sprintf("%s: %d every %v, IPv6 %v, delay %v + %v, %v more back, %v late by %v, %v twice, lost %v, thinking %v", name, many, every, w.v6, w.delay, w.jitter, w.back, w.late, w.overtaken, w.copies, w.lost, w.thinking)
}

// traffic has so many questions be asked, of a kind by chance.
func (w *world) traffic(many int, every time.Duration) (name string) {
	switch w.IntN(8) {
	case 0:
		w.syns(many, every, true)
		return "SYNs"
	case 1:
		w.syns(many, every, false)
		return "SYNs without timestamps"
	case 2:
		w.dns(many, every, chance(w, 1, 3, many))
		return "DNS"
	case 3:
		w.pings(many, every, chance(w, 1, 1, 3))
		return "pings"
	case 4:
		w.connections(max(1, many/4), 3, every)
		return "connections"
	case 5:
		w.streams(max(1, many/20), min(many, 30), chance(w, 2, 5, 20), every)
		return "streams"
	case 6:
		w.datagrams(many, every, w.IntN(2) == 0)
		return "datagrams"
	}
	w.syns(many, every, true)
	w.pings(max(1, many/3), 3*every, 2)
	w.streams(max(1, many/20), 5, 3, every*5)
	w.datagrams(max(1, many/3), every, w.IntN(2) == 0)
	return "all"
}

// datagrams sends datagrams of one text, each from a port of its own, which are answered
// by a datagram or by an ICMP error.
func (w *world) datagrams(n int, every time.Duration, refused bool) {
	for i := range n {
		src, dst := netip.AddrPortFrom(w.addr(1, 3), uint16(20000+i)), netip.AddrPortFrom(w.addr(2, 10), 123)
		q := message{ip: wire.IP{Src: src.Addr(), Dst: dst.Addr(), TTL: 64}, udp: &wire.UDP{Src: src.Port(), Dst: dst.Port()}, payload: make([]byte, 48)}
		if !w.v6 {
			q.ip.ID = uint16(w.Uint32())
		}
		a := message{ip: wire.IP{Src: dst.Addr(), Dst: src.Addr(), TTL: 60}, udp: &wire.UDP{Src: dst.Port(), Dst: src.Port()}, payload: make([]byte, 48)}
		if refused {
			icmp := wire.ICMP{Msg: wire.PortUnreach}
			icmp.SetType(w.v6)
			a.udp, a.icmp, a.quoted, a.payload = nil, &icmp, &q, nil
		}
		w.exchange(q, a, time.Duration(i)*every, w.fate(), src, dst)
	}
}

// cuts has captures begin late, or end early.
func (w *world) cuts() (cut bool) {
	for _, list := range []*[]record{&w.near, &w.far} {
		if len(*list) < 2 {
			continue
		}
		slices.SortStableFunc(*list, func(a, b record) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
		first, last := (*list)[0].at, (*list)[len(*list)-1].at
		from, to := 0.0, 1.0
		if w.IntN(3) == 0 {
			from = w.Float64() * 0.6
		}
		if w.IntN(3) == 0 {
			to = 0.4 + w.Float64()*0.6
		}
		whole := len(*list)
		*list = slices.DeleteFunc(*list, func(r record) bool {
			at := float64(r.at.Sub(first)) / float64(last.Sub(first)+1)
			return at < from || at > to
		})
		cut = cut || len(*list) < whole
	}
	seen := map[int64]bool{}
	for _, r := range w.near {
		seen[r.at.UnixNano()] = true
	}
	last := int64(math.MaxInt64)
	if len(w.near) > 0 {
		last = w.near[len(w.near)-1].at.UnixNano()
	}
	for q := range w.truth {
		// Where one answer was lost, and another one came behind the end, both are right.
		if !seen[q.at] || w.second[q] > last {
			delete(w.truth, q)
		}
	}
	return cut
}

// swept is what a sweep counts: networks, those of which nothing can be compared, and
// verdicts.
type swept struct{ worlds, refused, right, unsure, wrong int }

// try compares the captures of a world, and counts verdicts.
func (s *swept) try(t *testing.T, w *world, name string, cut bool) {
	s.worlds++
	r := &told{}
	all, err := Compare(context.Background(), File{"near.pcap", captured(w.near)}, File{"far.pcap", captured(w.far)}, func([]string) error { return nil }, r)
	switch {
	case errors.Is(err, ErrSwapped):
		s.wrong += len(w.truth)
		t.Errorf("%s: %v", name, err)
		return
	case err != nil:
		s.refused++
		return
	}
	right, unsure, wrong := w.score(t, r)
	if n := judgedIn(all); !cut && n != len(w.truth) {
		t.Errorf("%s: %d questions are judged of %d", name, n, len(w.truth))
		wrong++
	}
	s.right, s.unsure, s.wrong = s.right+right, s.unsure+unsure, s.wrong+wrong
	if wrong > 0 {
		t.Errorf("%s: %d right, %d unsure, %d wrong; %+v", name, right, unsure, wrong, all.Clock)
	}
}

// judgedIn counts the questions that were judged, but for ACKs to which nobody answers.
func judgedIn(all *report.Comparison) (n int) {
	for _, q := range all.Questions {
		for _, fate := range q.N {
			if q.What != "ACK" {
				n += int(fate)
			}
		}
	}
	return n
}
