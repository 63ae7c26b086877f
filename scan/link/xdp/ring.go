package xdp

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"
)

// ring is a ring buffer of BPF: the kernel writes records behind each other, each with a
// header of 8 bytes, and moves producer; we read up to there, and move consumer.
type ring struct {
	consumer, producer *uint64
	data               []byte
	mask               uint64
	at                 uint64 // what has been read up to here, and may still be lent
}

// Bits of a record's length (linux/bpf.h): it is not written yet, it is nothing.
const (
	ringBusy    = 1 << 31
	ringDiscard = 1 << 30
	ringHeader  = 8
)

// back gives what was lent back to the kernel.
func (r *ring) back() { atomic.StoreUint64(r.consumer, r.at) }

// next returns the next record, borrowed until back is called; nil if there is none.
func (r *ring) next() []byte {
	for r.at < atomic.LoadUint64(r.producer) {
		at := r.at & r.mask
		head := atomic.LoadUint32((*uint32)(unsafe.Pointer(&r.data[at])))
		if head&ringBusy != 0 {
			return nil
		}
		n := uint64(head &^ (ringBusy | ringDiscard))
		r.at += (n + ringHeader + 7) &^ 7
		if head&ringDiscard == 0 {
			return r.data[at+ringHeader : at+ringHeader+n]
		}
	}
	return nil
}

// waiting tells whether there is something to be read, or was not given back yet.
func (r *ring) waiting() bool { return atomic.LoadUint64(r.consumer) < atomic.LoadUint64(r.producer) }

// Answer is a frame that came in.
type Answer struct {
	At int64  // when: nanoseconds of CLOCK_MONOTONIC
	B  []byte // from the IP header on, borrowed until the next Answers
}

// Answers fills into with what has come, what proves to be an answer first. It does not
// wait.
func (p *Program) Answers(into []Answer) (n int) {
	for _, r := range []*ring{&p.proven, &p.odd} {
		r.back()
		for n < len(into) {
			b := r.next()
			if b == nil {
				break
			}
			length := min(binary.NativeEndian.Uint64(b[8:]), uint64(len(b)-recordHead))
			into[n] = Answer{At: int64(binary.NativeEndian.Uint64(b)), B: b[recordHead : recordHead+length : recordHead+length]}
			n++
		}
	}
	return n
}

// Waiting tells whether frames have come that Answers has not returned yet, or has, and was
// not called again.
func (p *Program) Waiting() bool { return p.proven.waiting() || p.odd.waiting() }

// Lost is how many segments to our ports there was no room for: proven answers, and others.
func (p *Program) Lost() (proven, odd uint64) { return p.get(atLost), p.get(atLostOdd) }
