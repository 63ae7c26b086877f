package job

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"sonde/probe"
	"sonde/scan/network"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// This file is about whom --local asks: everybody on the links of this machine. IPv4
// is asked address by address, by ARP; of IPv6, where a link has 2^64, the group of all
// nodes is.

// mostOnLink is how many addresses an IPv4 prefix may have to be asked by ARP unless it is
// named: those of a /16.
const mostOnLink = 1 << 16

// local are the links of --local.
type local struct {
	groups  []netip.Addr // all nodes of each link, with its zone
	asked   []string     // prefixes and groups, for people
	exclude *target.Set  // who is not told of
	own     map[netip.Addr]bool
}

// localRules refuse what has no place beside --local.
func (s *Spec) localRules() []rule {
	if !s.Targets.Local {
		return nil
	}
	other := s.first("ping", "source", "source-port", "all-addresses", "count", "wait-for", "resume", "shard", "rst-guard", "dry-run", "expect-file", "max-retries")
	return []rule{
		{len(s.Targets.Words) > 0, "--local asks everybody on our own links: it excludes other targets; sonde sweep -PR asks only those that are named"},
		{other != "", "--local and --" + other + " exclude each other: IPv4 is asked by ARP, and IPv6 by an echo request to all nodes"},
		{len(s.crafted()) > 0 || s.Packet.TTL != nil, "--local: what it sends has a shape of its own"},
		{s.Way.Via == "connect", "--local needs packets of our own: it excludes --via connect"},
	}
}

// resolve finds out whom s asks.
func resolve(ctx context.Context, env *Env, s *Spec) (*target.Result, *local, error) {
	if s.Targets.Local {
		return readLocal(ctx, env, s)
	}
	t, err := Resolve(ctx, env, s)
	return t, nil, err
}

// readLocal finds out whom --local asks. Its result has the IPv4 addresses.
func readLocal(ctx context.Context, env *Env, s *Spec) (*target.Result, *local, error) {
	if env.Links == nil {
		return nil, nil, Local(fmt.Errorf("the links of this machine are not known here"))
	}
	links, err := env.Links()
	if err != nil {
		return nil, nil, Local(err)
	}
	if s.Way.Iface != "" {
		links = slices.DeleteFunc(links, func(l network.Link) bool { return l.Name != s.Way.Iface })
		if len(links) == 0 {
			return nil, nil, Local(fmt.Errorf("--local: %s is no Ethernet link that carries packets; sonde doctor lists the interfaces", s.Way.Iface))
		}
	}
	if len(links) == 0 {
		return nil, nil, Local(fmt.Errorf("--local: no Ethernet link carries packets here; sonde doctor lists the interfaces"))
	}
	l, words := &local{own: map[netip.Addr]bool{}}, []string(nil)
	for _, link := range links {
		for _, p := range link.Prefixes {
			l.own[p.Addr().WithZone("")] = true
		}
		more, err := l.link(s, link)
		if err != nil {
			return nil, nil, err
		}
		words = append(words, more...)
	}
	opt := s.TargetOptions()
	opt.Family = 0
	opt.Resolver, opt.HasRoute = env.Resolver, env.HasRoute
	t, err := target.Parse(ctx, words, opt)
	if err != nil {
		return nil, nil, &Error{ExitUsage, err}
	}
	opt.Exclude, opt.ExcludeSources = nil, nil
	left, err := target.Parse(ctx, s.Targets.Exclude, opt)
	if err != nil {
		return nil, nil, &Error{ExitUsage, err}
	}
	l.exclude = left.All
	return t, l, nil
}

// link adds a link: its group, and the words for its IPv4 addresses.
func (l *local) link(s *Spec, link network.Link) (words []string, err error) {
	six := false
	for _, p := range link.Prefixes {
		switch a := p.Addr(); {
		case a.Is6():
			six = six || a.IsLinkLocalUnicast()
		case s.Targets.IPv6 || p.Bits() > 31:
		default:
			if size := uint64(1) << (32 - p.Bits()); size > mostOnLink {
				return nil, Usage("--local: %v on %s has %d addresses, too many to ask one by one; name the part that is meant, as in sonde sweep -PR -e %s %v/24, or ask for IPv6 only by -6",
					p.Masked(), link.Name, size, link.Name, p.Masked().Addr())
			}
			words = append(words, p.Masked().String())
			l.asked = append(l.asked, p.Masked().String()+" by ARP")
		}
	}
	if six && !s.Targets.IPv4 {
		l.groups = append(l.groups, probe.AllNodesGroup(link.Name))
		l.asked = append(l.asked, probe.AllNodesGroup(link.Name).String())
	}
	return words, nil
}

// localParts are whom ARP asks: all IPv4 addresses of our links but our own, and none that
// lies behind a router.
func (j *job) localParts() ([]sweep.Part, error) {
	near, _, err := j.split(j.targets.All)
	if err != nil {
		return nil, Local(err)
	}
	var own target.Builder
	for a := range j.local.own {
		if a.Is4() {
			own.Add(a)
		}
	}
	ours, err := own.Set()
	if err == nil {
		near, err = target.NewSet(near.Ranges(), nil, ours)
	}
	if err != nil {
		return nil, Local(err)
	}
	j.targets.All = near
	return []sweep.Part{{Targets: near, Pings: sweep.Link(), All: j.wantsSilent()}}, nil
}

// request has the network know the ways to the groups, too, and to whoever answers there,
// and everything leave as frames: so the sender's hardware address is known of all that
// comes. A nil l changes nothing.
func (l *local) request(r *network.Request) {
	if l == nil {
		return
	}
	r.Frames, r.Via = true, "raw"
	if all, err := target.NewSet(r.Targets.Ranges(), l.groups); err == nil { // a few more make no set too large
		r.Targets = all
	}
}
