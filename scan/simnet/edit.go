package simnet

import (
	"encoding/binary"
	"net/netip"

	"sonde/probe/wire"
)

// edit is what a router does to the packets that it passes on. It corrects checksums as
// devices do, by the difference: one that was wrong stays wrong.
type edit struct {
	late  bool       // as they leave, not as they come
	dscp  int        // to write; negative: as it is
	ecn   int        // likewise
	ttl   uint8      // to write; 0: as it is
	mss   uint16     // upper bound; 0: none
	strip option     // TCP options replaced by NOPs
	scrub bool       // writes a new IP ID
	nat   netip.Addr // written as the source; zero: as it is
	sport uint16     // written as the source port; 0: as it is
	port  uint16     // written as the destination port; 0: as it is
	seq   uint32     // added to TCP sequence numbers
}

// option reads one of the options that say what is done.
func (e *edit) option(name string, w *words) bool {
	switch name {
	case "late":
		e.late = true
	case "dscp":
		e.dscp = int(w.number(6))
	case "ecn":
		e.ecn = int(w.number(2))
	case "set-ttl":
		e.ttl = uint8(w.number(8))
	case "mss":
		e.mss = uint16(w.number(16))
	case "strip":
		e.strip |= w.option()
	case "scrub":
		e.scrub = true
	case "nat":
		e.nat = w.addr()
	case "sport":
		e.sport = uint16(w.number(16))
	case "port":
		e.port = uint16(w.number(16))
	case "seq":
		e.seq = uint32(w.number(32))
	default:
		return false
	}
	return true
}

// there changes a packet that is on its way from us.
func (e *edit) there(f *flight) {
	if e.dscp >= 0 {
		setTOS(f.b, f.etype, uint8(e.dscp)<<2|tosOf(f.b, f.etype)&3)
	}
	if e.ecn >= 0 {
		setTOS(f.b, f.etype, tosOf(f.b, f.etype)&^3|uint8(e.ecn))
	}
	if e.ttl > 0 && e.late {
		setTTL(f.b, f.etype, e.ttl)
	}
	if e.scrub && f.etype == wire.TypeIPv4 {
		relabel(f.b)
	}
	proto, off := segment(f.b, f.etype)
	if proto == wire.ProtoTCP && (e.mss > 0 || e.strip != 0) {
		rewriteOptions(f.b, off, e.mss, e.strip)
	}
}

// translates tells whether answers have to be changed back.
func (e *edit) translates() bool { return e.nat.IsValid() || e.sport|e.port > 0 || e.seq > 0 }

// translated is a packet as it is behind a router that changes where it seems to come from.
type translated struct {
	router int
	src    netip.Addr
}

// original is what it was before.
type original struct {
	src         netip.Addr
	sport, port uint16
}

// translate changes addresses, ports and sequence number as f leaves router index, and keeps
// what they were. What ICMP errors quote is not changed back: so those show it who are
// behind it.
func (l *Link) translate(index int, f *flight) {
	e := &l.n.routers[index].edit
	was := original{src: source(f.b, f.etype)}
	if e.nat.IsValid() && e.nat.Is4() == was.src.Is4() {
		setAddr(f.b, f.etype, srcAt4, srcAt6, e.nat)
	}
	if proto, off := segment(f.b, f.etype); hasPorts(proto) {
		was.sport, was.port = binary.BigEndian.Uint16(f.b[off:]), binary.BigEndian.Uint16(f.b[off+2:])
		if e.sport > 0 {
			setWord(f.b, off, e.sport, sumAt(f.b, f.etype))
		}
		if e.port > 0 {
			setWord(f.b, off+2, e.port, sumAt(f.b, f.etype))
		}
		if proto == wire.ProtoTCP {
			addTo(f.b, off+4, e.seq, off+16)
		}
	}
	l.translated[translated{index, source(f.b, f.etype)}] = was
}

// translateBack is the inverse, for what comes back.
func (l *Link) translateBack(index int, f *flight) {
	e := &l.n.routers[index].edit
	was, ok := l.translated[translated{index, destination(f.b, f.etype)}]
	if !ok {
		return
	}
	if destination(f.b, f.etype) != was.src {
		setAddr(f.b, f.etype, dstAt4, dstAt6, was.src)
	}
	proto, off := segment(f.b, f.etype)
	if !hasPorts(proto) {
		return
	}
	if e.port > 0 {
		setWord(f.b, off, was.port, sumAt(f.b, f.etype))
	}
	if e.sport > 0 {
		setWord(f.b, off+2, was.sport, sumAt(f.b, f.etype))
	}
	if proto == wire.ProtoTCP {
		addTo(f.b, off+8, -e.seq, off+16)
	}
}

func hasPorts(proto uint8) bool { return proto == wire.ProtoTCP || proto == wire.ProtoUDP }

// sumAt is where the checksum of the transport is that a change of addresses or ports
// changes; 0: there is none.
func sumAt(b []byte, etype uint16) int {
	switch proto, off := segment(b, etype); proto {
	case wire.ProtoTCP:
		return off + 16
	case wire.ProtoUDP:
		return off + 6
	case wire.ProtoICMPv6:
		return off + 2
	}
	return 0
}

// setWord writes a word and corrects the checksums at these places, but for 0.
func setWord(b []byte, at int, v uint16, sums ...int) {
	old := binary.BigEndian.Uint16(b[at:])
	binary.BigEndian.PutUint16(b[at:], v)
	for _, sum := range sums {
		if sum > 0 {
			adjust(b[sum:], old, v)
		}
	}
}

// addTo adds to a number of 32 bits and corrects the checksum at sum.
func addTo(b []byte, at int, n uint32, sum int) {
	v := binary.BigEndian.Uint32(b[at:]) + n
	setWord(b, at, uint16(v>>16), sum)
	setWord(b, at+2, uint16(v), sum)
}

// setAddr writes an address at one of these offsets.
func setAddr(b []byte, etype uint16, at4, at6 int, addr netip.Addr) {
	at, head := at6, 0
	if etype == wire.TypeIPv4 {
		at, head = at4, sumAt4
	}
	for i, a := 0, addr.AsSlice(); i < len(a); i += 2 {
		setWord(b, at+i, binary.BigEndian.Uint16(a[i:]), head, sumAt(b, etype))
	}
}

// countdown is how a router counts down the TTL.
type countdown struct {
	takes  uint8 // how much it takes: 1; with 0 it is no hop at all
	hides  bool  // it counts down elsewhere than in the TTL, as in the label of MPLS
	passes bool  // it passes on what has expired
}

// option reads one of the options that say how.
func (c *countdown) option(name string, w *words) bool {
	switch name {
	case "takes":
		c.takes = uint8(w.number(8))
	case "hides":
		c.hides = true
	case "passes":
		c.passes = true
	default:
		return false
	}
	return true
}

// over tells whether f has expired here.
func (c *countdown) over(f *flight) bool {
	left := int(ttl(f.b, f.etype)) - int(f.hidden)
	return left <= int(c.takes) && c.takes > 0 && !(c.passes && left == 1)
}

// down counts down. One that does so in the TTL writes what others hid, too.
func (c *countdown) down(f *flight) {
	if c.hides {
		f.hidden += c.takes
		return
	}
	setTTL(f.b, f.etype, ttl(f.b, f.etype)-f.hidden-c.takes)
	f.hidden = 0
}
