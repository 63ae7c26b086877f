package scan

import (
	"errors"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// This file is about what comes in: the engine's receive loops, and how a run finds
// the question that a packet, or the word of a kernel socket, answers.

// burst is how many packets are taken from or given to the link at a time.
const burst = 64

// arrival is a packet that came in, and what it is to the runs under way.
type arrival struct {
	packet wire.Packet
	in     *Packet
	parsed bool
	looked bool // taken says whether the kernel would take it
	taken  bool
	what   meaning
	run    *run        // the first that it is unsolicited to
	probe  probe.Probe // the question that it answers, to the first run that accepted it
}

// receive hands every packet that comes in to the runs under way, until the link is
// closed. A packet is parsed once, however many runs there are. It may look like an
// answer to several of them: it is unsolicited if none of them asked for it, and
// counted once. The Tap sees it once, too, and in the order of coming, when no run is
// locked any more.
func (e *Engine) receive() error {
	into := make([]Packet, burst)
	arrivals := make([]arrival, burst)
	for {
		n, err := e.cfg.Link.Recv(into)
		e.mu.Lock()
		runs := e.runs
		e.mu.Unlock()
		if len(runs) > 0 {
			for i := range into[:n] {
				arrivals[i].parse(&into[i])
			}
		}
		for _, r := range runs {
			concerns := n == 0 // there may be an error to be taken
			r.mu.Lock()
			for i := range into[:n] {
				if a := &arrivals[i]; a.parsed && a.show(r) != foreign {
					concerns = true
				}
			}
			r.mu.Unlock()
			if concerns { // of many runs, only those that it is for look at it
				r.nudge()
			}
		}
		for i := range into[:n] {
			switch a, in := &arrivals[i], &into[i]; {
			case len(runs) == 0 || a.what == foreign || a.what == local:
			case a.what == unsolicited:
				a.run.mu.Lock()
				a.run.stats.Unsolicited++
				a.run.mu.Unlock()
			case e.cfg.Tap != nil:
				p := Passed{At: in.At, EtherType: in.Type, Bytes: in.B, To: in.To, Probe: a.probe}
				if in.To != (wire.MAC{}) {
					p.From = in.MAC
				}
				e.cfg.Tap.Received(p)
			}
		}
		if errors.Is(err, ErrClosed) {
			return nil
		}
		if err != nil {
			e.fail(err)
			return err
		}
	}
}

// parse makes a the arrival of in.
func (a *arrival) parse(in *Packet) {
	a.parsed = a.packet.Parse(in.B, in.Type)
	a.packet.MAC = in.MAC
	a.in, a.looked = in, false
	a.what, a.run = foreign, nil
}

// takes tells whether the kernel would take a, which a kind claims. What it would not
// is no answer, and proves nothing.
func (a *arrival) takes(e *Engine) bool {
	if !a.looked {
		a.looked, a.taken = true, e.cfg.Link.Takes(a.in, &a.packet)
	}
	return a.taken
}

// show lets r look at a, and returns what a is to it. r.mu is held.
func (a *arrival) show(r *run) meaning {
	what := r.packet(a)
	switch what {
	case accepted:
		if a.what != accepted {
			a.what, a.probe = accepted, r.claimed.probe
		}
	case unsolicited:
		if a.what == foreign {
			a.what, a.run = unsolicited, r
		}
	case local:
		if a.what == foreign {
			a.what = local
		}
	}
	return what
}

// collect does the same for answers of kernel sockets.
func (e *Engine) collect() error {
	into := make([]Answer, burst)
	for {
		n, err := e.cfg.Sockets.Recv(into)
		for i := range into[:n] {
			a := &into[i]
			if r := e.byID(a.Run); r != nil {
				r.mu.Lock()
				r.heard(a)
				r.mu.Unlock()
				r.nudge()
			}
		}
		if errors.Is(err, ErrClosed) {
			return nil
		}
		if err != nil {
			e.fail(err)
			return err
		}
	}
}

// meaning is what a packet is to a run.
type meaning uint8

const (
	foreign     meaning = iota // it has nothing to do with the run
	local                      // the kernel of this machine says what became of a packet of ours: it was on no wire
	unsolicited                // it is for us, or quotes us, but answers nothing that was asked
	accepted
)

// packet finds the question that a packet answers. r.mu is held. The receive loop may
// still know a run that has ended: a packet that counts nowhere is not shown either.
func (r *run) packet(a *arrival) meaning {
	in, pkt := a.in, &a.packet
	what := foreign
	if r.closed {
		return what
	}
	c := &r.claimed
	c.unsure = false
	for w := range r.claim {
		s := &r.claim[w]
		s.Clock = uint32(in.At / time.Millisecond)
		for k, kind := range r.plan.Kinds {
			asker, ok := kind.(probe.PacketKind)
			if !ok {
				continue
			}
			q, reply := &r.claimed.probe, &r.claimed.reply
			*q, *reply = probe.Probe{Kind: uint8(k)}, probe.Reply{At: in.At}
			if !asker.Claim(s, pkt, q, reply) {
				continue
			}
			what = unsolicited
			if !a.takes(r.engine) {
				if reply.Event, reply.Weak = probe.Unsolicited, false; kind.Traits().Link {
					continue
				}
			}
			if reply.Event == probe.Unsolicited {
				if !c.unsure || reply.Weak && !c.unsureReply.Weak {
					c.unsure, c.unsureProbe, c.unsureReply = true, *q, *reply
				}
				continue
			}
			switch taken := r.reply(*q, reply); {
			case reply.Who == probe.Ourselves:
				return local
			case !taken:
				return unsolicited
			}
			if kind.Traits().Link {
				r.neighbour(*q, reply)
			}
			return accepted
		}
	}
	if c.unsure && r.m.unsure(c.unsureProbe, &c.unsureReply) {
		c.probe = c.unsureProbe
		r.stats.Received++
		return accepted
	}
	return what
}

// neighbour passes on an accepted answer to ARP or ND. r.mu is held.
func (r *run) neighbour(q probe.Probe, reply *probe.Reply) {
	r.stats.Resolved++
	if reply.Event != probe.Answer {
		return
	}
	r.nextHops.answered = markOf(reply.At)
	if i, ok := r.plan.Index(q); ok && r.engine.cfg.Neighbour != nil {
		r.engine.cfg.Neighbour(r.plan.At(i).Target, reply.MAC)
	}
}

// end returns what was counted; from now on nothing is.
func (r *run) end() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.stats
}

