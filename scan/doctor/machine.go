package doctor

import (
	"math"

	"sonde/scan/job"
	"sonde/scan/link"
	"sonde/scan/network"
	"sonde/scan/report"
	"sonde/scan/sandbox"
)

// machine reports what holds whatever is asked: privileges, interfaces, default
// routes, limits. With -e it is about that interface only.
func (e *examination) machine() error {
	for _, p := range e.privileges() {
		e.out.Put(&p)
	}
	for i := range e.interfaces {
		if n := &e.interfaces[i]; e.spec.Way.Iface == "" || n.Name == e.spec.Way.Iface {
			e.out.Put(&report.Interface{Name: n.Name, Index: uint32(n.Index),
				State: n.Carrier.String(), Kind: n.Medium.String(), MTU: uint32(n.MTU), Addrs: n.Addrs, MAC: n.MAC})
		}
	}
	routes, err := link.DefaultRoutes()
	if err != nil {
		return job.Local(err)
	}
	for _, r := range routes {
		if e.spec.Way.Iface == "" || r.Iface == e.spec.Way.Iface {
			e.out.Put(&report.Route{V6: r.V6, Kind: r.Kind, Iface: r.Iface, Next: r.Next,
				Source: r.Source, Metric: uint32(r.Metric), Table: uint32(r.Table)})
		}
	}
	limits, err := limits()
	if err != nil {
		return job.Local(err)
	}
	for _, l := range limits {
		e.out.Put(&l)
	}
	return nil
}

// missing reports the privileges without which targets are asked in other ways
// than they could be.
func (e *examination) missing() {
	for _, p := range e.privileges() {
		if p.Missing {
			e.out.Put(&p)
		}
	}
}

// privileges are that for packets of our own, and the one that serves where these
// are not sent.
func (e *examination) privileges() []report.Privilege {
	r := &e.rights
	raw := report.Privilege{Name: "raw-sockets", Allowed: r.Raw == nil, Why: r.Why.String(), Program: r.Program,
		Missing: r.Raw != nil && e.spec.Way.Via != "connect"}
	if e.raw {
		raw.Drops = uint32(r.Held)
	}
	s := &e.sandbox
	return []report.Privilege{raw,
		{Name: "xdp", Allowed: e.noProgram == "", Why: e.noProgram},
		{Name: "ping", Allowed: r.Ping == nil, Missing: r.Ping != nil && !e.raw, Group: r.Group, Groups: r.Groups},
		{Name: "landlock", Allowed: s.Files == nil, Why: sandbox.Why(s.Files), Version: uint32(s.ABI)},
		{Name: "seccomp", Allowed: s.Calls == nil, Why: sandbox.Why(s.Calls)}}
}

// limits are the numbers of this machine that decide how much is asked at once,
// and from which ports.
func limits() ([]report.Limit, error) {
	files, sockets, err := link.MostSockets()
	if err != nil {
		return nil, err
	}
	list := []report.Limit{{Name: "open-files", Value: files}, {Name: "sockets", Value: uint64(sockets)}}
	if first, last, ok := network.KernelPorts(); ok {
		list = append(list, report.Limit{Name: "local-ports", First: uint16(first), Last: uint16(last)})
	}
	first, shared := network.FreePorts()
	return append(list, report.Limit{Name: "source-ports", First: uint16(first), Last: math.MaxUint16, Shared: shared}), nil
}
