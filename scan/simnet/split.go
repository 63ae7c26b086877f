package simnet

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"sonde/probe/wire"
)

// split is how a router balances load: over which of several ways a packet goes on.
type split struct {
	packet bool          // each packet by itself, at random; else by a hash of these
	every  time.Duration // all take one way, and the next one from so much later on; 0: they do not
	by     hashed        // what the hash reads
	ways   [][]int       // the routers of each, behind which all meet again
}

// hashed is a set of fields of a packet.
type hashed uint8

const (
	hashSource hashed = 1 << iota
	hashTarget
	hashSourcePort
	hashPort
	hashLabel // of IPv6
	hashICMP  // type, code and checksum, where others have ports
)

// hashedNames are these in words.
var hashedNames = map[string]hashed{"src": hashSource, "dst": hashTarget, "sport": hashSourcePort, "dport": hashPort, "label": hashLabel, "icmp": hashICMP}

// split reads how the last router balances load.
func (p *parser) split(w *words) error {
	s := &split{by: hashSource | hashTarget | hashSourcePort | hashPort | hashLabel | hashICMP}
	if w.is("every") {
		if s.every = w.duration(); s.every == 0 && w.err == nil {
			return fmt.Errorf("every 0s: no time at all")
		}
	} else {
		s.packet = w.flag("packet", "flow")
	}
	if s.every == 0 && w.is("by") {
		s.by = 0
		for name := range strings.SplitSeq(w.next(), ",") {
			h, ok := hashedNames[name]
			if !ok {
				return noOption(name)
			}
			s.by |= h
		}
	}
	for w.more() && w.err == nil {
		var way []int
		for name := range strings.SplitSeq(w.next(), ",") {
			r := p.routerNamed(name)
			if r < 0 || r == p.last {
				return fmt.Errorf("no router %q above", name)
			}
			way = append(way, r)
		}
		s.ways = append(s.ways, way)
	}
	if w.err == nil && len(s.ways) < 2 {
		return fmt.Errorf("too few ways")
	}
	p.n.routers[p.last].split = s
	return nil
}

// splits tells whether a router of list balances load.
func (n *Network) splits(list []int) bool {
	return slices.ContainsFunc(list, func(r int) bool { return n.routers[r].split != nil })
}

// over returns the path on which f goes that has path p: that one, or where routers on it
// balance load, one with those that they choose, on which answers come back, too. They
// all choose by the packet as it leaves us, which an edit on the way does not change.
func (l *Link) over(p int, at time.Duration, f *flight) int {
	whole := &l.paths[p]
	if !l.n.splits(whole.routers) {
		return p
	}
	list := l.chosen(nil, whole.routers, at, f)
	for i := len(l.n.paths); i < len(l.paths); i++ {
		if o := &l.paths[i]; o.prefix == whole.prefix && slices.Equal(o.routers, list) {
			return i
		}
	}
	way := *whole
	way.routers = list
	l.paths = append(l.paths, way)
	return len(l.paths) - 1
}

// chosen appends the routers of list, and behind each that balances load those of the way
// that it chooses for f, which leaves us at a time.
func (l *Link) chosen(out, list []int, at time.Duration, f *flight) []int {
	for _, r := range list {
		out = append(out, r)
		s := l.n.routers[r].split
		if s == nil {
			continue
		}
		var n uint64
		switch {
		case s.every > 0:
			n = uint64(at / s.every)
		case s.packet:
			n = l.rng.Uint64()
		default:
			n = s.hash(f, mix(l.n.Seed)^mix(uint64(r)))
		}
		out = l.chosen(out, s.ways[n%uint64(len(s.ways))], at, f)
	}
	return out
}

// hash is that of what s reads of f.
func (s *split) hash(f *flight, seed uint64) uint64 {
	proto, off := segment(f.b, f.etype)
	h := mix(seed ^ uint64(proto))
	if s.by&hashSource != 0 {
		h = hash(source(f.b, f.etype), h)
	}
	if s.by&hashTarget != 0 {
		h = hash(destination(f.b, f.etype), h)
	}
	if s.by&hashLabel != 0 && f.etype == wire.TypeIPv6 {
		h = mix(h ^ uint64(binary.BigEndian.Uint32(f.b)&0xfffff))
	}
	switch {
	case off+4 > len(f.b):
	case !hasPorts(proto):
		if s.by&hashICMP != 0 {
			h = mix(h ^ uint64(binary.BigEndian.Uint32(f.b[off:])))
		}
	default:
		if s.by&hashSourcePort != 0 {
			h = mix(h ^ uint64(binary.BigEndian.Uint16(f.b[off:])))
		}
		if s.by&hashPort != 0 {
			h = mix(h ^ uint64(binary.BigEndian.Uint16(f.b[off+2:]))<<16)
		}
	}
	return h
}
