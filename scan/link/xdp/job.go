package xdp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"sync/atomic"
)

// Shuffle is a permutation of package scan: of N numbers, by keys, over halves of so many
// bits.
type Shuffle struct {
	N    uint64
	Half uint
	Keys [4]uint64
}

// Span is N addresses from First on, which are hosts Base, Base+1 and so on.
type Span struct {
	Base  uint64
	First netip.Addr
}

// Job is what is asked, in the words of scan.Plan.
type Job struct {
	Spans         []Span
	Hosts         Shuffle // N: how many hosts there are; the rest where Grouped
	Ports         []uint16
	Shard, Shards uint64
	Frame         []byte // a question, whichever, with its link-layer header
	// Prefix is the state of SipHash behind the words that all proofs have in common, and
	// Last of the last word what does not depend on the ports.
	Prefix [4]uint64
	Last   uint64
	First  uint16 // our source ports: from here on so many
	N      uint16
	Drop   bool // proven answers do not go on to the stack
}

// Block is a stretch of questions that are shuffled among themselves.
type Block struct {
	Questions Shuffle
	Hosts     uint64 // how many there are in it
	Grouped   bool   // they are dealt out by the job's shuffle of hosts …
	Base      uint64 // … from this place on
}

// Errors of Begin.
var errFrame = errors.New("the question has another shape than the program writes")

// Begin takes up a job: nothing of it is settled.
func (p *Program) Begin(j *Job) error {
	f := p.shape.family()
	switch {
	case len(j.Frame) != p.shape.frame():
		return errFrame
	case len(j.Spans) > p.shape.spans():
		return ErrSpans
	case len(j.Ports) > mostPorts || j.Hosts.N*uint64(len(j.Ports)) > 8*uint64(len(p.settled)):
		return ErrMany
	}
	clear(p.settled)
	p.setTargets(j)
	p.setShuffle(atHost, &j.Hosts)
	p.set(atShards, max(j.Shards, 1))
	p.set(atShard, j.Shard)
	for i, v := range j.Prefix {
		p.set(atPrefix+8*i, v)
	}
	p.set(atLast, j.Last)
	p.set(atFirst, uint64(j.First))
	p.set(atPorts, uint64(j.N))
	p.set(atMAC, uint64(binary.LittleEndian.Uint32(j.Frame[6:])))
	p.set(atMAC2, uint64(binary.LittleEndian.Uint16(j.Frame[10:])))
	own := j.Frame[f.src:f.dst]
	if f.v6 {
		p.set(atOwn, binary.LittleEndian.Uint64(own))
		p.set(atOwn+8, binary.LittleEndian.Uint64(own[8:]))
	} else {
		p.set(atOwn, uint64(binary.LittleEndian.Uint32(own)))
	}
	p.set(atDrop, 0)
	if j.Drop {
		p.set(atDrop, 1)
	}
	p.set(atWalk, math.MaxUint64)
	p.setTemplate(j.Frame)
	return nil
}

// setTargets writes the tables of targets and ports.
func (p *Program) setTargets(j *Job) {
	f := p.shape.family()
	for i := range p.shape.spans() {
		e := p.spans[i*int(f.span):]
		if i >= len(j.Spans) {
			binary.LittleEndian.PutUint64(e, math.MaxInt64) // beyond all hosts
			continue
		}
		s := j.Spans[i]
		binary.LittleEndian.PutUint64(e, s.Base)
		if a := s.First.As16(); f.v6 {
			binary.LittleEndian.PutUint64(e[f.spanHigh:], binary.LittleEndian.Uint64(a[:]))
			binary.LittleEndian.PutUint64(e[f.spanFirst:], binary.BigEndian.Uint64(a[8:]))
		} else {
			binary.LittleEndian.PutUint64(e[f.spanFirst:], uint64(binary.BigEndian.Uint32(a[12:])))
		}
	}
	for i, port := range j.Ports {
		binary.BigEndian.PutUint16(p.ports[2*i:], port)
	}
}

