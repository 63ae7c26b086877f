package output

import (
	"net/netip"
	"syscall"

	"sonde/probe/wire"
)

// jsonMachine writes a record that is about this machine.
func jsonMachine(b []byte, r *Record) []byte {
	switch r.Type {
	case OfPrivilege:
		return jsonPrivilege(b, r.Privilege)
	case OfLimit:
		return jsonLimit(b, r.Limit)
	case OfInterface:
		return jsonInterface(b, r.Interface, r.MAC)
	case OfRoute:
		return jsonRoute(b, r.Route)
	}
	return jsonWay(jsonAddr(b, "addr", r.Addr), r)
}

func jsonPrivilege(b []byte, p *Privilege) []byte {
	b = jsonString(b, "name", p.Name)
	b = jsonBool(b, "allowed", p.Allowed)
	b = jsonSaid(b, "why", p.Why)
	if p.Drops > 0 {
		b = jsonUint(b, "drops", uint64(p.Drops))
	}
	if p.Groups != "" {
		b = jsonUint(b, "group", uint64(p.Group))
		b = jsonString(b, "groups", p.Groups)
	}
	return jsonSaid(b, "fix", p.fix())
}

func jsonLimit(b []byte, l *Limit) []byte {
	b = jsonString(b, "name", l.Name)
	if l.Last == 0 {
		return jsonUint(b, "value", l.Value)
	}
	b = jsonUint(b, "first", uint64(l.First))
	b = jsonUint(b, "last", uint64(l.Last))
	if l.Shared {
		b = jsonBool(b, "shared", true)
	}
	return b
}

func jsonInterface(b []byte, i *Interface, mac wire.MAC) []byte {
	b = jsonString(b, "name", i.Name)
	b = jsonUint(b, "index", uint64(i.Index))
	b = jsonString(b, "state", i.State)
	b = jsonString(b, "kind", i.Kind)
	b = jsonUint(b, "mtu", uint64(i.MTU))
	if mac != (wire.MAC{}) {
		b = jsonMAC(b, "mac", mac)
	}
	return jsonPrefixes(b, "addrs", i.Addrs)
}

// jsonPrefixes writes addresses with prefix lengths.
func jsonPrefixes(b []byte, key string, list []netip.Prefix) []byte {
	b = append(jsonKey(b, key), '[')
	for i, p := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(p.AppendTo(append(b, '"')), '"')
	}
	return append(b, ']')
}

func jsonRoute(b []byte, r *Route) []byte {
	b = jsonString(b, "to", r.prefix())
	b = jsonString(b, "kind", r.Kind)
	b = jsonSaid(b, "iface", r.Iface)
	b = jsonAddr(b, "next", r.Next)
	b = jsonAddr(b, "source", r.Source)
	b = jsonUint(b, "metric", uint64(r.Metric))
	return jsonUint(b, "table", uint64(r.Table))
}

func jsonWay(b []byte, r *Record) []byte {
	w := r.Way
	b = jsonAddr(b, "last", w.Last)
	if name := r.name(); name != "" {
		b = jsonString(b, "name", name)
	}
	if w.Spare {
		b = jsonBool(b, "spare", true)
	}
	if w.Iface != "" {
		b = jsonString(b, "iface", w.Iface)
		b = jsonUint(b, "index", uint64(w.Index))
		b = jsonString(b, "state", w.State)
		b = jsonString(b, "kind", w.Kind)
	}
	if w.Errno != 0 {
		b = jsonString(b, "why", noWay(r.Addr, w))
		return jsonString(b, "error", syscall.Errno(w.Errno).Error())
	}
	b = jsonUint(b, "mtu", uint64(w.MTU))
	b = jsonAddr(b, "source", w.Source)
	if w.Foreign {
		b = jsonBool(b, "foreign", true)
	}
	b = jsonAddr(b, "next", w.Next)
	switch {
	case w.Local:
		b = jsonBool(b, "local", true)
	case !w.Next.IsValid():
		b = jsonBool(b, "on_link", true)
	}
	b = jsonSaid(b, "neighbour", w.Neighbour)
	if r.MAC != (wire.MAC{}) {
		b = jsonMAC(b, "mac", r.MAC)
	}
	if w.Known > 0 {
		b = jsonUint(b, "known", uint64(w.Known))
	}
	b = jsonString(b, "tcp", w.TCP)
	b = jsonString(b, "udp", w.UDP)
	b = jsonString(b, "sweep", w.Sweep)
	return jsonStrings(b, "pings", w.Pings)
}
