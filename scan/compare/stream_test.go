package compare

import (
	"container/heap"
	"math"
	"net/netip"
	"time"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// transfer is a TCP connection in virtual time: a client sends segments in windows, without
// waiting for each to be acknowledged; both ends acknowledge, and send again what is not,
// as RFC 6298 and RFC 5681 have it.
type transfer struct {
	*world
	src, dst       netip.AddrPort
	events         events
	window         int  // segments under way at most
	delayed        bool // acknowledgements are put off for 40 ms
	client, server end
	segments       []segment
	trips          []trip
	acks           []trip
}

// end is one end of a connection.
type end struct {
	next, got uint32            // its next sequence number, and the next that it expects
	unacked   uint32            // the first that is not acknowledged
	open      bool              // there is a connection
	same      int               // acknowledgements that acknowledge nothing new
	early     map[uint32]uint32 // what came too early: ends by beginnings
	owes      bool              // an acknowledgement that it has put off
}

// segment is a part of what the client sends.
type segment struct {
	from, to uint32
	flags    uint8
	text     []byte
	sent     int           // how often it was sent
	last     time.Duration // and when for the last time
}

// trip is a packet on its way: a segment there, or an acknowledgement back.
type trip struct {
	at            int64 // of a segment, as its question is named
	sent, arrived time.Duration
	from, to, ack uint32
}

const never = time.Duration(math.MaxInt64)

type event struct {
	at time.Duration
	do func(now time.Duration)
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func (s *transfer) after(at time.Duration, do func(now time.Duration)) {
	heap.Push(&s.events, event{at, do})
}

// streams begins n connections in each of which so many segments are sent, so many of them
// without waiting for the first one to be acknowledged.
func (w *world) streams(n, segments, window int, every time.Duration) {
	for i := range n {
		s := &transfer{world: w, src: netip.AddrPortFrom(w.addr(1, 1), uint16(40000+i)), dst: netip.AddrPortFrom(w.addr(2, 10), 80), window: window, delayed: w.IntN(2) == 0}
		s.client.next, s.server.next = w.Uint32(), w.Uint32()
		s.client.unacked, s.server.unacked = s.client.next, s.server.next
		s.server.early = map[uint32]uint32{}
		seq := s.client.next
		s.segments = append(s.segments, segment{from: seq, to: seq + 1, flags: wire.SYN})
		seq++
		for range segments {
			text := make([]byte, 1+w.IntN(1400))
			for i := range text {
				text[i] = byte(w.Uint32())
			}
			s.segments = append(s.segments, segment{from: seq, to: seq + uint32(len(text)), flags: wire.ACK | wire.PSH, text: text})
			seq += uint32(len(text))
		}
		s.segments = append(s.segments, segment{from: seq, to: seq + 1, flags: wire.FIN | wire.ACK})
		s.transmit(0, time.Duration(i)*every)
		for steps := 0; len(s.events) > 0 && steps < 5000; steps++ {
			e := heap.Pop(&s.events).(event)
			e.do(e.at)
		}
		s.judge()
	}
}

// patience is how long an end waits before it sends again.
func (s *transfer) patience(tries int) time.Duration {
	usual := 2*(s.delay+s.jitter+s.overtaken) + s.back + s.thinking + 40*time.Millisecond
	return min(max(200*time.Millisecond, usual*3/2)<<tries, 4*time.Second)
}

// transmit sends the i-th segment, and again if it is not acknowledged.
func (s *transfer) transmit(i int, now time.Duration) {
	seg := &s.segments[i]
	q := message{ip: wire.IP{Src: s.src.Addr(), Dst: s.dst.Addr(), TTL: 64, DF: true}, payload: seg.text}
	q.tcp = &wire.TCP{Src: s.src.Port(), Dst: s.dst.Port(), Seq: seg.from, Flags: seg.flags, Window: 64240}
	if seg.flags&wire.ACK != 0 {
		q.tcp.Ack = s.client.got
	}
	if !s.v6 {
		q.ip.ID = uint16(s.Uint32())
	}
	arrives := s.Float64() >= s.lost[0]
	then, at := s.send(q, true, now, arrives, s.src)
	t := trip{at: at.UnixNano(), sent: now, arrived: never, from: seg.from, to: seg.to}
	if arrives {
		t.arrived = then
		s.after(then, func(now time.Duration) { s.receive(seg, now) })
	}
	s.trips = append(s.trips, t)
	seg.sent, seg.last = seg.sent+1, now
	if int32(seg.to-s.client.next) > 0 {
		s.client.next = seg.to
	}
	s.remind(i, seg.sent, now+s.patience(seg.sent-1))
}

// remind has a segment be sent again at a time if it is not acknowledged then; not before
// all that stand before it are.
func (s *transfer) remind(i, tries int, at time.Duration) {
	s.after(at, func(now time.Duration) {
		seg := &s.segments[i]
		switch {
		case seg.sent != tries || tries == 5 || int32(s.client.unacked-seg.to) >= 0 || now > time.Minute:
		case s.client.unacked == seg.from:
			s.transmit(i, now)
		default:
			s.remind(i, tries, now+s.patience(0))
		}
	})
}

// receive is what the server does with a segment.
func (s *transfer) receive(seg *segment, now time.Duration) {
	if seg.flags&wire.SYN != 0 {
		s.server.got, s.server.open = seg.to, true
		s.acknowledge(wire.SYN|wire.ACK, now)
		return
	}
	if !s.server.open {
		return
	}
	s.server.early[seg.from] = seg.to
	inOrder := seg.from == s.server.got
	for {
		to, ok := s.server.early[s.server.got]
		if !ok {
			break
		}
		s.server.got = to
	}
	if s.delayed && inOrder && !s.server.owes && seg.flags&wire.FIN == 0 {
		s.server.owes = true
		s.after(now+40*time.Millisecond, func(now time.Duration) {
			if s.server.owes {
				s.acknowledge(wire.ACK, now)
			}
		})
		return
	}
	s.acknowledge(wire.ACK|seg.flags&wire.FIN, now+time.Duration(s.Float64()*float64(s.thinking)))
}

// acknowledge has the server say up to where it has everything.
func (s *transfer) acknowledge(flags uint8, now time.Duration) {
	s.after(now, func(now time.Duration) {
		s.server.owes = false
		ack := s.server.got
		if flags&wire.FIN != 0 && ack != s.segments[len(s.segments)-1].to {
			flags &^= wire.FIN
		}
		outside := s.translated(s.src)
		a := message{ip: wire.IP{Src: s.dst.Addr(), Dst: outside.Addr(), TTL: 60, DF: true}}
		a.tcp = &wire.TCP{Src: s.dst.Port(), Dst: outside.Port(), Seq: s.server.next, Ack: ack + s.nat.seq[s.src], Flags: flags, Window: 65160}
		if flags&wire.SYN == 0 {
			a.tcp.Seq++
		}
		if !s.v6 {
			a.ip.ID = uint16(s.Uint32())
		}
		arrives := s.Float64() >= s.lost[1]
		then, _ := s.send(a, false, now, arrives, s.src)
		t := trip{sent: now, arrived: never, ack: ack}
		if arrives {
			t.arrived = then
			s.after(then, func(now time.Duration) { s.hear(ack, flags, now) })
		}
		s.acks = append(s.acks, t)
	})
}

// hear is what the client does with an acknowledgement.
func (s *transfer) hear(ack uint32, flags uint8, now time.Duration) {
	c := &s.client
	switch {
	case int32(ack-c.unacked) > 0:
		c.unacked, c.same = ack, 0
	case ack == c.unacked && flags&wire.SYN == 0:
		if c.same++; c.same == 3 {
			for i := range s.segments {
				// What was sent less than a round trip ago cannot be missed yet.
				if seg := &s.segments[i]; seg.from == c.unacked && seg.sent > 0 && seg.sent < 5 && now-seg.last > 2*s.delay+s.back {
					s.transmit(i, now)
				}
			}
		}
	}
	if flags&(wire.SYN|wire.FIN) != 0 {
		c.got = s.server.next + 1
		if flags&wire.FIN != 0 {
			c.got++
		}
		p := message{ip: wire.IP{Src: s.src.Addr(), Dst: s.dst.Addr(), TTL: 64, DF: true}}
		p.tcp = &wire.TCP{Src: s.src.Port(), Dst: s.dst.Port(), Seq: c.next, Ack: c.got, Flags: wire.ACK, Window: 64240}
		s.send(p, true, now, s.Float64() >= s.lost[0], s.src)
		c.open = true
	}
	under := 0
	for i := range s.segments {
		seg := &s.segments[i]
		if int32(seg.to-c.unacked) <= 0 {
			continue
		}
		if under++; under > s.window || seg.flags&wire.FIN != 0 && under > 1 {
			break
		}
		if seg.sent == 0 && c.open {
			now += 20 * time.Microsecond
			s.transmit(i, now)
		}
	}
}

// judge says of each packet of the client what became of it: a question is answered by
// what acknowledges all of it, between its arrival and that of the same one again.
func (s *transfer) judge() {
	for _, q := range s.trips {
		fate, lost, first := report.LostThere, false, never
		if q.arrived != never {
			fate = report.Unanswered
			until := never
			for _, o := range s.trips {
				if o.from == q.from && o.arrived > q.arrived {
					until = min(until, o.arrived)
				}
			}
			for _, a := range s.acks {
				if a.sent < q.arrived || a.sent >= until || int32(a.ack-q.to) < 0 {
					continue
				}
				fate = max(fate, report.LostBack)
				if a.arrived == never {
					lost = true
				} else {
					fate, first = report.Answered, min(first, a.arrived)
				}
			}
		}
		key := question{s.src, s.dst, q.at}
		s.truth[key] = fate
		if lost && fate == report.Answered {
			s.second[key] = s.begin.Add(first).UnixNano()
		}
	}
}
