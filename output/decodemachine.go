package output

import (
	"net/netip"

	"sonde/scan/report"
)

// The words of records about this machine, as schema.json lists them.
var (
	privilegeNames = []string{"raw-sockets", "xdp", "ping", "landlock", "seccomp"}
	limitNames     = []string{"open-files", "sockets", "local-ports", "source-ports"}
	ifaceStates    = []string{"up", "down", "no-carrier"}
	ifaceKinds     = []string{"ethernet", "ip", "loopback"}
	routeKinds     = []string{"unicast", "unreachable", "prohibit", "blackhole", "throw"}
	neighbours     = []string{"known", "unknown", "failed", "each"}
	wayMethods     = []string{"raw-ip", "frames", "sockets"}
)

func (o *object) privilege() *report.Privilege {
	o.need("name", "allowed")
	return &report.Privilege{Name: o.word("name", privilegeNames), Allowed: o.bool("allowed"), Missing: o.bool("missing"),
		Why: o.word("why", grants()), Program: o.str("program"), Drops: uint32(o.num("drops", 32)),
		Group: uint32(o.num("group", 32)), Groups: o.str("groups"), Version: uint32(o.num("version", 32))}
}

func (o *object) limit() *report.Limit {
	o.need("name")
	l := &report.Limit{Name: o.word("name", limitNames)}
	if o.has("value") {
		if l.Value = o.num("value", 64); o.has("first") && o.has("last") {
			o.fail("value", "stands beside first and last")
		}
		return l
	}
	o.need("first")
	l.First, l.Last, l.Shared = uint16(o.num("first", 16)), uint16(o.count("last", 16)), o.bool("shared")
	return l
}

func (o *object) iface() *report.Interface {
	o.need("name", "index", "state", "kind", "mtu", "addrs")
	return &report.Interface{Name: o.str("name"), Index: uint32(o.num("index", 32)), State: o.word("state", ifaceStates),
		Kind: o.word("kind", ifaceKinds), MTU: uint32(o.num("mtu", 32)), MAC: o.mac("mac"), Addrs: each(o, "addrs", (*object).prefix)}
}

func (o *object) prefix(key string) netip.Prefix {
	p, err := netip.ParsePrefix(o.str(key))
	if err != nil {
		o.fail(key, "is no address with a prefix length")
	}
	return p
}

func (o *object) route() *report.Route {
	o.need("to", "kind", "metric", "table")
	return &report.Route{V6: o.word("to", []string{all4, all6}) == all6, Kind: o.word("kind", routeKinds), Iface: o.str("iface"),
		Next: o.addr("next"), Source: o.addr("source"), Metric: uint32(o.num("metric", 32)), Table: uint32(o.num("table", 32))}
}

func (o *object) way() *report.Way {
	o.need("addr")
	w := &report.Way{Addr: o.addr("addr"), Last: o.addr("last"), Spare: o.bool("spare"), Name: o.str("name"), Iface: o.str("iface")}
	if w.Iface != "" {
		o.need("index", "state", "kind")
		w.Index, w.State, w.Kind = uint32(o.num("index", 32)), o.word("state", ifaceStates), o.word("kind", ifaceKinds)
	}
	if o.has("why") || o.has("error") {
		o.need("why", "error")
		w.Errno = o.errno("error")
		return w
	}
	o.need("mtu", "source", "tcp", "udp", "sweep", "pings")
	if w.Iface == "" {
		o.fail("iface", "must be there and not empty")
	}
	w.MTU, w.Source, w.Foreign = uint32(o.num("mtu", 32)), o.addr("source"), o.bool("foreign")
	w.Local, w.Next = o.bool("local"), o.addr("next")
	w.Neighbour, w.MAC, w.Known = o.word("neighbour", neighbours), o.mac("mac"), uint32(o.num("known", 32))
	if o.has("mac") {
		o.need("neighbour")
	}
	w.TCP, w.UDP, w.Sweep = o.word("tcp", wayMethods), o.word("udp", wayMethods), o.word("sweep", wayMethods)
	w.Pings = o.list("pings")
	return w
}
