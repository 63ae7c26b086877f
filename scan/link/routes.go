package link

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"go4.org/netipx"

	"sonde/probe"
	"sonde/scan"
)

// RouteOptions is what a user fixes about the way out.
type RouteOptions struct {
	Iface  string     // -e; "" leaves it to the kernel
	Source netip.Addr // -S; zero leaves it to the kernel. It may be foreign
	Frames Framing
}

// Framing says which IP packets leave as frames, past the kernel's own IP, beside
// those with a foreign source, which always do. Loopback takes no frames.
type Framing uint8

const (
	// FrameForeign: no others.
	FrameForeign Framing = iota
	// FrameOnLink: those to targets on an Ethernet link, too. The kernel's
	// neighbour table has no room for many of them.
	FrameOnLink
	// FrameAll: all, so that their answers are heard before this machine's own
	// firewall has its say.
	FrameAll
)

// Table implements scan.Routes: the kernel's own decisions, asked for once.
// It is immutable.
type Table struct {
	opt     RouteOptions
	iface   int // index of opt.Iface
	foreign bool
	ways    []scan.Way
	oif     []int // by way: the interface to name in sending; 0: leave it to the kernel
	lo      []int // loopback interfaces
	macs    macs
	known   []stretch
	zoned   map[netip.Addr]uint16
	groups  map[string]uint16 // by zone: of a link that a group is asked on, see Way
	local   *netipx.IPSet
	// of no host: everybody, and the networks themselves
	broadcast, network *netipx.IPSet
	choosy             []string
}

// stretch is a run of addresses that share a way: no edge of any route or rule
// lies inside.
type stretch struct {
	first, last netip.Addr
	way         uint16
}

// errUnplanned is the Err of way 0: the way to what is neither a target nor a
// gateway.
var errUnplanned = fmt.Errorf("no route was asked for: %w", syscall.ENETUNREACH)

// families are those of the addresses in targets and zoned.
func families(targets iter.Seq[netipx.IPRange], zoned []netip.Addr) (list []int) {
	four, six := false, len(zoned) > 0
	for r := range targets {
		if r.From().Is4() {
			four = true
		} else {
			six = true
		}
	}
	if four {
		list = append(list, netlink.FAMILY_V4)
	}
	if six {
		list = append(list, netlink.FAMILY_V6)
	}
	return list
}

// NewTable asks the kernel for the ways to all addresses in targets, which it goes
// through several times, and zoned (IPv6 addresses with a zone). It asks once for each stretch of addresses
// between the edges of all prefixes of all routing tables and rules, not once
// for each target: a /8 behind one route is one question. The gateways of these
// ways are known too, and what lies between targets of one stretch; way 0 is the answer
// for all other addresses.
//
// A target that cannot be reached makes a Way with Err (a probe.Trouble or a
// syscall.Errno), not an
// error. Errors are: opt.Iface does not exist or is down, opt.Source is another
// interface's, the kernel's tables cannot be read. Of several equal next hops (multipath) one is taken for the whole
// stretch. Rules that look at ports, protocol or user cannot be followed: see
// Choosy.
func NewTable(targets iter.Seq[netipx.IPRange], zoned []netip.Addr, opt RouteOptions) (*Table, error) {
	targets = merge(targets)
	k, err := askKernel(families(targets, zoned)...)
	if err != nil {
		return nil, notAsked{err}
	}
	defer k.close()
	t := &Table{opt: opt, zoned: make(map[netip.Addr]uint16), groups: make(map[string]uint16), local: k.local,
		broadcast: k.broadcast, network: k.network, choosy: k.choosy}
	t.opt.Source = opt.Source.Unmap()
	if opt.Iface != "" {
		i, ok := k.byName(opt.Iface)
		if !ok {
			return nil, fmt.Errorf("no interface %s; there are: %s", opt.Iface, strings.Join(k.names(), ", "))
		}
		if !i.up || !i.carrier {
			return nil, fmt.Errorf("interface %s: %w", opt.Iface, syscall.ENETDOWN)
		}
		if err := k.fits(t.opt.Source, i); err != nil {
			return nil, err
		}
		t.iface = i.index
	}
	t.macs = make(macs)
	for _, f := range k.faces {
		t.macs[int32(f.index)] = f.mac
		if f.loopback {
			t.lo = append(t.lo, f.index)
		}
	}
	t.foreign = opt.Source.IsValid() && !t.Local(t.opt.Source)
	t.add(scan.Way{Err: errUnplanned}, 0)

	for r := range targets {
		first := r.From()
		for _, next := range k.edgesWithin(r) {
			t.learn(k, first, next.Prev())
			first = next
		}
		t.learn(k, first, r.To())
	}
	for _, a := range zoned {
		zone := k.zone(a.Zone())
		if zone == 0 || t.iface != 0 && t.iface != zone {
			t.zoned[a] = t.add(scan.Way{Err: syscall.ENODEV}, 0)
			continue
		}
		t.zoned[a] = t.ask(k, a.WithZone(""), zone)
		if a.IsLinkLocalMulticast() {
			t.groups[a.Zone()] = t.zoned[a]
		}
	}
	t.sort()
	toTargets := len(t.ways)
	for i := 0; i < len(t.ways); i++ { // who sends frames asks for the gateway's address first
		w := t.ways[i]
		if w.Err == nil && w.Ether && w.Next.IsValid() && t.Way(w.Next) == 0 {
			t.known = append(t.known, stretch{w.Next, w.Next, t.ask(k, w.Next, w.Iface)})
			t.sort()
		}
	}
	for i := toTargets; i < len(t.ways); i++ {
		t.ways[i].Hops = true
	}
	return t, nil
}

