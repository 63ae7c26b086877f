package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sonde/fingerprint"
	"sonde/output"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// pings reads -P: which ways of asking whether a host is there, nil for the
// default.
func (f *flags) pings() ([]sweep.Ping, error) {
	var list []sweep.Ping
	for _, p := range f.ping {
		letter, rest := p[:min(1, len(p))], p[min(1, len(p)):]
		if letter == "N" || letter == "n" || letter == "0" {
			if rest != "" || len(f.ping) > 1 {
				return nil, usage("-P%s: no ping at all goes with no other ping", p)
			}
			return nil, nil
		}
		e, ok := probe.ByPing(letter)
		if !ok {
			return nil, usage("-P%s: unknown kind of ping: N not at all, %s", p, pingLetters())
		}
		if e.Ports == "" && rest != "" {
			return nil, usage("-P%s: a ping by %s has no ports", p, e.Kind.Name())
		}
		if e.Ports == "" {
			list = appendNew(list, sweep.Ping{Kind: e.Kind})
			continue
		}
		if rest == "" {
			rest = e.Ports
		}
		proto := target.TCP
		if e.Kind.Proto() == "udp" {
			proto = target.UDP
		}
		numbers, err := target.ParsePorts(rest, proto, fingerprint.PortsOf)
		if err != nil {
			return nil, usage("-P%s: %w", p, err)
		}
		mine, other := numbers.TCP, numbers.UDP
		if proto == target.UDP {
			mine, other = other, mine
		}
		if len(other) > 0 {
			return nil, usage("-P%s: a ping by %s asks ports of its own protocol only", p, e.Kind.Name())
		}
		for _, n := range mine {
			list = appendNew(list, sweep.Ping{Kind: e.Kind, Port: n})
		}
	}
	return list, nil
}

// appendNew leaves out a question that is asked already.
func appendNew(list []sweep.Ping, p sweep.Ping) []sweep.Ping {
	if slices.Contains(list, p) {
		return list
	}
	return append(list, p)
}

// pingLetters lists what -P takes: "E echo request, S[ports] SYN".
func pingLetters() string {
	var l []string
	for _, e := range probe.Kinds() {
		switch {
		case e.Ping == "":
		case e.Ports == "":
			l = append(l, e.Ping+" "+e.Kind.Asks())
		default:
			l = append(l, e.Ping+"[ports] "+e.Kind.Asks())
		}
	}
	slices.Sort(l)
	return strings.Join(l, ", ")
}

// parts splits targets by how they can be asked: on the link by ARP or ND
// where nothing else was asked for, elsewhere by pings.
func (j *job) parts(set *target.Set, pings []sweep.Ping) ([]sweep.Part, error) {
	all := j.flags.verbose || j.score.countsSilent()
	if !j.network.raw() {
		if err := checkPings(pings); err != nil {
			return nil, local(err)
		}
		if pings == nil {
			pings = sweep.Unprivileged(j.network.noEcho == nil)
		}
		if slices.Contains(pings, sweep.Ping{Kind: probe.Echo}) && j.network.noEcho != nil {
			return nil, local(fmt.Errorf("-PE: %w; widen that range, run as root, or: setcap cap_net_raw+p sonde", j.network.noEcho))
		}
		return []sweep.Part{{Targets: set, Pings: byKernel(pings), All: all}}, nil
	}
	var links, others []sweep.Ping
	for _, p := range pings {
		if _, ok := p.Kind.(probe.LinkKind); ok {
			links = append(links, p)
		} else {
			others = append(others, p)
		}
	}
	if pings == nil {
		links, others = sweep.Link(), sweep.Default()
	}
	if len(links) == 0 {
		return byFamily(nil, set, sweep.Part{Pings: others, All: all}, pings != nil)
	}
	near, far, err := split(set, func(a netip.Addr) bool {
		return isNeighbour(&j.network.routes.Ways()[j.network.routes.Way(a)])
	})
	if err != nil {
		return nil, local(err)
	}
	if pings != nil {
		if far.Len() > 0 && (len(others) == 0 || near.Len() == 0) {
			return nil, usage("-PR: %v is not on a link of ours, so neither ARP nor ND can reach it", far.At(0))
		}
		links = pings
	}
	parts, err := byFamily(nil, near, sweep.Part{Pings: links, All: all}, pings != nil)
	if err != nil {
		return nil, err
	}
	return byFamily(parts, far, sweep.Part{Pings: others, All: all}, pings != nil)
}

