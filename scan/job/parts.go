package job

import (
	"fmt"
	"net/netip"
	"slices"

	"sonde/probe"
	"sonde/scan/network"
	"sonde/scan/sweep"
	"sonde/scan/target"

	"go4.org/netipx"
)

// This file parts the targets of a sweep by how they can be asked.

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

// parts splits targets by how they can be asked: on the link by ARP or ND
// where nothing else was asked for, elsewhere by pings.
func (j *job) parts(set *target.Set, pings []sweep.Ping) ([]sweep.Part, error) {
	all := j.wantsSilent()
	if !j.network.Raw() {
		return j.kernelParts(set, pings, all)
	}
	var links, others []sweep.Ping
	for _, p := range pings {
		if p.Kind.Traits().Link {
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
	near, far, err := j.split(set)
	if err != nil {
		return nil, Local(err)
	}
	if pings != nil {
		if far.Len() > 0 && (len(others) == 0 || near.Len() == 0) {
			return nil, Usage("-PR: %v is not on a link of ours, so neither ARP nor ND can reach it", far.At(0))
		}
		links = pings
	}
	parts, err := byFamily(nil, near, sweep.Part{Pings: links, All: all}, pings != nil)
	if err != nil {
		return nil, err
	}
	return byFamily(parts, far, sweep.Part{Pings: others, All: all}, pings != nil)
}

// kernelParts is what the kernel can ask for us.
func (j *job) kernelParts(set *target.Set, pings []sweep.Ping, all bool) ([]sweep.Part, error) {
	if text := unaskable(pings); text != "" {
		return nil, Local(fmt.Errorf("%s", text))
	}
	noEcho := j.network.NoEcho
	if pings == nil {
		pings = sweep.Unprivileged(noEcho == nil)
	}
	pings = sweep.ByKernel(pings)
	for _, p := range pings {
		if s, _ := probe.BySocket(p.Kind); s.Socket() == probe.SocketPing && noEcho != nil {
			return nil, Local(fmt.Errorf("-P%s: %w; widen that range, run as root, or: setcap cap_net_raw+p sonde", pingLetter(p.Kind), noEcho))
		}
	}
	return []sweep.Part{{Targets: set, Pings: pings, All: all}}, nil
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
		return nil, Local(err)
	}
	if given && v6.Len() > 0 && (len(pings6) == 0 || v4.Len() == 0) {
		for _, p := range part.Pings {
			if !slices.Contains(pings6, p) {
				return nil, Usage("-P%s: IPv6 has no %s, and the target %v is IPv6", pingLetter(p.Kind), p.Kind.Asks(), v6.At(0))
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

// splitFamilies parts a set into IPv4 and IPv6.
func splitFamilies(set *target.Set) (v4, v6 *target.Set, err error) {
	var four, six target.Builder
	for r := range set.Each {
		if r.From().Is4() {
			four.AddRange(r)
		} else {
			six.AddRange(r)
		}
	}
	for _, a := range set.Zoned() {
		six.Add(a)
	}
	if v4, err = four.Set(); err == nil {
		v6, err = six.Set()
	}
	return v4, v6, err
}

// split parts a set into the neighbours on links of ours and the others, stretch by
// stretch where the network tells of these, and else address by address.
func (j *job) split(set *target.Set) (near, far *target.Set, err error) {
	var n, f target.Builder
	part := func(way uint16) *target.Builder {
		if network.IsNeighbour(&j.network.Routes.Ways()[way]) {
			return &n
		}
		return &f
	}
	for r := range set.Each {
		if j.network.Stretches == nil {
			for a := r.From(); a.IsValid() && r.Contains(a); a = a.Next() {
				part(j.network.Routes.Way(a)).Add(a)
			}
			continue
		}
		j.network.Stretches(r, func(first, last netip.Addr, way uint16) {
			part(way).AddRange(netipx.IPRangeFrom(first, last))
		})
	}
	for _, a := range set.Zoned() {
		part(j.network.Routes.Way(a)).Add(a)
	}
	if near, err = n.Set(); err == nil {
		far, err = f.Set()
	}
	return near, far, err
}
