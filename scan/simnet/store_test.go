package simnet

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// The heap against a sorted slice.
func TestHeap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h heap
	var want []event
	var last event
	for i := range 20000 {
		if rng.IntN(5) < 3 {
			e := event{at: time.Duration(rng.IntN(500)), slot: int32(i)}
			h.push(e)
			e.seq = h.seq
			at, _ := slices.BinarySearchFunc(want, e, func(a, b event) int {
				if a.before(&b) {
					return -1
				}
				return 1
			})
			want = slices.Insert(want, at, e)
		} else if h.len() > 0 {
			if h.min() != want[0].at {
				t.Fatalf("min is %v, want %v", h.min(), want[0].at)
			}
			last = h.pop()
			if last != want[0] {
				t.Fatalf("popped %+v, want %+v", last, want[0])
			}
			want = want[1:]
		}
		if h.len() != len(want) {
			t.Fatalf("%d events, want %d", h.len(), len(want))
		}
	}
}

// The table against a map and a list.
func TestTable(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var tab table[hostKey, int]
	tab.init(64)
	want := map[hostKey]int{}
	var order []hostKey
	for i := range 50000 {
		k := hostKey{netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.IntN(200))})}
		at := tab.find(k)
		v, ok := want[k]
		if (at >= 0) != ok || ok && *tab.at(at) != v {
			t.Fatalf("step %d: %v is at %d, want %v %d", i, k, at, ok, v)
		}
		switch {
		case !ok:
			if len(order) == 64 { // the oldest goes
				delete(want, order[0])
				order = order[1:]
			}
			*tab.at(tab.add(k)) = i
			want[k] = i
			order = append(order, k)
		case rng.IntN(2) == 0:
			tab.remove(at)
			delete(want, k)
			order = slices.DeleteFunc(order, func(o hostKey) bool { return o == k })
		}
		if tab.len() != len(want) {
			t.Fatalf("%d entries, want %d", tab.len(), len(want))
		}
	}
}

func TestFIFO(t *testing.T) {
	var q fifo
	next, want := int32(0), int32(0)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		if rng.IntN(2) == 0 {
			q.push(next)
			next++
		} else if q.len() > 0 {
			if v := q.pop(); v != want {
				t.Fatalf("popped %d, want %d", v, want)
			}
			want++
		}
		if q.len() != int(next-want) {
			t.Fatalf("length %d, want %d", q.len(), next-want)
		}
	}
}
