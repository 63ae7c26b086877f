package ports

import (
	"slices"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/sweep"
)

// manyPorts is from how many ports on a host is asked a few more than were asked
// for: who asks for fewer wants just these.
const manyPorts = 10

// host is what is known of a host whose ports are being asked.
type host struct {
	answer  sweep.Host // as it will be reported
	ports   int        // that are asked of it
	left    int        // and still to be handed out
	results int        // of which the result is in

	open      map[uint16]bool // whose SYN-ACK was seen
	broken    []uint16        // that said two different things
	seen      []seen          // TCP answers, by how far they have come
	onlyReset *sweep.Reset    // the first reset, while nothing else was heard
	doubts    []doubted       // by what and which

	canary      state
	answeredFor uint16      // the canary that was answered for; 0: none
	accepts     bool        // and it accepts a handshake, too
	proven      bool        // a handshake has shown that the host is there
	other       *sweep.Host // the first that was heard of it but SYN-ACKs; nil: nothing
	held        []Port      // waiting for the canaries
	silent      []Port      // UDP: waiting for what silence means
	told        int         // UDP ports that the host itself said are closed
	control     state       // whether it says so of a port that nobody uses
	silence     *Finding    // what silence means
}

// state is how far a second opinion is.
type state uint8

const (
	notAsked state = iota
	asking
	yes // the canary lies, the control is told
	no
)

// seen counts answers that have come as many hops.
type seen struct {
	hops  uint8
	ports []uint16 // the first maxListed
	count int
}

// doubted are ports in doubt for one reason.
type doubted struct {
	why   probe.Doubt
	ports []uint16
	count int
}

// hear lets the state of a host follow from its ports: whatever it sent itself
// shows that it is up, and only ARP or ND that it is down.
func (h *host) hear(r *scan.Result) {
	reply := &r.Reply
	if reply.Event == probe.Answer && reply.Layer == wire.LayerTCP && reply.IP.Src.IsValid() {
		h.saw(wire.Hops(reply.IP.TTL), r.Probe.Port)
	}
	if reply.Event == probe.ICMPError && reply.Who == probe.Target && r.Verdict.State == probe.Closed {
		h.told++
	}
	heard := reply.Event == probe.Answer || reply.Event == probe.ICMPError && reply.Who == probe.Target
	if heard && h.other == nil && r.Verdict.Reason != probe.SynAck {
		h.other = &sweep.Host{Reason: r.Verdict.Reason, Reply: *reply, RTT: r.RTT, Tries: r.Tries}
	}
	reset := reply.Event == probe.Answer && reply.Layer == wire.LayerTCP && reply.TCP.Flags&wire.RST != 0 && reply.IP.Src.IsValid()
	if h.answer.State == probe.Up {
		if heard && !reset {
			h.onlyReset = nil
		}
		return
	}
	a := &h.answer
	switch {
	case heard:
		a.State, a.Reason, a.Reply, a.RTT, a.Tries = probe.Up, r.Verdict.Reason, *reply, r.RTT, r.Tries
		if reset {
			h.onlyReset = &sweep.Reset{Target: a.Addr, Port: r.Probe.Port, TTL: reply.IP.TTL, RTT: r.RTT}
		}
	case reply.Event == probe.NoNeighbour:
		a.State, a.Reason, a.Reply = probe.Down, r.Verdict.Reason, probe.Reply{Event: probe.NoNeighbour}
	}
}

// settle decides the host's own state when all its ports are known: SYN-ACKs of
// somebody who answers for every port do not show that it is there.
func (h *host) settle() {
	a := &h.answer
	switch {
	case h.answeredFor == 0 || h.proven || a.State != probe.Up || a.Reason != probe.SynAck:
	case h.other == nil:
		a.State, a.Doubt = probe.Unknown, probe.Canary
	default:
		a.Reason, a.Reply, a.RTT, a.Tries = h.other.Reason, h.other.Reply, h.other.RTT, h.other.Tries
	}
}

// unsaw takes back what saw counted: the port has proved itself otherwise.
func (h *host) unsaw(hops uint8, port uint16) {
	for i := range h.seen {
		if s := &h.seen[i]; s.hops == hops && h.far() > hops {
			if at := slices.Index(s.ports, port); at >= 0 {
				s.ports = slices.Delete(s.ports, at, at+1)
			}
			if s.count--; s.count == 0 {
				h.seen = slices.Delete(h.seen, i, i+1)
			}
			return
		}
	}
}

// saw counts an answer that has come so many hops.
func (h *host) saw(hops uint8, port uint16) {
	i, ok := slices.BinarySearchFunc(h.seen, hops, func(s seen, hops uint8) int { return int(s.hops) - int(hops) })
	if !ok {
		h.seen = slices.Insert(h.seen, i, seen{hops: hops})
	}
	s := &h.seen[i]
	s.count++
	if len(s.ports) < maxListed {
		s.ports = append(s.ports, port)
	}
}

// far is from how far away the host answers: as far as any answer has come, for
// who answers in its place is nearer.
func (h *host) far() uint8 {
	if len(h.seen) == 0 {
		return 0
	}
	return h.seen[len(h.seen)-1].hops
}

// nearer is probe.Nearer where r has come fewer hops than another answer before.
func (h *host) nearer(r *scan.Result) probe.Doubt {
	if r.Reply.Event == probe.Answer && r.Reply.Layer == wire.LayerTCP && r.Reply.IP.Src.IsValid() && wire.Hops(r.Reply.IP.TTL) < h.far() {
		return probe.Nearer
	}
	return probe.NoDoubt
}

// mark notes why a port that is handed out is in doubt. How far answers have come
// is known when all are in.
func (h *host) mark(p *Port) {
	if !p.Doubt.Middlebox() || p.Doubt == probe.Nearer {
		return
	}
	i := slices.IndexFunc(h.doubts, func(d doubted) bool { return d.why == p.Doubt })
	if i < 0 {
		i = len(h.doubts)
		h.doubts = append(h.doubts, doubted{why: p.Doubt})
	}
	d := &h.doubts[i]
	d.count++
	if len(d.ports) < maxListed {
		d.ports = append(d.ports, p.Probe.Port)
	}
}

// findings are what was found out about the host.
func (h *host) findings() []Finding {
	var list []Finding
	addr := h.answer.Addr
	for _, d := range h.doubts {
		list = append(list, Finding{Addr: addr, About: d.why, Ports: d.ports, Count: d.count, Port: h.answeredFor})
	}
	for _, s := range h.seen {
		if s.hops < h.far() {
			list = append(list, Finding{Addr: addr, About: probe.Nearer, Ports: s.ports, Count: s.count, Hops: s.hops, Far: h.far()})
		}
	}
	if n := len(h.broken); n > 0 {
		list = append(list, Finding{Addr: addr, About: probe.Contradiction, Ports: h.broken[:min(n, maxListed)], Count: n})
	}
	if h.answeredFor != 0 && !slices.ContainsFunc(list, func(f Finding) bool { return f.About == probe.Canary }) {
		list = append(list, Finding{Addr: addr, About: probe.Canary, Port: h.answeredFor})
	}
	if h.answer.Doubt == probe.ResetInPlace || h.answer.Doubt == probe.ResetUnplaced {
		list = append(list, Finding{Addr: addr, About: h.answer.Doubt, By: h.answer.By})
	}
	if h.silence != nil {
		list = append(list, *h.silence)
	}
	for i := range list {
		slices.Sort(list[i].Ports)
	}
	return list
}
