package output

import (
	"container/heap"
	"net/netip"
)

// sortRoom is how many bytes of output are held to be sorted: in the order of their
// addresses are all hosts of a run that writes no more than that, and of a longer one
// as many at a time.
const sortRoom = 32 << 20

// sorter holds what was written of hosts, until it is their turn.
type sorter struct {
	hosts rendered
	added int
	size  int
}

// rendered is a heap, the lowest address first; of equal ones the one that came first.
type rendered []writtenHost

type writtenHost struct {
	addr   netip.Addr
	number int
	text   []byte
}

// writtenCost is about what holding a host takes beside its text.
const writtenCost = 80

func (r rendered) Len() int      { return len(r) }
func (r rendered) Swap(i, j int) { r[i], r[j] = r[j], r[i] }
func (r rendered) Less(i, j int) bool {
	if c := r[i].addr.Compare(r[j].addr); c != 0 {
		return c < 0
	}
	return r[i].number < r[j].number
}

// Push implements heap.Interface.
func (r *rendered) Push(x any) { *r = append(*r, x.(writtenHost)) }

// Pop implements heap.Interface.
func (r *rendered) Pop() any {
	last := len(*r) - 1
	x := (*r)[last]
	(*r)[last] = writtenHost{}
	*r = (*r)[:last]
	return x
}

// add takes a copy of what was written of a host.
func (s *sorter) add(addr netip.Addr, text []byte) {
	if len(text) == 0 {
		return
	}
	s.added++
	heap.Push(&s.hosts, writtenHost{addr, s.added, append([]byte(nil), text...)})
	s.size += len(text) + writtenCost
}

// appendOver appends the first hosts until no more than room bytes are held.
func (s *sorter) appendOver(b []byte, room int) []byte {
	for s.size > room && len(s.hosts) > 0 {
		h := heap.Pop(&s.hosts).(writtenHost)
		s.size -= len(h.text) + writtenCost
		b = append(b, h.text...)
	}
	return b
}
