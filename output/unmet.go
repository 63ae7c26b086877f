package output

import (
	"strings"

	"sonde/probe"
	"sonde/scan/report"
)

// This file has expectations that do not hold, as all formats with a place for them write and
// read them.

// AppendUnmet writes "Not as expected: 10.0.0.1 80/tcp is closed (reset), not open".
func (f *text) AppendUnmet(b []byte, u *report.Unmet) []byte {
	if !f.unmet {
		b = f.gap(b)
		f.unmet = true
	}
	return append(f.appendUnmet(append(b, "Not as expected: "...), u), '\n')
}

func (f *text) appendUnmet(b []byte, u *report.Unmet) []byte {
	if u.Addr.IsValid() {
		b = appendAddrName(b, u.Addr, u.Name)
	} else {
		b = AppendText(b, u.Name)
	}
	if u.Proto != "" {
		b = appendPort(append(b, ' '), u.Proto, u.Port)
	}
	v := report.Verdict{State: u.State, Reason: u.Reason, From: u.From, Tries: u.Tries, Asked: u.Asked, Weak: u.Weak}
	switch {
	case !u.Addr.IsValid():
		b = append(b, " did not resolve"...)
	case !u.Decided:
		b = append(b, " was not decided"...)
	default:
		b = f.paint(append(b, " is "...), u.State, u.State.String())
		b = append(b, " ("...)
		b = append(appendReason(b, u.Addr, &v, u.From.IsValid() && u.From != u.Addr.WithZone("")), ')')
	}
	var states []string
	for _, s := range u.Want {
		states = append(states, s.String())
	}
	return append(append(b, ", and should be "...), strings.Join(states, " or ")...)
}

func (l *line) unmet(u *report.Unmet) {
	l.addr("addr", u.Addr)
	l.said("name", u.Name)
	l.said("proto", u.Proto)
	l.some("port", uint64(u.Port))
	var states []string
	for _, s := range u.Want {
		states = append(states, s.String())
	}
	l.list("expected", states)
	if !u.Decided {
		return
	}
	l.word("state", u.State.String())
	l.word("reason", u.Reason.String())
	l.addr("from", u.From)
	l.some("tries", uint64(u.Tries))
	l.said("asked", u.Asked)
	l.yes("weak", u.Weak)
}

func (o *object) unmet() *report.Unmet {
	o.need("expected")
	states := append(append([]probe.State(nil), hostStates...), portStates...)
	u := &report.Unmet{Addr: o.addr("addr"), Name: o.str("name"), Proto: o.str("proto"), Port: uint16(o.num("port", 16))}
	u.Want = each(o, "expected", func(in *object, key string) probe.State { return in.state(key, states) })
	if u.Decided = o.has("state"); u.Decided {
		o.need("reason")
		u.State, u.Reason, u.From, u.Tries = o.state("state", states), o.reason("reason"), o.addr("from"), uint8(o.num("tries", 8))
		u.Asked, u.Weak = o.str("asked"), o.bool("weak")
	}
	return u
}
