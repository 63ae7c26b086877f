package read

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sonde/probe"
	"sonde/scan/report"
)

// host is an element of that name under way. What comes before its address waits, and so do
// the ports that are only counted, until it is known which are listed.
type host struct {
	addr    netip.Addr
	state   probe.State
	reason  probe.Reason
	heard   bool // somebody answered, though there is no reason of ours for it
	stated  bool
	rec     report.Host
	put     bool // rec was
	port    *report.Port
	service *report.Service
	listed  map[string][]uint16
	extra   []extra
	guess   string // the system that nmap guesses first
	proto   string // of the trace
	tport   uint16
	hops    []report.Hop
}

// extra are ports that are only counted.
type extra struct {
	verdict report.Verdict
	proto   string
	ports   []uint16
	counted bool // which they are is not said
}

// inHost takes an element of a host, whatever it is in.
func (d *document) inHost(name string, a attributes) error {
	h := &d.host
	switch name {
	case "status":
		h.stated = true
		h.state, h.reason, h.heard = hostVerdict(a.get("state"), a.get("reason"))
	case "address":
		return h.address(a)
	case "hostname":
		if a.get("type") == "PTR" && h.rec.PTR == "" {
			h.rec.PTR, h.rec.Looked = a.get("name"), true
		} else if a.get("type") == "user" && len(h.rec.Forward) < 100 {
			h.rec.Forward = append(h.rec.Forward, a.get("name"))
		}
	case "extraports":
		state, ok := probe.ParseState(a.get("state"))
		if !ok {
			return fmt.Errorf("%.40q is no state of ports", a.get("state"))
		}
		h.extra = append(h.extra, extra{verdict: report.Verdict{State: state}, counted: true})
	case "extrareasons":
		return h.extraReasons(a)
	case "port":
		return d.beginPort(a)
	case "state":
		return d.portState(a)
	case "service":
		h.found(a)
	case "osmatch":
		if h.guess == "" {
			h.guess = a.get("name")
		}
	case "trace":
		h.proto = a.get("proto")
		port, err := a.number("port", 16)
		h.tport = uint16(port)
		return err
	case "hop":
		return h.hop(a)
	}
	return nil
}

// hostVerdict reads a state of a host. What nmap calls up since nobody was to ask is not
// tested; what it calls down since nobody answered is not known.
func hostVerdict(state, reason string) (probe.State, probe.Reason, bool) {
	r, known := parseReason(reason)
	s, ok := probe.ParseState(state)
	switch {
	case !ok:
		return probe.Unknown, probe.NoResponse, false
	case reason == "user-set" || reason == "not-decided":
		return probe.NotTested, probe.NoResponse, false
	case s == probe.Down && r == probe.NoResponse:
		return probe.Unknown, probe.NoResponse, false
	}
	return s, r, s == probe.Up && (!known || r == probe.NoResponse)
}

func (h *host) address(a attributes) error {
	text := a.get("addr")
	if a.get("addrtype") == "mac" {
		h.rec.MAC, h.rec.Vendor = parseMAC(text), a.get("vendor")
		return nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return fmt.Errorf("%.60q is no address", text)
	}
	if !h.addr.IsValid() {
		h.addr = addr
	}
	return nil
}

func (h *host) extraReasons(a attributes) error {
	if len(h.extra) == 0 {
		return nil
	}
	e := &h.extra[len(h.extra)-1]
	if e.ports != nil || e.proto != "" { // a further reason of the same state
		h.extra = append(h.extra, extra{verdict: report.Verdict{State: e.verdict.State}})
		e = &h.extra[len(h.extra)-1]
	}
	e.proto = a.get("proto")
	e.verdict.Reason, _ = parseReason(a.get("reason"))
	ports, err := portList(a.get("ports"))
	e.ports, e.counted = ports, len(ports) == 0
	return err
}

// beginHost puts the record of the host, before the first one that is about its ports.
func (d *document) beginHost() error {
	h := &d.host
	switch {
	case !h.addr.IsValid():
		return fmt.Errorf("a host has no address")
	case h.put:
		return nil
	}
	h.put = true
	h.rec.Addr, h.rec.State, h.rec.Reason = h.addr, h.state, h.reason
	if !h.stated {
		h.rec.State = probe.NotTested
	}
	if h.heard || h.state == probe.Up {
		h.rec.From = h.addr.WithZone("")
	}
	rec := h.rec
	return d.emit(&rec)
}

