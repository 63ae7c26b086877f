package main

import (
	"math"

	"sonde/output"
	"sonde/scan/link"
)

// machine reports what holds whatever is asked: privileges, interfaces, default
// routes, limits. With -e it is about that interface only.
func (e *examination) machine() error {
	for _, p := range e.privileges() {
		e.write(&output.Record{Type: output.OfPrivilege, Privilege: &p})
	}
	for i := range e.interfaces {
		if n := &e.interfaces[i]; e.flags.iface == "" || n.Name == e.flags.iface {
			e.write(&output.Record{Type: output.OfInterface, MAC: n.MAC, Interface: &output.Interface{Name: n.Name, Index: uint32(n.Index),
				State: n.Carrier.String(), Kind: n.Medium.String(), MTU: uint32(n.MTU), Addrs: n.Addrs}})
		}
	}
	routes, err := link.DefaultRoutes()
	if err != nil {
		return local(err)
	}
	for _, r := range routes {
		if e.flags.iface == "" || r.Iface == e.flags.iface {
			e.write(&output.Record{Type: output.OfRoute, Route: &output.Route{V6: r.V6, Kind: r.Kind, Iface: r.Iface, Next: r.Next,
				Source: r.Source, Metric: uint32(r.Metric), Table: uint32(r.Table)}})
		}
	}
	limits, err := limits()
	if err != nil {
		return local(err)
	}
	for _, l := range limits {
		e.write(&output.Record{Type: output.OfLimit, Limit: &l})
	}
	return nil
}

// missing reports the privileges without which targets are asked in other ways
// than they could be.
func (e *examination) missing() {
	for _, p := range e.privileges() {
		if p.Missing {
			e.write(&output.Record{Type: output.OfPrivilege, Privilege: &p})
		}
	}
}

// privileges are that for packets of our own, and the one that serves where these
// are not sent.
func (e *examination) privileges() []output.Privilege {
	r := &e.rights
	raw := output.Privilege{Name: "raw-sockets", Allowed: r.Raw == nil, Why: r.Why.String(), Program: r.Program,
		Missing: r.Raw != nil && e.flags.via != "connect"}
	if e.raw {
		raw.Drops = uint32(r.Held)
	}
	return []output.Privilege{raw,
		{Name: "ping", Allowed: r.Ping == nil, Missing: r.Ping != nil && !e.raw, Group: r.Group, Groups: r.Groups}}
}

// limits are the numbers of this machine that decide how much is asked at once,
// and from which ports.
func limits() ([]output.Limit, error) {
	files, sockets, err := link.MostSockets()
	if err != nil {
		return nil, err
	}
	list := []output.Limit{{Name: "open-files", Value: files}, {Name: "sockets", Value: uint64(sockets)}}
	if first, last, ok := kernelPorts(); ok {
		list = append(list, output.Limit{Name: "local-ports", First: uint16(first), Last: uint16(last)})
	}
	first, shared := freePorts()
	return append(list, output.Limit{Name: "source-ports", First: uint16(first), Last: math.MaxUint16, Shared: shared}), nil
}