// setTemplate makes of a question what is the same in all of them, and its sums.
func (p *Program) setTemplate(frame []byte) {
	f := p.shape.family()
	t := append([]byte(nil), frame...)
	segment := t[f.segment:]
	clear(segment[:tcpSeq+4]) // ports and sequence number
	clear(segment[tcpSum : tcpSum+2])
	if at := tcpHeader + p.shape.Timestamp; p.shape.Timestamp > 0 {
		clear(segment[at : at+4])
	}
	clear(t[f.dst:f.segment])
	if f.v6 {
		p.set(atFlow, uint64(binary.BigEndian.Uint32(t[f.ip:])&^0xfffff))
	} else {
		clear(t[f.ip+4 : f.ip+6])   // the ID
		clear(t[f.ip+10 : f.ip+12]) // the checksum
		p.set(atSumIP, sum(t[f.ip:f.segment]))
	}
	var length [4]byte // RFC 9293 section 3.1, RFC 8200 section 8.1: length and protocol
	binary.BigEndian.PutUint16(length[:], uint16(len(segment)))
	length[3] = 6
	p.set(atSumTCP, sum(t[f.src:f.dst])+sum(segment)+sum(length[:]))
	copy(p.state[atTemplate:stateSize], t)
	p.blank = bytes.Repeat([]byte{0xff}, len(t))
}

// sum adds up the words of b as they lie in memory.
func sum(b []byte) (s uint64) {
	for ; len(b) >= 4; b = b[4:] {
		s += uint64(binary.LittleEndian.Uint32(b))
	}
	return s
}

func (p *Program) setShuffle(at int, s *Shuffle) {
	p.set(at, uint64(s.Half))
	p.set(at+8, 1<<s.Half-1)
	for i, k := range s.Keys {
		p.set(at+16+8*i, k)
	}
	p.set(at+shuffleSize-8, s.N)
}

// SetBlock says in which block the numbers of Send are.
func (p *Program) SetBlock(b *Block) {
	p.setShuffle(atQuestion, &b.Questions)
	p.set(atTogether, b.Hosts)
	p.set(atGrouped, 0)
	if b.Grouped {
		p.set(atGrouped, 1)
	}
	p.set(atBase, b.Base)
}

// Settle says that a question needs no more asking: that of host and port, by their places.
func (p *Program) Settle(host uint64, port int) {
	i := uint64(port)*p.get(atHost+shuffleSize-8) + host
	atomic.OrUint64(word(p.settled, int(i/64*8)), 1<<(i%64))
}

// Send asks the questions from ≤ i < to of the block, from a source port, with the clock in
// the timestamp. It returns how many packets were given to the device, how many questions
// needed none, and with which question to go on: to, unless a signal came between.
func (p *Program) Send(from, to uint64, port uint16, clock uint32) (sent, skipped, next uint64, err error) {
	sent, skipped = p.get(atSent), p.get(atSkipped)
	p.set(atNext, from)
	p.set(atEnd, to)
	p.set(atPort, uint64(port>>8|port<<8))
	p.set(atClock, uint64(clock))
	for err == nil {
		left := to - p.get(atNext)
		if p.get(atWalk) != math.MaxUint64 {
			left++
		}
		if left == 0 {
			break
		}
		err = p.run(int(left))
	}
	return p.get(atSent) - sent, p.get(atSkipped) - skipped, p.get(atNext), err
}

// Make returns the frame that asks question i of the block, borrowed, and does not send it;
// nil where it needs no asking.
func (p *Program) Make(i uint64, port uint16, clock uint32) ([]byte, error) {
	p.set(atNext, i)
	p.set(atEnd, i+1)
	p.set(atPort, uint64(port>>8|port<<8))
	p.set(atClock, uint64(clock))
	for {
		verdict, err := p.runOnce()
		switch {
		case err != nil:
			return nil, err
		case verdict != xdpDrop:
			return p.made[:p.attr.outSize], nil
		case p.get(atNext) > i && p.get(atWalk) == math.MaxUint64:
			return nil, nil
		}
	}
}
