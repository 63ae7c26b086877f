package trace

import (
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// Records are the hops of the way as records; of a way on which nobody answered
// the first hop, so that the target is seen.
func (w *Way) Records() []*report.Hop {
	hops := w.Hops
	if len(hops) == 0 {
		hops = []Hop{{TTL: 1, Sent: w.Asked, Reason: w.Why, Errno: w.Errno}}
	}
	list := make([]*report.Hop, len(hops))
	for i := range hops {
		h := &hops[i]
		r := &report.Hop{Addr: w.Target, TTL: h.TTL, Hops: uint32(len(hops)), From: h.From, Others: h.Others, Reason: h.Reason, Refused: h.Refused,
			Errno: h.Errno, Reached: h.Reached, Excerpt: report.Excerpt{Quoted: h.Quoted}, Moved: report.Moved{QuotedSrc: h.QuotedSrc, QuotedDst: h.QuotedDst}, AsTo: h.AsTo, Extension: h.told(), Echoes: report.Echoes(h.Echoes),
			Repeat: report.Repeat{Sent: h.Sent, Answered: h.Received, Min: report.RTT(h.Min), Max: report.RTT(h.Max)}}
		r.HasTOS, r.TOS = h.Quoted > 0, h.Quote.IP.TOS
		r.Changes, r.Unseen = h.changes(), h.unseen()
		r.Visible = r.HasTOS && len(r.Unseen) == 0
		if h.Timed > 0 {
			r.Repeat.Avg = report.RTT(h.Total / time.Duration(h.Timed))
		}
		if r.Return = wire.Hops(h.left.expired); h.Reached {
			r.Return = wire.Hops(h.left.target)
		}
		if i < len(w.tallies) {
			w.repeated(i, r)
		}
		list[i] = r
	}
	return list
}

// changes are the fields that the hop does not quote as they were sent.
func (h *Hop) changes() (list []report.Change) {
	for i := range h.Readings {
		if r := &h.Readings[i]; r.Changed() {
			list = append(list, report.Change{Field: r.Name, Sent: r.Sent, Seen: r.Seen})
		}
	}
	return list
}

// unseen are the fields that it quotes too little to show.
func (h *Hop) unseen() (names []string) {
	for i := range h.Readings {
		if h.Readings[i].Hidden {
			names = append(names, h.Readings[i].Name)
		}
	}
	return names
}

// told is what the extension of an answer tells.
func (h *Hop) told() report.Extension {
	e := report.Extension{Labels: h.Labels}
	for _, o := range wire.Objects(h.raw.extension) {
		switch i, ok := o.Interface(); {
		case o.IsLabels():
		case ok:
			e.Interfaces = append(e.Interfaces, i)
		default:
			e.Objects = append(e.Objects, report.Object{Class: o.Class, Type: o.Type, Value: string(o.Value)})
		}
	}
	return e
}

// Rewrites are the changes on the way as records.
func (w *Way) Rewrites() (list []*report.Rewrite) {
	for _, c := range w.Changes() {
		r := &report.Rewrite{Addr: w.Target, Field: c.Field, From: c.From, To: c.To, Between: c.Between, Target: c.By.Reached,
			By: report.HopAt{TTL: c.By.TTL, From: c.By.From}}
		if c.After != nil {
			r.After = report.HopAt{TTL: c.After.TTL, From: c.After.From}
		}
		list = append(list, r)
	}
	return list
}

// Finding is what is to be known of the way as a whole: the loop in it, or who resets what
// takes it in the target's name; nil if there is none.
func (w *Way) Finding() *report.Finding {
	switch {
	case w.Reset != nil:
		return w.Reset.finding(w.Target, w.Port)
	case w.Loop == nil:
		return nil
	}
	return &report.Finding{Addr: w.Target, Doubt: probe.Loop, Hop: w.Loop.Hop, Routers: w.Loop.Routers}
}