func (d *document) beginPort(a attributes) error {
	if err := inTurn(d.beginHost, d.flushPort); err != nil {
		return err
	}
	number, err := a.number("portid", 16)
	d.host.port = &report.Port{Addr: d.host.addr, Proto: a.get("protocol"), Port: uint16(number)}
	return err
}

// inTurn does one step after the other, until one fails.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) portState(a attributes) error {
	p := d.host.port
	if p == nil {
		return nil
	}
	state, ok := probe.ParseState(a.get("state"))
	if !ok {
		return fmt.Errorf("%.40q is no state of a port", a.get("state"))
	}
	reason, known := parseReason(a.get("reason"))
	p.State, p.Reason = state, reason
	p.From, _ = netip.ParseAddr(a.get("reason_ip"))
	if !known && !p.From.IsValid() && (state == probe.Open || state == probe.Closed || state == probe.Unfiltered) {
		p.From = p.Addr.WithZone("")
	}
	return nil
}

// found takes what a service was found to be; a name from a table of ports is not that.
func (h *host) found(a attributes) {
	p := h.port
	if p == nil || a.get("method") != "probed" {
		return
	}
	h.service = &report.Service{Addr: p.Addr, Proto: p.Proto, Port: p.Port, Service: a.get("name"), Product: a.get("product"),
		Version: a.get("version"), Info: a.get("extrainfo"), OS: a.get("ostype"), Hostname: a.get("hostname")}
	if h.service.Service == "unknown" {
		h.service.Service = ""
	}
}

// flushPort puts the port under way, and its service.
func (d *document) flushPort() error {
	h := &d.host
	p, s := h.port, h.service
	h.port, h.service = nil, nil
	if p == nil {
		return nil
	}
	if h.listed == nil {
		h.listed = map[string][]uint16{}
	}
	h.listed[p.Proto] = append(h.listed[p.Proto], p.Port)
	if err := d.emit(p); err != nil || s == nil {
		return err
	}
	return d.emit(s)
}

func (h *host) hop(a attributes) error {
	ttl, err := a.number("ttl", 8)
	from, _ := netip.ParseAddr(a.get("ipaddr"))
	if err != nil || !from.IsValid() || ttl == 0 || len(h.hops) > 255 {
		return err
	}
	hop := report.Hop{Addr: h.addr, Proto: h.proto, Port: h.tport, TTL: uint8(ttl), From: from, Reason: probe.TimeExceeded}
	if name := a.get("host"); name != "" {
		hop.PTR = name
	}
	if hop.Reached = from.WithZone("") == h.addr.WithZone(""); hop.Reached {
		hop.Reason = h.reason
	}
	h.hops = append(h.hops, hop)
	return nil
}

// endHost puts what is left of a host.
func (d *document) endHost() error {
	h := &d.host
	if err := inTurn(d.beginHost, d.flushPort, d.extraPorts); err != nil {
		return err
	}
	if h.guess != "" {
		if err := d.emit(&report.Service{Addr: h.addr, OS: h.guess}); err != nil {
			return err
		}
	}
	for i := range h.hops {
		h.hops[i].Hops = uint32(len(h.hops))
		if err := d.emit(&h.hops[i]); err != nil {
			return err
		}
	}
	d.host = host{}
	return nil
}

// extraPorts puts the ports that are only counted. Which these are older nmaps do not say: where
// all of them have one state, they are those that were asked and are not listed.
func (d *document) extraPorts() error {
	h := &d.host
	for i := range h.extra {
		e := &h.extra[i]
		protos := []string{e.proto}
		if e.counted && e.proto == "" {
			protos = protos[:0]
			for proto := range d.ports {
				protos = append(protos, proto)
			}
			slices.Sort(protos)
		}
		for _, proto := range protos {
			ports := e.ports
			if e.counted {
				if len(h.extra) > 1 {
					continue // nobody knows which
				}
				ports = unlisted(d.ports[proto], h.listed[proto])
			}
			for _, number := range ports {
				p := &report.Port{Addr: h.addr, Proto: strings.Clone(proto), Port: number, Verdict: e.verdict}
				if err := d.emit(p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// unlisted are those of asked that are not listed.
func unlisted(asked, listed []uint16) []uint16 {
	var is [1 << 16]bool
	for _, p := range listed {
		is[p] = true
	}
	return slices.DeleteFunc(slices.Clone(asked), func(p uint16) bool { return is[p] })
}
