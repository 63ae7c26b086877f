package compare

import (
	"context"
	"slices"
	"testing"
	"time"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// TestPairsOnce: a packet that is found by several prints is one pair for the clock, and
// packets that are alike in their times alone are several.
func TestPairsOnce(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, every := range []time.Duration{300 * time.Millisecond, 0} {
			w := newWorld(1, v6)
			w.nat, w.copies, w.late, w.jitter, w.drift = nat{}, 0, 0, 0, 0
			w.syns(20, every, true)
			arrived := 0 // each packet is in the file where it was received
			for near, list := range map[bool][]record{true: w.near, false: w.far} {
				for _, r := range list {
					if r.answers(v6) == near {
						arrived++
					}
				}
			}
			e := newEngine(File{"near.pcap", captured(w.near)}, File{"far.pcap", captured(w.far)}, &told{})
			if err := e.survey(context.Background()); err != nil {
				t.Fatal(err)
			}
			if e.clock.pairs != arrived {
				t.Errorf("IPv6 %v, every %v: the clock is made of %d pairs, want %d", v6, every, e.clock.pairs, arrived)
			}
		}
	}
}

// TestConvincing: what is alike by chance makes no clock, however many prints show it.
func TestConvincing(t *testing.T) {
	found := func(at int64, prints ...int) (list []pair) {
		for _, print := range prints {
			list = append(list, pair{&packet{at: at}, &packet{at: at + 1}, print})
		}
		return list
	}
	for _, tt := range []struct {
		name  string
		pairs []pair
		want  bool
	}{
		{"none", nil, false},
		{"one, by its sequence number", found(0, printSeq), true},
		{"one, by the IP ID and the ports", found(0, printID, printPorts), true},
		{"one, by the IP ID", found(0, printID, printService, printHost), false},
		{"one, by the server", found(0, printService, printHost), false},
		{"two, by one number each", append(found(0, printID), found(5, printPorts)...), false},
		{"three, by the server", append(append(found(0, printService, printHost), found(5, printService, printHost)...), found(9, printService, printHost)...), false},
		{"four", append(append(found(0, printHost), found(5, printHost)...), append(found(9, printHost), found(12, printHost)...)...), true},
	} {
		if got := convincing(tt.pairs); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestSound: a pair that chance has made does not count beside those that it cannot have.
func TestSound(t *testing.T) {
	found := func(at int64, there bool, prints ...int) (list []pair) {
		p, q := &packet{at: at, state: state{there: there}}, &packet{at: at + 1, state: state{there: there}}
		for _, print := range prints {
			list = append(list, pair{p, q, print})
		}
		return list
	}
	strong := append(found(0, false, printSeq), found(1, false, printID, printPorts)...)
	ids := slices.Concat(found(10, true, printID), found(11, true, printID), found(12, true, printID))
	for _, tt := range []struct {
		name  string
		pairs []pair
		want  int
	}{
		{"good ones", strong, 3},
		{"and one by its IP ID", slices.Concat(strong, found(10, true, printID)), 3},
		{"and several", slices.Concat(strong, ids, found(13, true, printID)), 7},
		{"and one of the same server", slices.Concat(strong, found(10, true, printService, printHost)), 3},
		{"and many of the other direction that have no more in common", slices.Concat(found(1, true, printID, printPorts), found(10, false, printService), found(11, false, printService), found(12, false, printService), found(13, false, printHost)), 6},
		{"nothing better", ids, 3},
		{"nothing but the server", found(10, true, printService, printHost), 2},
	} {
		if got := sound(tt.pairs); len(got) != tt.want {
			t.Errorf("%s: %d are left, want %d", tt.name, len(got), tt.want)
		}
	}
}

// answers tells whether a record is a SYN's answer.
func (r *record) answers(v6 bool) bool {
	if v6 {
		return r.b[40+13]&wire.ACK != 0
	}
	return r.b[20+13]&wire.ACK != 0
}

// TestOneWay: where no answer is seen, a packet that was faster than most is none that
// went the other way.
func TestOneWay(t *testing.T) {
	for _, n := range []int{2, 20, 3000} {
		for seed := range uint64(10) {
			w := newWorld(seed, seed%2 == 1)
			w.nat = nat{}
			w.syns(n, 2*time.Millisecond, true)
			for _, list := range []*[]record{&w.near, &w.far} {
				*list = slices.DeleteFunc(*list, func(r record) bool { return r.answers(w.v6) })
			}
			for q, fate := range w.truth {
				if fate != report.LostThere {
					w.truth[q] = report.Unanswered
				}
			}
			if len(w.far) == 0 {
				continue
			}
			r := w.compare(t)
			if right, unsure, wrong := w.score(t, r); wrong > 0 || unsure > 12 || !r.all.Clock.OneWay || r.all.Backwards > 0 {
				t.Errorf("%d SYNs, seed %d: %d right, %d unsure, %d wrong, %d from the far end; clock %+v", n, seed, right, unsure, wrong, r.all.Backwards, r.all.Clock)
			}
		}
	}
}

// TestTwoOrThree: of questions so few that all may look alike, no wrong verdict comes.
func TestTwoOrThree(t *testing.T) {
	compared := 0
	for _, n := range []int{2, 3} {
		for seed := range uint64(40) {
			for _, v6 := range []bool{false, true} {
				w := newWorld(100+seed, v6)
				w.nat.seqs = false
				w.syns(n, 300*time.Millisecond, false)
				r, err := outcome(bytesOf(w.near), bytesOf(w.far))
				if err != nil {
					continue // none arrived
				}
				compared++
				if right, unsure, wrong := w.score(t, r); wrong > 0 {
					t.Errorf("%d SYNs, seed %d, IPv6 %v: %d right, %d unsure, %d wrong", n, 100+seed, v6, right, unsure, wrong)
				}
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d of 160 could be compared", compared)
	}
}
