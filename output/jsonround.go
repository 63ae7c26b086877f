package output

import (
	"net/netip"
	"strconv"
	"time"

	"sonde/scan/report"
)

// This file writes and reads what a watched trace (trace --watch) tells.

// since writes a time since the run began, in seconds to the millisecond.
func (l *line) since(d time.Duration) { l.units("at_s", d, time.Millisecond, 3) }

func (l *line) round(r *report.Round) {
	l.addr("addr", r.Addr)
	l.num("round", uint64(r.Number))
	l.since(r.At)
	l.num("ttl", uint64(r.TTL))
	l.num("last", uint64(r.Last))
	l.addr("from", r.From)
	if r.From.IsValid() && r.RTT > 0 {
		l.millis("rtt_ms", r.RTT)
	}
	l.yes("reached", r.Reached)
	if r.Reason != hopReason(r.From.IsValid()) {
		l.word("reason", r.Reason.String())
	}
	l.localError(r.Reason, r.Errno)
	l.addr("as_to", r.AsTo)
	l.said("reverse", r.PTR)
}

func (o *object) round() *report.Round {
	o.need("addr", "at_s", "last")
	r := &report.Round{Addr: o.addr("addr"), Number: uint32(o.count("round", 32)), At: o.seconds("at_s"), TTL: uint8(o.count("ttl", 8)),
		Last: uint8(o.num("last", 8)), From: o.addr("from"), Reached: o.bool("reached"), AsTo: o.addr("as_to"), PTR: o.str("reverse")}
	if r.From.IsValid() {
		r.RTT = o.millis("rtt_ms")
	}
	if r.Reason = hopReason(r.From.IsValid()); o.has("reason") {
		r.Reason = o.reason("reason")
	}
	r.Errno = o.localError(r.Reason)
	return r
}

func (l *line) reroute(r *report.Reroute) {
	l.addr("addr", r.Addr)
	l.num("round", uint64(r.Number))
	l.since(r.At)
	l.wayOf("was", r.Was)
	l.wayOf("now", r.Now)
	l.yes("known", r.Known)
	for i, n := range r.Balanced {
		if i == 0 {
			l.key("balanced")
		}
		l.b = strconv.AppendUint(append(l.b, "[,"[min(i, 1)]), uint64(n), 10)
	}
	if len(r.Balanced) > 0 {
		l.b = append(l.b, ']')
	}
}

// wayOf writes who answered by TTL; null stands for nobody.
func (l *line) wayOf(key string, way []netip.Addr) {
	l.key(key)
	l.b = append(l.b, '[')
	for i, a := range way {
		if i > 0 {
			l.b = append(l.b, ',')
		}
		if a.IsValid() {
			l.quoteAddr(a, key, i)
		} else {
			l.b = append(l.b, "null"...)
		}
	}
	l.b = append(l.b, ']')
}

func (o *object) reroute() *report.Reroute {
	o.need("addr", "at_s", "was", "now")
	return &report.Reroute{Addr: o.addr("addr"), Number: uint32(o.count("round", 32)), At: o.seconds("at_s"),
		Was: each(o, "was", (*object).anybody), Now: each(o, "now", (*object).anybody), Known: o.bool("known"),
		Balanced: each(o, "balanced", func(in *object, key string) uint8 { return uint8(in.count(key, 8)) })}
}

// anybody is an address, or none where there is null.
func (o *object) anybody(key string) netip.Addr {
	if o.members[key] == nil {
		return netip.Addr{}
	}
	return o.addr(key)
}
