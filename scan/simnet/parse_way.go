package simnet

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"sonde/probe"
	"sonde/scan"
)

func (p *parser) iface(w *words) error {
	i := iface{name: w.next(), mtu: 1500}
	if slices.ContainsFunc(p.n.ifaces, func(other iface) bool { return other.name == i.name }) {
		return fmt.Errorf("%q is there twice", i.name)
	}
	for w.more() {
		switch option := w.next(); option {
		case "mac":
			i.mac, i.ether = w.mac(), true
		case "mtu":
			i.mtu = w.int()
		case "frames":
			i.frames = true
		default:
			prefix, err := netip.ParsePrefix(option)
			if err != nil {
				return noOption(option)
			}
			i.addrs = append(i.addrs, prefix)
			p.n.local[prefix.Addr()] = len(p.n.ifaces)
		}
	}
	i.line = p.newLine()
	p.last = len(p.n.ifaces)
	p.n.ifaces = append(p.n.ifaces, i)
	for _, prefix := range i.addrs {
		p.addRoute(prefix.Masked(), p.way(p.last, prefix.Addr(), netip.Addr{}))
	}
	return nil
}

// way returns the index of a way, which it adds if it is not there.
func (p *parser) way(index int, src, next netip.Addr) uint16 {
	i := &p.n.ifaces[index]
	w := scan.Way{Iface: index + 1, Name: i.name, Src: src, Own: src, Next: next, MAC: i.mac,
		Ether: i.ether, Frames: i.frames, MTU: i.mtu, Link: i.mtu}
	return p.addWay(w)
}

func (p *parser) addWay(w scan.Way) uint16 {
	if at := slices.Index(p.n.ways, w); at >= 0 {
		return uint16(at)
	}
	p.n.ways = append(p.n.ways, w)
	return uint16(len(p.n.ways) - 1)
}

func (p *parser) addRoute(prefix netip.Prefix, way uint16) {
	p.n.routes = append(p.n.routes, route{prefix: prefix, way: way})
}

func (p *parser) route(w *words) error {
	prefix := w.prefix()
	kind := w.next()
	if w.err != nil {
		return w.err
	}
	v6 := prefix.Addr().Is6()
	switch kind {
	case "via":
		next := w.addr()
		for i := range p.n.ifaces {
			if next.IsValid() && p.n.ifaces[i].onLink(next) && p.n.ifaces[i].addr(v6).IsValid() {
				p.addRoute(prefix, p.way(i, p.n.ifaces[i].addr(v6), next))
				return nil
			}
		}
		return fmt.Errorf("%v is on no link declared above", next)
	case "dev":
		name := w.next()
		for i := range p.n.ifaces {
			if p.n.ifaces[i].name == name && p.n.ifaces[i].addr(v6).IsValid() {
				p.addRoute(prefix, p.way(i, p.n.ifaces[i].addr(v6), netip.Addr{}))
				return nil
			}
		}
		return fmt.Errorf("no interface %q with an address of the family above", name)
	}
	for _, r := range [...]struct {
		name string
		err  error
	}{{"unreachable", probe.RouteUnreachable}, {"prohibited", probe.RouteProhibited}, {"none", syscall.ENETUNREACH}} {
		if r.name == kind {
			p.addRoute(prefix, p.addWay(scan.Way{Err: r.err}))
			return nil
		}
	}
	return noOption(kind)
}

func (p *parser) path(w *words) error {
	t := path{prefix: w.prefix(), deadAfter: 3 * time.Second}
	for w.more() {
		switch option := w.next(); option {
		case "loop":
			t.loop = true
		case "dead":
			t.dead = w.kind()
			if w.more() && w.peek()[0] >= '0' && w.peek()[0] <= '9' {
				t.deadAfter = w.duration()
			}
		default:
			r := p.routerNamed(option)
			if r < 0 {
				return fmt.Errorf("no router %q above", option)
			}
			t.routers = append(t.routers, r)
		}
	}
	if len(t.routers) == 0 || t.loop && len(t.routers) < 2 {
		return fmt.Errorf("too few routers")
	}
	p.n.paths = append(p.n.paths, t)
	return nil
}

// routerNamed returns the index of a router; negative: none.
func (p *parser) routerNamed(name string) int {
	return slices.IndexFunc(p.n.routers, func(r router) bool { return r.name == name })
}
