package output

import (
	"sonde/probe"
	"sonde/scan/report"
)

func (l *line) privilege(p *report.Privilege) {
	l.str("name", p.Name)
	l.bool("allowed", p.Allowed)
	l.yes("missing", p.Missing)
	l.said("why", p.Why)
	l.said("program", p.Program)
	l.some("drops", uint64(p.Drops))
	if p.Groups != "" || p.Group != 0 {
		l.num("group", uint64(p.Group))
	}
	l.said("groups", p.Groups)
	l.some("version", uint64(p.Version))
	l.said("fix", fix(p))
}

func (l *line) limit(r *report.Limit) {
	l.str("name", r.Name)
	if r.Last == 0 {
		l.num("value", r.Value)
		return
	}
	l.num("first", uint64(r.First))
	l.num("last", uint64(r.Last))
	l.yes("shared", r.Shared)
}

func (l *line) iface(i *report.Interface) {
	l.str("name", i.Name)
	l.num("index", uint64(i.Index))
	l.str("state", i.State)
	l.str("kind", i.Kind)
	l.num("mtu", uint64(i.MTU))
	l.mac("mac", i.MAC)
	l.key("addrs")
	l.b = append(l.b, '[')
	for n, p := range i.Addrs {
		if n > 0 {
			l.b = append(l.b, ',')
		}
		l.b = append(p.AppendTo(append(l.b, '"')), '"')
	}
	l.b = append(l.b, ']')
}

// What default routes lead to.
const (
	all4 = "0.0.0.0/0"
	all6 = "::/0"
)

func (l *line) route(r *report.Route) {
	to := all4
	if r.V6 {
		to = all6
	}
	l.str("to", to)
	l.str("kind", r.Kind)
	l.said("iface", r.Iface)
	l.addr("next", r.Next)
	l.addr("source", r.Source)
	l.num("metric", uint64(r.Metric))
	l.num("table", uint64(r.Table))
}

func (l *line) way(w *report.Way) {
	l.addr("addr", w.Addr)
	l.addr("last", w.Last)
	l.said("name", w.Name)
	l.yes("spare", w.Spare)
	if w.Iface != "" {
		l.str("iface", w.Iface)
		l.num("index", uint64(w.Index))
		l.str("state", w.State)
		l.str("kind", w.Kind)
	}
	if w.Errno != 0 {
		l.str("why", noWay(w))
		l.str("error", probe.Trouble(w.Errno).Error())
		return
	}
	l.num("mtu", uint64(w.MTU))
	l.addr("source", w.Source)
	l.yes("foreign", w.Foreign)
	l.addr("next", w.Next)
	switch {
	case w.Local:
		l.bool("local", true)
	case !w.Next.IsValid():
		l.bool("on_link", true)
	}
	l.said("neighbour", w.Neighbour)
	l.mac("mac", w.MAC)
	l.some("known", uint64(w.Known))
	l.str("tcp", w.TCP)
	l.str("udp", w.UDP)
	l.str("sweep", w.Sweep)
	l.list("pings", w.Pings)
}
