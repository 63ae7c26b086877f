package simnet

import (
	"fmt"
	"net/netip"

	"sonde/probe/wire"
)

// kinds are the names of ICMP errors: those of the reasons they bring.
var kinds = [...]struct {
	name string
	msg  wire.Message
}{
	{"net-unreach", wire.NetUnreach}, {"host-unreach", wire.HostUnreach},
	{"proto-unreach", wire.ProtoUnreach}, {"port-unreach", wire.PortUnreach},
	{"net-prohibited", wire.NetProhibited}, {"host-prohibited", wire.HostProhibited},
	{"admin-prohibited", wire.AdminProhibited}, {"no-route", wire.NoRoute},
	{"addr-unreach", wire.AddrUnreach}, {"beyond-scope", wire.BeyondScope},
	{"policy-fail", wire.PolicyFail}, {"reject-route", wire.RejectRoute},
	{"time-exceeded", wire.TimeExceeded}, {"param-problem", wire.ParamProblem},
	{"packet-too-big", wire.PacketTooBig},
}

// newAction reads a VERDICT.
func newAction(name string) (action, bool) {
	switch name {
	case "accept":
		return action{verdict: accept}, true
	case "drop":
		return action{verdict: drop}, true
	case "rst":
		return action{verdict: reset}, true
	case "syn-ack":
		return action{verdict: forge}, true
	}
	for _, k := range kinds {
		if k.name == name {
			return action{verdict: refuse, msg: k.msg}, true
		}
	}
	return action{}, false
}

func (p *parser) router(w *words) error {
	r := router{name: w.next(), ttl: 255, quote: -1, edit: edit{dscp: -1, ecn: -1}, count: countdown{takes: 1}}
	if p.routerNamed(r.name) >= 0 {
		return fmt.Errorf("%q is there twice", r.name)
	}
	for w.more() && w.err == nil {
		switch option := w.next(); option {
		case "mac":
			r.mac, r.ether = w.mac(), true
		case "ttl":
			r.ttl = uint8(w.number(8))
		case "silent":
			r.silent = true
		case "quote":
			r.quote = w.int()
		case "limit":
			r.limit = w.limit()
		case "mtu":
			if r.mtu.most = w.int(); w.is("untold") {
				r.mtu.untold = true
			}
			if r.mtu.tells = r.mtu.most; w.is("tells") {
				r.mtu.tells = w.int()
			}
		default:
			if r.edit.option(option, w) || r.count.option(option, w) {
				continue
			}
			addr, err := netip.ParseAddr(option)
			if err != nil {
				return noOption(option)
			}
			r.addrs = append(r.addrs, addr)
		}
	}
	r.line = p.newLine()
	p.last = len(p.n.routers)
	p.n.routers = append(p.n.routers, r)
	return nil
}

// rule reads a rule of the last router.
func (p *parser) rule(w *words) error {
	verb := w.next()
	a, ok := newAction(verb)
	if !ok {
		return noOption(verb)
	}
	a.router = p.last
	r := rule{action: a, share: always}
	dir := there
	for w.more() && w.err == nil {
		switch {
		case w.is("tcp"):
			r.proto = wire.ProtoTCP
		case w.is("udp"):
			r.proto = wire.ProtoUDP
		case w.is("icmp"):
			r.proto = wire.ProtoICMP
		case w.is("sport"):
			r.sport = w.ports()
		case w.is("tos"):
			r.tos = w.ports()
		case w.is("size"):
			r.size = w.ports()
		case w.is("to"):
			r.to = w.prefix()
		case w.is("if"):
			r.option = w.option()
		case w.is("unless"):
			r.option, r.unless = w.option(), true
		case w.is("back"):
			dir = back
		case w.percents():
			r.share = w.percent()
		default:
			r.ports = w.ports()
		}
	}
	if w.err != nil {
		return w.err
	}
	if r.proto == 0 && (r.verdict == reset || r.verdict == forge || r.option != 0) {
		r.proto = wire.ProtoTCP
	}
	switch {
	case r.proto != wire.ProtoTCP && (r.verdict == reset || r.verdict == forge || r.option != 0):
		return fmt.Errorf("rst, syn-ack and TCP options are for tcp")
	case dir == back && r.verdict != accept && r.verdict != drop:
		return fmt.Errorf("only accept and drop go with back")
	}
	rules := &p.n.routers[p.last].rules
	rules[dir] = append(rules[dir], r)
	return nil
}
