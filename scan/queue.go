package scan

import (
	"math/bits"
	"time"
)

// event is something that will be due a while after at.
type event struct {
	number uint64
	at     time.Duration
	try    uint8
}

// queue is a ring of events in the order of their times. Events are not taken
// out when their question is decided: whoever meets them at the front drops
// them.
type queue struct {
	ring  []event
	first int
	n     int
}

func (q *queue) len() int     { return q.n }
func (q *queue) front() event { return q.at(0) }

// at is event i from the front.
func (q *queue) at(i int) event { return q.ring[(q.first+i)&(len(q.ring)-1)] }

func (q *queue) pop() {
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.n--
}

func (q *queue) push(e event) {
	if q.n == len(q.ring) {
		ring := make([]event, max(64, 2*q.n))
		for i := range q.n {
			ring[i] = q.at(i)
		}
		q.ring, q.first = ring, 0
	}
	q.ring[(q.first+q.n)&(len(q.ring)-1)] = e
	q.n++
}

// bitmap is a set of numbers below some n, in blocks that are there when something is
// in them: questions are numbered in the order of asking, so that a plan costs what of
// it was asked.
type bitmap [][]uint64

const (
	blockWords = 1 << 16
	blockBits  = 64 * blockWords
)

func newBitmap(n uint64) bitmap {
	if n <= blockBits {
		return bitmap{make([]uint64, (n+63)/64)}
	}
	return make(bitmap, (n+blockBits-1)/blockBits)
}

// word is the numbers from 64*w on, as bits.
func (b bitmap) word(w uint64) uint64 {
	if block := b[w/blockWords]; block != nil {
		return block[w%blockWords]
	}
	return 0
}

func (b bitmap) has(i uint64) bool { return b.word(i/64)>>(i%64)&1 != 0 }

func (b bitmap) set(i uint64) {
	block := &b[i/blockBits]
	if *block == nil {
		*block = make([]uint64, blockWords)
	}
	(*block)[i/64%blockWords] |= 1 << (i % 64)
}

func (b bitmap) unset(i uint64) {
	if block := b[i/blockBits]; block != nil {
		block[i/64%blockWords] &^= 1 << (i % 64)
	}
}

// full tells whether all of 0 … n-1 are in the set.
func (b bitmap) full(n uint64) bool {
	count := uint64(0)
	for _, block := range b {
		if block == nil {
			return false
		}
		for _, w := range block {
			count += uint64(bits.OnesCount64(w))
		}
	}
	return count == n
}

// pool keeps tentative results out of the slots, which few of them need.
type pool struct {
	results []Result
	empty   []int32
}

func (p *pool) put(r Result) int32 {
	if n := len(p.empty); n > 0 {
		i := p.empty[n-1]
		p.empty = p.empty[:n-1]
		p.results[i] = r
		return i
	}
	p.results = append(p.results, r)
	return int32(len(p.results) - 1)
}

func (p *pool) at(i int32) *Result { return &p.results[i] }

func (p *pool) drop(i int32) { p.empty = append(p.empty, i) }

func (p *pool) take(i int32) Result { return p.results[i] }