// sort puts what is known in the order that Way searches.
func (t *Table) sort() {
	slices.SortFunc(t.known, func(a, b stretch) int { return a.first.Compare(b.first) })
}

// merge sorts ranges, makes IPv4-mapped ones IPv4, and joins those that
// overlap or touch.
func merge(ranges iter.Seq[netipx.IPRange]) iter.Seq[netipx.IPRange] {
	if merged(ranges) {
		return ranges
	}
	var b netipx.IPSetBuilder
	for r := range ranges {
		b.AddRange(netipx.IPRangeFrom(r.From().Unmap(), r.To().Unmap()))
	}
	set, _ := b.IPSet() // invalid ranges are left out
	if set == nil {
		return slices.Values([]netipx.IPRange(nil))
	}
	return slices.Values(set.Ranges())
}

// merged tells whether merge would change nothing, but for joining what touches.
func merged(ranges iter.Seq[netipx.IPRange]) bool {
	var last netipx.IPRange
	for r := range ranges {
		if !r.IsValid() || r.From().Is4In6() || last.IsValid() && !last.To().Less(r.From()) {
			return false
		}
		last = r
	}
	return true
}

// learn adds the addresses from first to last, between which there is no edge. Where
// there is none between those before and these either, as in a list of targets, all
// have one way, and become one stretch with what lies between them.
func (t *Table) learn(k *kernel, first, last netip.Addr) {
	if n := len(t.known); n > 0 {
		before := &t.known[n-1]
		if before.first.BitLen() == first.BitLen() && len(k.edgesWithin(netipx.IPRangeFrom(before.first, first))) == 0 {
			before.last = last
			return
		}
	}
	way := t.ask(k, first, t.iface)
	if n := len(t.known); n > 0 && t.known[n-1].way == way && t.known[n-1].last.Next() == first {
		t.known[n-1].last = last
		return
	}
	t.known = append(t.known, stretch{first, last, way})
}

