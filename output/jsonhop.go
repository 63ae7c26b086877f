package output

import (
	"strconv"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

func (l *line) hop(h *report.Hop) {
	l.addr("addr", h.Addr)
	l.num("ttl", uint64(h.TTL))
	l.some("hops", uint64(h.Hops))
	l.addr("from", h.From)
	l.addr("as_to", h.AsTo)
	l.num("sent", uint64(h.Repeat.Sent))
	l.num("received", uint64(h.Repeat.Answered))
	l.addrs("others", h.Others)
	if h.Repeat.Timed() {
		n := &h.Repeat
		l.times(n, max(n.Deviation, n.P50, n.P90, n.P99) > 0)
	}
	l.counted(h)
	if as := h.AS; as != nil {
		l.open("as")
		l.key("numbers")
		for i, n := range as.Numbers {
			l.b = strconv.AppendUint(append(l.b, "[,"[min(i, 1)]), uint64(n), 10)
		}
		l.b = append(l.b, ']')
		l.str("prefix", as.Prefix.String())
		l.said("name", as.Name)
		l.shut()
	}
	l.some("return_hops", uint64(h.Return))
	l.some("quoted", uint64(h.Quoted))
	l.changes(h.Changes)
	if len(h.Unseen) > 0 {
		l.list("unseen", h.Unseen)
	}
	if h.HasTOS {
		l.tos(h.TOS)
	}
	if h.From.IsValid() || h.Visible {
		l.bool("visible", h.Visible)
	}
	l.yes("reached", h.Reached)
	if h.State != probe.Unknown {
		l.word("state", h.State.String())
	}
	if h.Reason != hopReason(h.From.IsValid()) {
		l.word("reason", h.Reason.String())
	}
	if h.Refused != probe.NoResponse {
		l.word("refused", h.Refused.String())
	}
	l.addr("quoted_src", h.QuotedSrc)
	l.addr("quoted_dst", h.QuotedDst)
	l.mpls(h.Labels)
	l.interfaces(h.Interfaces)
	for i := range l.objects("objects", len(h.Objects)) {
		o := &h.Objects[i]
		l.num("class", uint64(o.Class))
		l.num("type", uint64(o.Type))
		l.key("value")
		l.b = append(appendHex(append(l.b, '"'), o.Value), '"')
	}
	if len(h.Came) > 0 {
		l.list("came", h.Came)
	}
	if len(h.Unanswered) > 0 {
		l.list("unanswered", h.Unanswered)
	}
	l.said("name", h.Name())
	l.names(&h.Names)
	if h.Proto != "" {
		l.str("proto", h.Proto)
		l.some("port", uint64(h.Port))
	}
	l.localError(h.Reason, h.Errno)
	if h.Reply != nil {
		l.reply(h.Reply)
	}
}

// hopReason is what a hop says by itself, by whether somebody answered.
func hopReason(answered bool) probe.Reason {
	if answered {
		return probe.TimeExceeded
	}
	return probe.NoResponse
}

// tos writes a TOS byte as its DSCP, by name, and its ECN.
func (l *line) tos(tos uint8) {
	l.word("dscp", wire.DSCPName(tos>>2))
	l.num("ecn", uint64(tos&3))
}

// changes writes a list of them; an empty one is absent.
func (l *line) changes(list []report.Change) {
	for i := range l.objects("changes", len(list)) {
		l.change(&list[i])
	}
}

func (l *line) change(c *report.Change) {
	l.str("field", c.Field)
	l.str("sent", c.Sent)
	l.str("seen", c.Seen)
}

// mpls writes a label stack, outermost first.
func (l *line) mpls(stack []wire.Label) {
	for i := range l.objects("mpls", len(stack)) {
		label := stack[i]
		l.num("label", uint64(label.Value()))
		l.num("tc", uint64(label.TC()))
		l.bool("bottom", label.Bottom())
		l.num("ttl", uint64(label.TTL()))
	}
}

// appendHex writes bytes in hexadecimal.
func appendHex(b []byte, s string) []byte {
	for i := range len(s) {
		b = append(b, hexDigits[s[i]>>4], hexDigits[s[i]&15])
	}
	return b
}

// interfaces writes those of a router.
func (l *line) interfaces(list []wire.Interface) {
	for i := range l.objects("interfaces", len(list)) {
		in := &list[i]
		l.word("role", in.Role.String())
		l.some("index", uint64(in.Index))
		l.addr("addr", in.Addr)
		l.said("name", in.Name)
		l.some("mtu", uint64(in.MTU))
	}
}

func (l *line) finding(f *report.Finding) {
	l.addr("addr", f.Addr)
	l.key("text")
	l.b = append(appendFinding(append(l.b, '"'), f), '"') // which needs no escaping
	l.word("about", f.Doubt.String())
	l.some("count", f.Count)
	l.said("proto", f.Proto)
	l.some("canary", uint64(f.Canary))
	if len(f.Ports) > 0 {
		l.key("port_list")
		for i, port := range f.Ports {
			l.b = append(l.b, "[,"[min(i, 1)])
			l.b = strconv.AppendUint(l.b, uint64(port), 10)
		}
		l.b = append(l.b, ']')
	}
	if len(f.MACs) > 0 {
		l.key("macs")
		for i, m := range f.MACs {
			l.b = append(l.b, "[,"[min(i, 1)])
			l.b = append(appendMAC(append(l.b, '"'), m), '"')
		}
		l.b = append(l.b, ']')
	}
	l.addr("by", f.By)
	if f.Doubt == probe.Nearer {
		l.num("hops", uint64(f.Hops))
		l.num("others_hops", uint64(f.Others))
	}
	if f.Doubt == probe.ICMPLimit {
		l.millis("every_ms", f.Every)
		l.units("cost_s", f.Cost, 100*time.Millisecond, 1)
		if f.Most > 0 {
			l.units("most_s", f.Most, 100*time.Millisecond, 1)
		}
	}
	if f.Doubt == probe.Loop {
		l.num("hop", uint64(f.Hop))
		l.addrs("routers", f.Routers)
	}
	l.yes("confirmed", f.Confirmed)
}