// heard takes what a kernel socket was told. r.mu is held.
func (r *run) heard(a *Answer) {
	reply := &a.Reply
	if r.closed {
		return
	}
	if reply.Event == probe.Unsolicited {
		r.stats.Unsolicited++
		return
	}
	reply.Try = a.Probe.Try
	if r.socket(a.Probe) == probe.SocketDatagram {
		if r.plan.SourcePort != 0 {
			reply.Try = 0 // of sockets that share a port the latest is told, whichever was meant
		}
		way := r.engine.cfg.Routes.Way(a.Probe.Target)
		reply.Match = reply.Event == probe.Answer && probe.PayloadMatches(&r.claim[way], a.Probe, a.Data)
	}
	if !r.reply(a.Probe, reply) && reply.Who != probe.Ourselves {
		r.stats.Unsolicited++
	}
}

// reply takes a proven reply to q, and counts it, unless it is of this machine: Who of reply
// says so then. r.mu is held.
func (r *run) reply(q probe.Probe, reply *probe.Reply) bool {
	if reply.Event == probe.ICMPError && reply.Who != probe.Target && r.engine.cfg.Routes.Local(reply.From) {
		reply.Who, reply.Event, reply.Errno = probe.Ourselves, probe.LocalError, uint16(probe.TroubleSaid(reply.ICMP.Msg))
		if way := r.way(q); reply.Errno == uint16(probe.GatewaySilent) && !way.Next.IsValid() {
			reply.Event = probe.NoNeighbour
		}
	}
	if q.TTL == 0 && r.plan.TTLs > 0 && reply.Event == probe.Answer && r.plan.Watcher != nil {
		if !r.plan.asksAtSomeTTL(q) {
			return false
		}
		r.m.note(noteStray, q, reply)
		r.stats.Received++
		return true
	}
	if !r.m.answer(r.engine.now(), q, reply) {
		return false
	}
	if reply.Who != probe.Ourselves {
		r.stats.Received++
	}
	return true
}
