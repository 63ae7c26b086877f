package link

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"sonde/probe/wire"
	"sonde/scan"
)

// fragments puts datagrams together that come in parts through packet sockets, by the
// rules of the kernel (ip_fragment.c, reassembly.c), which hands raw sockets only whole
// ones. What it holds is bounded: mostPartial datagrams of at most largest bytes, the
// oldest of which go first.
type fragments struct {
	ours    []netip.Addr // who may be asked for; others' are not kept
	partial []*datagram  // in the order of their first parts
	lent    []*datagram  // whole, and read by somebody until the next call of reclaim
	spare   []*datagram
}

// mostPartial is how many datagrams may be under way: what the kernel has room for
// (ipfrag_high_thresh, 4 MiB), if all are as large as can be.
const mostPartial = 64

// lasts is for how long a datagram waits for its parts: net.ipv4.ipfrag_time and
// net.ipv6.ip6frag_time (RFC 8200 section 4.5).
func lasts(v6 bool) time.Duration {
	if v6 {
		return 60 * time.Second
	}
	return 30 * time.Second
}

// datagram is one that is not whole yet.
type datagram struct {
	name  name
	since time.Duration // when its first part came
	first wire.Fragment // the part at offset 0, with a Head of its own; Head is nil until it came
	runs  []run         // what is there of the payload, in order, none overlapping another
	have  int           // bytes of it
	size  int           // of the payload; -1: the last part has not come
	end   int           // the farthest that a part reaches
	ecn   uint8         // bit 1<<ECN for each ECN that a part has
	body  []byte        // the payload, as far as it reaches
	whole []byte        // the datagram, when all of it is there
}

// name is what the parts of a datagram have in common (RFC 791 section 3.2, RFC 8200
// section 4.5). Link-local addresses name somebody on one link only.
type name struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8 // IPv4
	iface    int32 // of link-local addresses
}

// run is a stretch of payload: from is in it, to is behind it.
type run struct{ from, to int }

// take takes p, which came by a packet socket. It tells whether p is a packet that
// somebody may look at: one that never was in parts, or, instead of its last part,
// the whole datagram, whose B is lent until reclaim.
func (f *fragments) take(p *scan.Packet) bool {
	if !mayBeFragment(p) {
		return true
	}
	var part wire.Fragment
	if !part.Parse(p.B, p.Type) {
		return true // whole, or of no use: whoever parses it finds out
	}
	if !slices.Contains(f.ours, part.IP.Dst) {
		return false
	}
	d := f.of(p, &part)
	switch d.add(&part) {
	case partRefused:
		f.drop(d)
	case partCompletes:
		b, ok := d.join()
		f.partial = slices.DeleteFunc(f.partial, func(x *datagram) bool { return x == d })
		f.lent = append(f.lent, d)
		if !ok {
			return false
		}
		p.B, p.Sums = b, wire.SumsUnseen
		return true
	}
	return false
}

// mayBeFragment tells quickly of nearly all packets that they are none.
func mayBeFragment(p *scan.Packet) bool {
	switch {
	case p.Type == wire.TypeIPv4 && len(p.B) >= 20:
		return p.B[6]&0x3f != 0 || p.B[7] != 0
	case p.Type == wire.TypeIPv6 && len(p.B) >= 40:
		switch p.B[6] { // a header that may have the fragment's behind it, or that itself
		case 0, 43, 44, 51, 60:
			return true
		}
	}
	return false
}

// reclaim ends what take lent.
func (f *fragments) reclaim() {
	f.spare = append(f.spare, f.lent...)
	f.lent = f.lent[:0]
}