// byFamily appends part to parts with set as its targets, in two where some of its
// pings are IPv4's only.
// given says that the user chose them: then each must be of use, and something
// left for every target.
func byFamily(parts []sweep.Part, set *target.Set, part sweep.Part, given bool) ([]sweep.Part, error) {
	part.Targets = set
	pings6 := sweep.For(part.Pings, true)
	if len(pings6) == len(part.Pings) {
		return append(parts, part), nil
	}
	v4, v6, err := splitFamilies(set)
	if err != nil {
		return nil, local(err)
	}
	if given && v6.Len() > 0 && (len(pings6) == 0 || v4.Len() == 0) {
		for _, p := range part.Pings {
			if !slices.Contains(pings6, p) {
				return nil, usage("-P%s: IPv6 has no %s, and the target %v is IPv6", pingLetter(p.Kind), p.Kind.Asks(), v6.At(0))
			}
		}
	}
	four, six := part, part
	four.Targets, six.Targets, six.Pings = v4, v6, pings6
	return append(parts, four, six), nil
}

// pingLetter is the letter of -P for a kind.
func pingLetter(k probe.Kind) string {
	for _, e := range probe.Kinds() {
		if e.Kind == k {
			return e.Ping
		}
	}
	return ""
}

// byKernel replaces kinds that need packets of our own.
func byKernel(pings []sweep.Ping) []sweep.Ping {
	var list []sweep.Ping
	for _, p := range pings {
		if _, ok := p.Kind.(probe.SocketKind); !ok {
			p.Kind = probe.Connect
		}
		list = append(list, p)
	}
	return list
}

// allParts splits the named and the ranged targets, either of which may be nil.
// Named ones are reported whatever comes of it.
func (j *job) allParts(named, ranged *target.Set, pings []sweep.Ping) ([]sweep.Part, error) {
	var parts []sweep.Part
	for _, set := range []*target.Set{named, ranged} {
		if set.Len() == 0 {
			continue
		}
		p, err := j.parts(set, pings)
		if err != nil {
			return nil, err
		}
		for i := range p {
			p[i].All = p[i].All || set == named
		}
		parts = append(parts, p...)
	}
	return parts, nil
}

// findHosts asks which targets are there.
func (j *job) findHosts(ctx context.Context, parts []sweep.Part, emit func(*sweep.Host)) error {
	stats, err := sweep.Run(ctx, j.engine, j.base(), parts, emit)
	if j.kept != nil && err == nil && ctx.Err() == nil {
		j.names.wait() // the records of hosts that are looked up
		j.kept.SetFound()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats = j.stats.Plus(stats)
	return err
}

// hostRecord is the record of a host that a sweep decided.
func (j *job) hostRecord(h *sweep.Host) output.Record {
	r := output.Record{Type: output.Host, Addr: h.Addr, State: h.State, Reason: h.Reason, Tries: h.Tries,
		Named: j.targets.NamedSet.Contains(h.Addr), Doubt: h.Doubt, By: h.By}
	if r.State == probe.Down && j.hostless(h.Addr) {
		r.State = probe.Unknown // nobody is missing there
	}
	if h.Asked != nil {
		r.Asked = h.Asked.Asks()
	}
	j.fill(&r, &h.Reply)
	if h.RTT >= 0 {
		r.RTT, r.HasRTT = h.RTT, true
	}
	return r
}

// fill copies from a reply what records of all kinds show.
func (j *job) fill(r *output.Record, reply *probe.Reply) {
	r.From = reply.From
	switch reply.Event {
	case probe.Answer, probe.ICMPError:
		r.Reply = reply
		if reply.IP.Src.IsValid() {
			r.TTL, r.HasTTL = reply.IP.TTL, true
		}
	case probe.LocalError:
		r.Errno = reply.Errno
	case probe.Unseen:
		r.Source = j.meta.Source
	}
	if reply.MAC != (wire.MAC{}) {
		r.MAC, r.Vendor = reply.MAC, fingerprint.Vendor(reply.MAC)
	}
	if n := j.targets.Name(r.Addr); n != "" {
		r.Names = []string{n}
	}
}

// splitFamilies parts a set into IPv4 and IPv6.
func splitFamilies(set *target.Set) (v4, v6 *target.Set, err error) {
	var four, six builder
	for _, r := range set.Ranges() {
		if r.From().Is4() {
			four.ranges = append(four.ranges, r)
		} else {
			six.ranges = append(six.ranges, r)
		}
	}
	six.zoned = set.Zoned()
	if v4, err = four.set(); err == nil {
		v6, err = six.set()
	}
	return v4, v6, err
}

// split parts a set by what keep says of its addresses, without expanding
// stretches that go the same way.
func split(set *target.Set, keep func(netip.Addr) bool) (yes, no *target.Set, err error) {
	var y, n builder
	for i := range set.Len() {
		a := set.At(i)
		if keep(a) {
			y.add(a)
		} else {
			n.add(a)
		}
	}
	if yes, err = y.set(); err == nil {
		no, err = n.set()
	}
	return
}
