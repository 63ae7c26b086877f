package output

import (
	"sonde/probe"
	"sonde/scan/report"
)

func (l *line) host(h *report.Host) {
	l.addr("addr", h.Addr)
	l.word("state", h.State.String())
	if h.State != probe.NotTested || h.Reason != probe.NoResponse { // which nothing decided
		l.word("reason", h.Reason.String())
	}
	l.said("name", h.Name())
	l.mac("mac", h.MAC)
	l.said("vendor", h.Vendor)
	if h.HasTTL {
		l.num("ttl", uint64(h.TTL))
	}
	l.roundTrip(&h.Verdict)
	l.hostFrom(h)
	l.some("tries", uint64(h.Tries))
	l.said("asked", h.Asked)
	l.names(&h.Names)
	for i := range l.objects("local_names", len(h.Local)) {
		l.str("name", h.Local[i].Name)
		l.word("source", h.Local[i].Source)
	}
	l.doubt(h.Doubt)
	l.addr("by", h.By)
	l.repeat(&h.Verdict)
	l.yes("named", h.Named)
	l.some("ports", uint64(h.Ports))
	l.yes("routed", h.Routed)
	l.yes("system", h.System)
	l.answer(&h.Verdict)
}

// hostFrom writes who answered, if that was not the host. Whether the host itself
// did is told by the reason, and else by "self".
func (l *line) hostFrom(h *report.Host) {
	own := h.Addr.WithZone("")
	if h.From.IsValid() && h.From != own {
		l.addr("from", h.From)
		return
	}
	if self := h.From == own; self != answered(h.Reason) {
		l.bool("self", self)
	}
}

// answered tells whether somebody was heard who gave that reason.
func answered(r probe.Reason) bool {
	switch r {
	case probe.NoResponse, probe.ReasonLocalError, probe.ReasonNoNeighbour, probe.SpoofedSource, probe.ReasonDeadline:
		return false
	}
	return true
}

// names writes what look-ups told, but for the one name to show. The forward names
// stand there if the name to show does not tell them.
func (l *line) names(n *report.Names) {
	if len(n.Forward) > 1 || len(n.Forward) == 1 && (n.Forward[0] == n.PTR || n.Forward[0] == "") {
		l.list("names", n.Forward)
	}
	l.said("reverse", n.PTR)
	switch {
	case n.Looked && n.Name() != "":
		l.bool("names_differ", n.Differ)
	case n.Looked:
		l.bool("looked_up", true)
	}
}

func (l *line) port(p *report.Port) {
	l.addr("addr", p.Addr)
	l.str("proto", p.Proto)
	l.num("port", uint64(p.Port))
	l.word("state", p.State.String())
	l.word("reason", p.Reason.String())
	l.addr("from", p.From)
	if p.HasTTL {
		l.num("ttl", uint64(p.TTL))
	}
	l.roundTrip(&p.Verdict)
	l.num("tries", uint64(p.Tries))
	l.said("asked", p.Asked)
	l.said("service", p.Service)
	l.doubt(p.Doubt)
	l.yes("confirmed", p.Confirmed)
	l.repeat(&p.Verdict)
	l.answer(&p.Verdict)
}

// roundTrip writes the time of one try, or those of a question that was asked
// several times.
func (l *line) roundTrip(v *report.Verdict) {
	switch {
	case v.Repeat != nil && v.Repeat.Timed():
		l.times(v.Repeat, true)
	case v.Repeat == nil && v.HasRTT:
		l.millis("rtt_ms", v.RTT)
	}
}

// doubt writes why an answer, or silence, may not be what it seems.
func (l *line) doubt(d probe.Doubt) {
	switch {
	case d.Middlebox():
		l.word("middlebox_suspected", d.String())
	case d.Silence():
		l.word("silence", d.String())
	}
}

// answer writes what stands at the end of hosts and ports.
func (l *line) answer(v *report.Verdict) {
	l.localError(v.Reason, v.Errno)
	l.addr("source", v.Source)
	l.yes("weak", v.Weak)
	l.some("unproven", uint64(v.Unproven))
	l.said("payload", v.Data.String())
	l.addr("quoted_src", v.QuotedSrc)
	l.addr("quoted_dst", v.QuotedDst)
	if v.Reply != nil {
		l.reply(v.Reply)
	}
}

// localError writes why this machine could not ask.
func (l *line) localError(r probe.Reason, errno uint16) {
	if r == probe.ReasonLocalError && errno != 0 {
		l.str("error", probe.Trouble(errno).Error())
	}
}
