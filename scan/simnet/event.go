package simnet

import "time"

// event is something that will happen. Events at the same time happen in the
// order in which they were pushed.
type event struct {
	at   time.Duration
	seq  uint64
	slot int32
	kind eventKind
}

type eventKind uint8

const (
	step  eventKind = iota // a flight goes on; slot is the flight's
	retry                  // a half-open connection's timer; slot is its index
)

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.seq < o.seq
}

// heap is a priority queue of events, as a heap with four children per node:
// half as deep as a binary one, and children share a cache line or two.
type heap struct {
	e   []event
	seq uint64
}

func (h *heap) len() int { return len(h.e) }

// min returns the time of the earliest event; there must be one.
func (h *heap) min() time.Duration { return h.e[0].at }

func (h *heap) push(e event) {
	h.seq++
	e.seq = h.seq
	h.e = append(h.e, e)
	i := len(h.e) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(&h.e[parent]) {
			break
		}
		h.e[i] = h.e[parent]
		i = parent
	}
	h.e[i] = e
}

// pop takes out the earliest event.
func (h *heap) pop() event {
	top := h.e[0]
	last := len(h.e) - 1
	e := h.e[last]
	h.e = h.e[:last]
	if last == 0 {
		return top
	}
	i := 0
	for {
		first := 4*i + 1
		if first >= last {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, last); c++ {
			if h.e[c].before(&h.e[least]) {
				least = c
			}
		}
		if !h.e[least].before(&e) {
			break
		}
		h.e[i] = h.e[least]
		i = least
	}
	h.e[i] = e
	return top
}

// fifo is a queue of flights, in a ring.
type fifo struct {
	ring    []int32
	head, n int
}

func (q *fifo) len() int { return q.n }

func (q *fifo) push(v int32) {
	if q.n == len(q.ring) {
		ring := make([]int32, max(64, 2*len(q.ring)))
		for i := range q.n {
			ring[i] = q.ring[(q.head+i)%len(q.ring)]
		}
		q.ring, q.head = ring, 0
	}
	q.ring[(q.head+q.n)%len(q.ring)] = v
	q.n++
}

func (q *fifo) pop() int32 {
	v := q.ring[q.head]
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	return v
}
