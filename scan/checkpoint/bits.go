package checkpoint

import (
	"encoding/binary"
	"errors"
	mathbits "math/bits"
	"sync/atomic"
)

// bits is a set of numbers below n. It may be read while it is changed.
type bits struct {
	n     uint64
	words []uint64
}

func newBits(n uint64) bits { return bits{n, make([]uint64, (n+63)/64)} }

func (b *bits) has(i uint64) bool { return atomic.LoadUint64(&b.words[i/64])>>(i%64)&1 != 0 }
func (b *bits) set(i uint64)      { atomic.OrUint64(&b.words[i/64], 1<<(i%64)) }

func (b *bits) count() uint64 {
	n := 0
	for i := range b.words {
		n += mathbits.OnesCount64(atomic.LoadUint64(&b.words[i]))
	}
	return uint64(n)
}

// between counts the numbers from … to-1.
func (b *bits) between(from, to uint64) (n uint64) {
	for from < to {
		w, at := from/64, from%64
		here := min(64-at, to-from)
		word := atomic.LoadUint64(&b.words[w]) >> at << (64 - here)
		n += uint64(mathbits.OnesCount64(word))
		from += here
	}
	return n
}

// each calls yield with every number in order, until that returns false.
func (b *bits) each(yield func(uint64) bool) {
	for w := range b.words {
		for left := atomic.LoadUint64(&b.words[w]); left != 0; left &= left - 1 {
			if !yield(uint64(w)*64 + uint64(mathbits.TrailingZeros64(left))) {
				return
			}
		}
	}
}

const (
	asRuns  = 'r' // the lengths of runs: of what is not in the set, of what is, and so on
	asWords = 'w'
)

// append writes b behind out, in the shorter of two ways.
func (b *bits) append(out []byte) []byte {
	start := len(out)
	out = append(out, asRuns)
	most := start + 8*len(b.words)
	end := uint64(0) // of the last run
	in := false
	run := func(to uint64) {
		out = binary.AppendUvarint(out, to-end)
		end, in = to, !in
	}
	for w := range b.words {
		word := atomic.LoadUint64(&b.words[w])
		for at := 0; at < 64; {
			rest := word >> at
			if in {
				rest = ^rest
			}
			skip := mathbits.TrailingZeros64(rest)
			if at += skip; at < 64 {
				run(uint64(w)*64 + uint64(at))
			}
		}
		if len(out) > most {
			return b.appendWords(out[:start])
		}
	}
	if in {
		run(b.n)
	}
	return out
}

func (b *bits) appendWords(out []byte) []byte {
	out = append(out, asWords)
	for w := range b.words {
		out = binary.LittleEndian.AppendUint64(out, atomic.LoadUint64(&b.words[w]))
	}
	return out
}

var errSet = errors.New("a set is not what it should be")

// read adds what append wrote to b.
func (b *bits) read(in []byte) error {
	if len(in) == 0 {
		return errSet
	}
	how, in := in[0], in[1:]
	switch how {
	case asWords:
		if len(in) != 8*len(b.words) {
			return errSet
		}
		for w := range b.words {
			b.words[w] |= binary.LittleEndian.Uint64(in[8*w:])
		}
		if rest := b.n % 64; rest != 0 && b.words[len(b.words)-1]>>rest != 0 {
			return errSet
		}
		return nil
	case asRuns:
		at := uint64(0)
		for member := false; len(in) > 0; member = !member {
			n, used := binary.Uvarint(in)
			if used <= 0 || n > b.n-at {
				return errSet
			}
			if in = in[used:]; member {
				b.fill(at, at+n)
			}
			at += n
		}
		return nil
	}
	return errSet
}

// fill adds the numbers from … to-1.
func (b *bits) fill(from, to uint64) {
	for from < to {
		w, at := from/64, from%64
		n := min(64-at, to-from)
		b.words[w] |= ^uint64(0) >> (64 - n) << at
		from += n
	}
}
