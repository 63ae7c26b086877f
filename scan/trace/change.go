package trace

import (
	"net/netip"

	"sonde/probe/field"
	"sonde/probe/wire"
)

// Change says where on the way a field of our packets was changed: between the last hop
// that saw it as it was and the first that saw it as it is, or by one of both. What a
// router quotes is what had come to it, and some change a packet before they look at it.
type Change struct {
	Field    string
	From, To string  // "": it was not there
	After    *Hop    // the last that saw From; nil: no hop did, it left as that
	By       *Hop    // the first that saw To
	Between  []uint8 // TTLs of the hops between them, which do not show the field
}

// sighting is how a field was last seen.
type sighting struct {
	hop        int // its index
	sent, seen string
}

// Changes are the changes on the way, in the order in which they are seen.
func (w *Way) Changes() (list []Change) {
	last, intact := map[string]sighting{}, w.intact()
	for i := range w.Hops {
		h := &w.Hops[i]
		for k := range h.Readings {
			r := &h.Readings[k]
			if r.Hidden || i < intact[r.Name] {
				continue
			}
			was, known := last[r.Name]
			if !known {
				was = sighting{hop: -1, sent: r.Sent, seen: r.Sent}
			}
			last[r.Name] = sighting{i, r.Sent, r.Seen}
			if from, changed := was.changed(r); changed {
				list = append(list, w.change(r, from, was.hop, i))
			}
		}
	}
	return list
}

// intact tells for each field the last hop that saw it as it was sent, by index: until there
// nobody has changed it. A hop before it that quotes it otherwise has written that into its
// quote only, as many do with IP IDs and checksums. But fields that routers set as they see
// fit may be set again.
func (w *Way) intact() map[string]int {
	last := map[string]int{}
	for i := range w.Hops {
		for _, r := range w.Hops[i].Readings {
			switch r.Name {
			case "dscp", "ecn", "flow-label", ttl:
			default:
				if !r.Hidden && !r.Changed() {
					last[r.Name] = i
				}
			}
		}
	}
	return last
}

// changed tells whether what r shows is not what came to the hop that s was seen at, and
// what that was. Some fields, such as the sequence number, are others in each packet: of
// these only is known whether they are as they were sent.
func (s *sighting) changed(r *field.Reading) (from string, changed bool) {
	switch {
	case s.sent == s.seen: // it had not been changed
		return r.Sent, r.Seen != r.Sent
	case s.sent == r.Sent:
		return s.seen, r.Seen != s.seen && !(r.Name == ttl && r.Seen == r.Sent)
	}
	return s.seen, r.Seen == r.Sent && r.Name != ttl
}

func (w *Way) change(r *field.Reading, from string, after, by int) Change {
	c := Change{Field: r.Name, From: from, To: r.Seen, By: &w.Hops[by]}
	if after >= 0 {
		c.After = &w.Hops[after]
	}
	for i := after + 1; i < by; i++ {
		c.Between = append(c.Between, w.Hops[i].TTL)
	}
	return c
}

// ttl is the name of the field.
const ttl = "ttl"

// read compares what the hops quote with what was sent, as it should have come to them.
func (w *Way) read() {
	var places []place
	for i := range w.Hops {
		h := &w.Hops[i]
		var sent, seen wire.Excerpt
		quotes := sent.Parse(h.raw.sent) && seen.Parse(h.raw.quoted)
		p := w.place(places, h, seen.IP.TTL)
		if places = append(places, p); !quotes {
			continue
		}
		sent.IP.TTL = h.TTL - (p.routers - 1)
		switch {
		case len(h.Labels) > 0:
			// Inside of MPLS the TTL of the label is counted down, and that of IP is not
			// (RFC 3443 §3).
			sent.IP.TTL = seen.IP.TTL
		case seen.IP.TTL == 0 && sent.IP.TTL == 1 && !w.passedOn(i):
			seen.IP.TTL = 1 // some count down before they look whether the packet has expired
		}
		h.Readings = field.Compare(nil, &sent, &seen)
	}
}

// place is where a hop is.
type place struct {
	from    netip.Addr
	ttl     uint8 // that was sent
	left    uint8 // and what was quoted of it; 0: none
	routers uint8 // how many the packet has come to, the hop included
}

// place finds the place of the next hop, of which left is the TTL that it quotes. It is one
// behind that of the hop before; but where one of those before has answered already, and
// quotes what another packet had left when it came to the same place, it is at that place:
// it refuses all, or takes more than one off the TTL. And where hops before it are silent,
// and it is no router at which the packet expired, it may have been there already when
// these were asked.
func (w *Way) place(before []place, h *Hop, left uint8) place {
	p := place{from: h.From, ttl: h.TTL, left: left, routers: 1}
	if n := len(before); n > 0 {
		p.routers = before[n-1].routers + 1
	}
	for i := len(before) - 1; i >= 0 && !before[i].from.IsValid() && left > 1 && !h.has(expired); i-- {
		p.routers--
		left--
	}
	for i := range before {
		o := &before[i]
		if p.left > 0 && o.left > 0 && o.from == h.From && h.From.IsValid() && p.left-o.left == h.TTL-o.ttl {
			p.routers = o.routers
			break
		}
	}
	return p
}

// passedOn tells whether a packet came to hop i though its TTL was over: there it is 0, and
// one that left with a TTL higher by one expires at the same hop, and came with 1. Where
// there are more of them, somebody answers whatever the TTL is.
func (w *Way) passedOn(i int) bool {
	more := 0
	h := &w.Hops[i]
	for k := i + 1; k < len(w.Hops); k++ {
		if o := &w.Hops[k]; o.From == h.From && o.Quoted > 0 && o.Quote.IP.TTL == o.TTL-h.TTL && o.has(expired) {
			more++
		}
	}
	return more == 1 && h.has(expired)
}
