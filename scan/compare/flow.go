package compare

import (
	"time"

	"sonde/probe/wire"
)

const (
	// copyTime is how far apart two packets can be that have all in common and still
	// are one packet, which the network, or the capture, has twice: nobody sends again
	// that soon, unless answers tell that something is missing (RFC 5681 §3.2). That
	// takes a round trip.
	copyTime = int64(10 * time.Millisecond)
	// window is the longest way that is looked for.
	window = int64(2 * time.Second)
	// linger is how long a flow must be silent before it is judged. It is longer than
	// the first pauses of those who ask again: 1 and 3 s.
	linger = int64(6 * time.Second)
	// mostPackets is how many packets of a file are held; then the oldest flows are
	// judged by what is known of them.
	mostPackets = 1 << 16
	// mostOfFlow is how many packets of a flow are held; then those that are old enough
	// are judged, and the flow goes on.
	mostOfFlow = 1 << 14
	// firsts is how many packets at each end of a flow, in one direction, it is matched
	// by, and noted how many can be found by their prints.
	firsts = 6
	noted  = 200
)

// flow is what goes on between two ends in one file: a TCP connection, a UDP exchange,
// a run of echo requests with one identifier.
type flow struct {
	flowKey
	last        int64
	prev        *flow     // before it, between the same ends
	there, back []*packet // in the order of the file; of long flows the end
	sent        int       // packets there, so far

	pair      *flow   // in the other file
	score     float64 // of the pair, in bits
	backwards bool    // it was begun at the far end
	seqThere  uint32  // FAR's sequence numbers less NEAR's
	seqBack   uint32
	hasBack   bool // seqBack is known
	counted   bool // seqThere is known, or nobody changes it
	gone      bool // it is judged
	sum       judged
	odd       []*packet // of its pair, those that it has not
}

// side is one file under way.
type side struct {
	flows    map[flowKey]*flow
	queue    queue      // all flows, by when they are looked at for silence
	line     []moment   // questions of flows, by time
	lineLeft int        // how many were left when some were forgotten
	inLine   [kinds]int // how many there are of each kind
	index    map[uint64]*bucket
	held     int
	know     *knowledge
	near     bool  // it is NEAR, where what goes there was sent
	again    int64 // how soon somebody may send again, at most copyTime
}

// moment is a question, to be found by its time.
type moment struct {
	flow *flow
	p    *packet
}

// bucket has the flows with packets of one print.
type bucket struct {
	flows []*flow
	count int
}

// mostAlike is how many flows may have a print in common; such a print tells nothing.
const mostAlike = 16

func newSide(k *knowledge, near bool, again int64) *side {
	return &side{flows: map[flowKey]*flow{}, index: map[uint64]*bucket{}, know: k, near: near, again: min(again, copyTime)}
}

// add takes a packet, which it copies, and returns it with its flow; nil if it is a copy
// of another one, or an ICMP error about what was never seen.
func (s *side) add(p *packet) (f *flow, kept *packet) {
	key := keyOf(p, true)
	f, there := s.flows[key], true
	if f == nil {
		f, there = s.flows[key.turned()], false
	}
	var prev *flow
	switch {
	case f != nil && p.kind == syn && (!there || f.renewed(p)):
		prev, f = f, nil
	case f != nil && !there && f.prev != nil && !f.prev.gone && !f.begot(p) && f.prev.begot(p):
		f = f.prev
	}
	if f == nil {
		if p.kind == refusal {
			return nil, nil
		}
		there = asks(p)
		f = &flow{flowKey: keyOf(p, there), prev: prev}
		if prev != nil {
			delete(s.flows, prev.flowKey)
			prev.prev = nil
		}
		s.flows[f.flowKey] = f
		s.queue.push(p.at+linger/2, f)
	}
	f.last = max(f.last, p.at)
	list := &f.back
	if there {
		list = &f.there
	}
	// Where it was sent it is there twice because of the capture. Where it was received
	// its times tell, later, what is a copy, and what was sent twice.
	if old := copyOf(*list, p, s.again); old != nil && there == s.near {
		old.copies = min(old.copies+1, 1<<15)
		return nil, nil
	}
	kept = new(packet)
	*kept = *p
	kept.there = there
	*list = append(*list, kept)
	s.held++
	if there {
		f.sent++
	}
	return f, kept
}