// of finds the datagram that a part belongs to, or begins it.
func (f *fragments) of(p *scan.Packet, part *wire.Fragment) *datagram {
	n := name{src: part.IP.Src, dst: part.IP.Dst, id: part.ID}
	v6 := part.IP.Dst.Is6()
	if !v6 {
		n.proto = part.Proto
	} else if part.IP.Dst.IsLinkLocalUnicast() {
		n.iface = p.Iface
	}
	for len(f.partial) > 0 && p.At-f.partial[0].since > lasts(f.partial[0].name.dst.Is6()) {
		f.drop(f.partial[0])
	}
	for _, d := range f.partial {
		if d.name == n && p.At-d.since <= lasts(v6) {
			return d
		}
	}
	if len(f.partial) >= mostPartial {
		f.drop(f.partial[0])
	}
	d := &datagram{}
	if n := len(f.spare); n > 0 {
		d, f.spare = f.spare[n-1], f.spare[:n-1]
	}
	d.begin(n, p.At)
	f.partial = append(f.partial, d)
	return d
}

func (f *fragments) drop(d *datagram) {
	f.partial = slices.DeleteFunc(f.partial, func(x *datagram) bool { return x == d })
	f.spare = append(f.spare, d)
}

func (d *datagram) begin(n name, at time.Duration) {
	*d = datagram{name: n, since: at, size: -1, runs: d.runs[:0], body: d.body[:0], whole: d.whole[:0]}
}

// partEffect is what becomes of a datagram by a part of it.
type partEffect uint8

const (
	partKept partEffect = iota
	partCompletes
	partRefused // the part contradicts others: none of them is to be believed (RFC 5722 section 4)
)

// add takes one part.
func (d *datagram) add(part *wire.Fragment) partEffect {
	data := part.Data
	if part.IP.Dst.Is6() && part.Offset == 0 && len(data) < headerOf(part.Proto) {
		return partKept // RFC 8200 section 4.5: the first has all headers
	}
	if part.More && len(data)%8 != 0 {
		if part.IP.Dst.Is6() {
			return partKept // RFC 8200 section 4.5: this part alone is discarded
		}
		data = data[:len(data)&^7]
	}
	from, to := part.Offset, part.Offset+len(data)
	switch {
	case to > largest:
		return partKept
	case from == to:
		return partRefused
	case !part.More && (to < d.end || d.size >= 0 && to != d.size):
		return partRefused
	case part.More && d.size >= 0 && to > d.size:
		return partRefused
	}
	if !part.More {
		d.size = to
	}
	d.end = max(d.end, to)
	i, found := slices.BinarySearchFunc(d.runs, from, func(r run, from int) int {
		switch {
		case r.to <= from:
			return -1
		case r.from > from:
			return 1
		}
		return 0
	})
	if found && to <= d.runs[i].to {
		return partKept // it came twice
	}
	if found || i < len(d.runs) && d.runs[i].from < to {
		return partRefused // it overlaps another one
	}
	// Parts in order make one run, as the kernel has it: what comes twice is cut the same
	// way, or lies within a run.
	if n := len(d.runs); i == n && n > 0 && d.runs[n-1].to == from {
		d.runs[n-1].to = to
	} else {
		d.runs = slices.Insert(d.runs, i, run{from, to})
	}
	d.have += to - from
	if to > len(d.body) {
		d.body = slices.Grow(d.body, to-len(d.body))[:to]
	}
	copy(d.body[from:], data)
	d.ecn |= 1 << (part.IP.TOS & 3)
	if from == 0 {
		d.first = *part
		d.first.Head, d.first.Data = bytes.Clone(part.Head), nil
	}
	if d.have == d.size {
		return partCompletes
	}
	return partKept
}

// headerOf is the least size of a transport header.
func headerOf(proto uint8) int {
	switch proto {
	case wire.ProtoTCP:
		return 20
	case wire.ProtoUDP, wire.ProtoICMPv6:
		return 8
	}
	return 0
}

// join returns the datagram, if it is not longer than can be, and its parts agree on
// ECN (RFC 3168 section 5.3): congestion of one part is that of all.
func (d *datagram) join() ([]byte, bool) {
	const notECT, ce = 1 << 0, 1 << 3
	if d.ecn != notECT && d.ecn&notECT != 0 {
		return nil, false
	}
	d.whole = d.first.Whole(d.whole[:0], d.size, d.ecn&ce != 0)
	if len(d.whole)+d.size > largest {
		return nil, false
	}
	d.whole = append(d.whole, d.body[:d.size]...)
	return d.whole, true
}