// ask asks the kernel for the way to addr, out of interface oif if that is not 0.
func (t *Table) ask(k *kernel, addr netip.Addr, oif int) uint16 {
	way := scan.Way{Iface: oif}
	if src := t.opt.Source; src.IsValid() && src.Is4() != addr.Is4() {
		way.Err = syscall.EAFNOSUPPORT
		return t.add(way, 0)
	}
	if k.broadcast.Contains(addr) {
		way.Err = probe.Broadcast
		return t.add(way, 0)
	}
	if addr.Is6() && addr.IsLinkLocalUnicast() && oif == 0 && !t.Local(addr) {
		way.Err = probe.NoZone
		return t.add(way, 0)
	}
	source := t.opt.Source
	if t.foreign {
		source = netip.Addr{} // the kernel refuses to route for others
	}
	ask := k.route
	if oif != 0 {
		ask = k.routeBy
	}
	found, err := ask(addr, oif, source)
	i := k.byIndex(found.iface)
	if err == nil && !i.carrier { // the kernel drops what it should send, and nobody's silence means anything
		err = probe.NoCarrier
	}
	if err != nil {
		way.Err = err
		return t.add(way, 0)
	}
	way = scan.Way{Iface: i.index, Name: i.name, Next: found.next, Src: found.src, Own: found.src,
		MAC: i.mac, Ether: i.ether, MTU: i.mtu, Link: i.mtu}
	if found.mtu > 0 && found.mtu < way.MTU {
		way.MTU = found.mtu
	}
	if source.IsValid() {
		way.Src, way.Own = source, source
	}
	if t.foreign {
		way.Src, way.Frames = t.opt.Source, true
	}
	onLink := way.Ether && !way.Next.IsValid()
	if t.opt.Frames == FrameAll && !i.loopback || t.opt.Frames == FrameOnLink && onLink {
		way.Frames = true
	}
	send := oif
	if send == 0 && !i.loopback {
		send = i.index
	}
	return t.add(way, send)
}

// add returns the number of a way that is equal to w, a new one if need be.
func (t *Table) add(w scan.Way, oif int) uint16 {
	for i := range t.ways {
		if t.ways[i] == w && t.oif[i] == oif {
			return uint16(i)
		}
	}
	if len(t.ways) > 0xffff {
		return 0
	}
	t.ways = append(t.ways, w)
	t.oif = append(t.oif, oif)
	return uint16(len(t.ways) - 1)
}

// Ways implements scan.Routes.
func (t *Table) Ways() []scan.Way { return t.ways }

// Way implements scan.Routes: a binary search. Whoever has a link-local address, and is
// found by asking a group of that link, is reached as the group is.
func (t *Table) Way(target netip.Addr) uint16 {
	if zone := target.Zone(); zone != "" {
		way, ok := t.zoned[target]
		if !ok && target.IsLinkLocalUnicast() {
			way = t.groups[zone]
		}
		return way
	}
	target = target.Unmap()
	lo, hi := 0, len(t.known) // the first stretch that ends at target or later
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if t.known[mid].last.Less(target) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(t.known) || target.Less(t.known[lo].first) {
		return 0
	}
	return t.known[lo].way
}

// Stretches calls each with the runs of addresses within r that share a way, in
// order, and with the number of that way. What was not asked for is left out.
func (t *Table) Stretches(r netipx.IPRange, each func(first, last netip.Addr, way uint16)) {
	i, _ := slices.BinarySearchFunc(t.known, r.From(), func(s stretch, a netip.Addr) int { return s.last.Compare(a) })
	for ; i < len(t.known) && !r.To().Less(t.known[i].first); i++ {
		first, last := t.known[i].first, t.known[i].last
		if first.Less(r.From()) {
			first = r.From()
		}
		if r.To().Less(last) {
			last = r.To()
		}
		each(first, last, t.known[i].way)
	}
}

// Local implements scan.Routes. Of a family that no target is of, it knows addresses
// and no routes.
func (t *Table) Local(addr netip.Addr) bool {
	return t.local.Contains(addr.Unmap().WithZone(""))
}

// Hostless tells whether addr is of no single host: a group, everybody on a link
// of ours, or an IPv4 network of ours itself. Its silence is no host's. Broadcast
// addresses are not asked: their Way has Err.
func (t *Table) Hostless(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return addr.IsMulticast() || t.broadcast.Contains(addr) || t.network.Contains(addr)
}

func (t *Table) isLoopback(iface int) bool { return slices.Contains(t.lo, iface) }

// Foreign tells whether the source address that was asked for is not ours.
func (t *Table) Foreign() bool { return t.foreign }

// Choosy are the rules of this machine that look at more than addresses, in words:
// the protocol, ports or user of a packet. What applications send may leave by another
// way than packets of our own, which have a way by their address alone.
func (t *Table) Choosy() []string { return t.choosy }

// notAsked is an error of asking the kernel, and none of what it said.
type notAsked struct{ error }

func (e notAsked) Unwrap() error { return e.error }