// begot tells whether p, of a connection's beginning, answers a SYN of f.
func (f *flow) begot(p *packet) bool {
	if p.kind != synAck && p.kind != reset {
		return true
	}
	for _, q := range f.there {
		if q.kind == syn {
			return p.answers(q)
		}
	}
	return true
}

// renewed tells whether a SYN begins a connection that is another one than f.
func (f *flow) renewed(p *packet) bool {
	for _, q := range f.there {
		if q.kind == syn {
			return q.seq != p.seq
		}
	}
	return len(f.there)+len(f.back) > 0
}

// copyOf returns a packet of the list that p is a copy of.
func copyOf(list []*packet, p *packet, within int64) *packet {
	for i := len(list) - 1; i >= max(0, len(list)-8); i-- {
		q := list[i]
		if p.at-q.at > within {
			return nil
		}
		if q.same(p) {
			return q
		}
	}
	return nil
}

// same tells whether two packets of one flow are alike in all but their times and TTLs.
func (p *packet) same(q *packet) bool {
	return q.kind == p.kind && q.id == p.id && q.seq == p.seq && q.ack == p.ack && q.size == p.size && q.sum == p.sum &&
		q.flags == p.flags && q.window == p.window && q.options == p.options && q.code == p.code && q.from == p.from
}

// question tells whether p wants an answer, in a flow of which nothing else is known.
func (f *flow) question(p *packet) bool {
	switch p.kind {
	case syn, echo, datagram:
		return true
	case stream:
		if p.size > 0 || p.flags&wire.FIN != 0 {
			return true // it is to be acknowledged
		}
		return p.flags&wire.ACK == 0 || f.probing()
	}
	return false
}

// probing tells whether all that was sent are ACKs without a connection.
func (f *flow) probing() bool {
	if f.sent > 4 || len(f.there) == 0 {
		return false
	}
	for _, p := range f.there {
		if p.kind != stream || p.size > 0 {
			return false
		}
	}
	for _, p := range f.back {
		if p.kind != reset && p.kind != refusal {
			return false
		}
	}
	return true
}

// note makes a packet findable by its prints.
func (s *side) note(f *flow, p *packet) {
	p.noted = true
	for i, print := range p.prints() {
		if print == 0 || !s.know.useful[p.kind][i] {
			continue
		}
		b := s.index[print]
		if b == nil {
			b = &bucket{}
			s.index[print] = b
		}
		if b.count++; b.count <= mostAlike {
			b.flows = append(b.flows, f)
		} else {
			b.flows = nil
		}
	}
}

// forget takes a flow out of everything.
func (s *side) forget(f *flow) {
	if s.flows[f.flowKey] == f {
		delete(s.flows, f.flowKey)
	}
	s.held -= len(f.there) + len(f.back)
	for _, list := range [][]*packet{f.there, f.back} {
		for _, p := range list {
			if p.noted {
				s.unnote(f, p)
			}
		}
	}
	f.there, f.back, f.prev, f.gone = nil, nil, nil, true
	f.sum = judged{}
}

// unnote undoes note.
func (s *side) unnote(f *flow, p *packet) {
	for i, print := range p.prints() {
		if print == 0 || !s.know.useful[p.kind][i] {
			continue
		}
		b := s.index[print]
		if b == nil {
			continue
		}
		if b.count--; b.count <= 0 {
			delete(s.index, print)
			continue
		}
		for j, g := range b.flows {
			if g == f {
				b.flows[j] = b.flows[len(b.flows)-1]
				b.flows = b.flows[:len(b.flows)-1]
				break
			}
		}
	}
}

// queue has flows in the order of the times at which they are due.
type queue struct {
	items []item
	from  int
}

type item struct {
	due  int64
	flow *flow
}

func (q *queue) push(due int64, f *flow) { q.items = append(q.items, item{due, f}) }

// due returns the next flow if it is due now. Those that are over are passed over.
func (q *queue) due(now int64) (f *flow, ok bool) {
	for q.from < len(q.items) {
		next := q.items[q.from]
		if next.due > now && !next.flow.gone {
			return nil, false
		}
		q.items[q.from] = item{}
		if q.from++; q.from >= 1024 && q.from*2 >= len(q.items) {
			n := copy(q.items, q.items[q.from:])
			clear(q.items[n:])
			q.items, q.from = q.items[:n], 0
		}
		if !next.flow.gone {
			return next.flow, true
		}
	}
	return nil, false
}
