package link

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"sonde/probe/wire"
)

// property is what may be the matter with a frame.
type property struct {
	name  string
	want  int  // 1: the kernel takes it, -1: it does not; 0: as it sees fit
	other bool // it comes by the other interface
	group bool // it is for a group on the link
	ip    bool // only of IP packets that are no neighbour discovery
	four  bool // only of IPv4
	frame func(f *etherFrame)
	// header changes the header before the packet is built; cut makes several of it.
	header func(b *bench, ip *wire.IP)
	cut    func(whole []byte) [][]byte
}

// tagged adds VLAN tags.
func tagged(tags ...uint32) func(*etherFrame) { return func(f *etherFrame) { f.tags = tags } }

// to changes for whom a frame is.
func to(m wire.MAC) func(*etherFrame) { return func(f *etherFrame) { f.to = m } }

// flip changes a bit of the IP packet, at an offset counted from the end where negative.
func flip(at int) func(*etherFrame) {
	return func(f *etherFrame) {
		i := at
		if at < 0 {
			i += len(f.b)
		}
		f.b[i] ^= 0x01
	}
}

// source changes the source address.
func source(v4, v6 string) func(*bench, *wire.IP) {
	return func(_ *bench, ip *wire.IP) {
		if ip.Dst.Is6() {
			ip.Src = netip.MustParseAddr(v6)
		} else {
			ip.Src = netip.MustParseAddr(v4)
		}
	}
}

// lengthen makes an IP header tell of more than there is, or less.
func lengthen(by int) func(*etherFrame) {
	return func(f *etherFrame) {
		at := 2
		if f.typ == wire.TypeIPv6 {
			at = 4
		}
		binary.BigEndian.PutUint16(f.b[at:], uint16(int(binary.BigEndian.Uint16(f.b[at:]))+by))
		mendHeader(f.b)
	}
}

func mendHeader(b []byte) {
	if b[0]>>4 == 4 || b[0]>>4 == 5 {
		n := min(len(b), max(20, int(b[0]&15)*4))
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], wire.Checksum(b[:n]))
	}
}

var properties = []property{
	{name: "as it should be", want: 1},
	{name: "802.1Q VLAN 5", want: -1, frame: tagged(0x8100<<16 | 5)},
	{name: "802.1Q priority 3", want: 1, frame: tagged(0x8100<<16 | 3<<13)},
	{name: "802.1ad VLAN 5", want: -1, frame: tagged(0x88a8<<16 | 5)},
	{name: "802.1ad priority 0", frame: tagged(0x88a8 << 16)},
	{name: "VLAN 7 in VLAN 5", want: -1, frame: tagged(0x88a8<<16|5, 0x8100<<16|7)},
	{name: "VLAN 7 in a priority", want: -1, frame: tagged(0x88a8<<16, 0x8100<<16|7)},
	{name: "priority in priority", frame: tagged(0x8100<<16, 0x8100<<16)},
	{name: "another host's", want: -1, frame: to(wire.MAC{2, 0, 0, 0, 0, 0x77})},
	{name: "everybody's", group: true, frame: to(wire.Broadcast)},
	{name: "a group's", group: true, frame: to(wire.MAC{1, 0, 0x5e, 0, 0, 1})},
	{name: "padded", want: 1, frame: func(f *etherFrame) { f.b = append(f.b, 0, 0, 0, 0, 0, 0) }},
	{name: "cut", want: -1, frame: func(f *etherFrame) { f.b = f.b[:len(f.b)-8] }},
	{name: "a header checksum that is wrong", ip: true, four: true, want: -1, frame: flip(10)},
	{name: "another version", ip: true, want: -1, frame: func(f *etherFrame) { f.b[0] ^= 0x30; mendHeader(f.b) }},
	{name: "header of 16 bytes", ip: true, four: true, want: -1, frame: func(f *etherFrame) { f.b[0] = 0x44; mendHeader(f.b) }},
	{name: "header longer than the packet", ip: true, four: true, want: -1, frame: func(f *etherFrame) { f.b[0] = 0x4f; f.b = f.b[:50]; lengthen(0)(f) }},
	{name: "longer than the frame", ip: true, want: -1, frame: lengthen(40)},
	{name: "shorter than its header", ip: true, four: true, want: -1, frame: func(f *etherFrame) { f.b[2], f.b[3] = 0, 19; mendHeader(f.b) }},
	{name: "a checksum that is wrong", ip: true, want: -1, frame: flip(-1)},
	{name: "without a checksum", ip: true, frame: func(f *etherFrame) {
		at := wire.ChecksumOffset(f.b)
		f.b[at], f.b[at+1] = 0, 0
	}},
	{name: "from a group", ip: true, want: -1, header: source("224.0.0.9", "ff02::9")},
	{name: "from everybody", ip: true, four: true, want: -1, header: source("255.255.255.255", "::")},
	{name: "from everybody on the link", ip: true, four: true, header: source("10.9.0.255", "::")},
	{name: "from nobody", ip: true, four: true, want: -1, header: source("0.0.0.0", "::")},
	{name: "from this network", ip: true, four: true, header: source("0.0.0.7", "::")},
	{name: "from loopback", ip: true, want: -1, header: source("127.0.0.1", "::1")},
	{name: "from ourselves", ip: true, four: true, want: -1, header: source("10.9.0.1", "::")},
	{name: "from another address of ours", ip: true, four: true, want: -1, header: source("10.10.0.1", "::")},
	{name: "from somebody on the way", ip: true, header: source("198.51.100.7", "2001:db8::7")},
	{name: "by another interface", ip: true, want: 1, other: true},
	{name: "by another interface, from somebody on the way", ip: true, other: true, header: source("198.51.100.7", "2001:db8::7")},
	{name: "in fragments", ip: true, want: 1, cut: pieces(24, 40)},
	{name: "in fragments, out of order", ip: true, want: 1, cut: shuffled(2, 0, 1)},
	{name: "in fragments, each twice", ip: true, want: 1, cut: shuffled(0, 0, 1, 1, 2, 2)},
	{name: "in fragments, out of order and twice", ip: true, want: 1, cut: shuffled(2, 1, 2, 1, 0)},
	{name: "in fragments, the first only", ip: true, want: -1, cut: shuffled(0)},
	{name: "in fragments, none of the last", ip: true, want: -1, cut: shuffled(0, 1)},
	{name: "in fragments, without the first", ip: true, want: -1, cut: shuffled(1, 2)},
	{name: "in fragments that overlap", ip: true, want: -1, cut: overlapping},
	{name: "in fragments, one other than the rest", ip: true, want: -1, cut: func(b []byte) [][]byte {
		all := pieces(24, 40)(b)
		all[1][len(all[1])-1] ^= 1
		return all
	}},
	{name: "in fragments, one in another VLAN", ip: true, want: -1, frame: func(f *etherFrame) {
		if f.typ == wire.TypeIPv4 && f.b[7] == 3 || f.typ == wire.TypeIPv6 && f.b[43]&^7 == 24 {
			f.tags = []uint32{0x8100<<16 | 5}
		}
	}, cut: pieces(24, 40)},
	{name: "in fragments, of which the first has no whole header", ip: true, cut: pieces(8, 32)},
	{name: "in fragments whose length is no multiple of 8", ip: true, cut: pieces(24, 36)},
	{name: "in fragments, one of them empty", ip: true, cut: pieces(24, 24)},
	{name: "in fragments, with one more behind the last", ip: true, cut: func(b []byte) [][]byte {
		return [][]byte{piece(b, len(b)-len(payloadOf(b)), 24, len(payloadOf(b))), piece(append(bytes.Clone(b), make([]byte, 16)...), len(b)-len(payloadOf(b)), 48, len(payloadOf(b))+8), piece(b, len(b)-len(payloadOf(b)), 0, 24)}
	}},
	{name: "in fragments with and without ECN", ip: true, cut: func(b []byte) [][]byte {
		all := pieces(24, 40)(b)
		all[1][1] |= 0x02
		if b[0]>>4 == 6 {
			all[1][1] |= 0x20
		}
		mendHeader(all[1])
		return all
	}},
	{name: "in one fragment of IPv6", ip: true, cut: pieces()},
}

// pieces cuts an IP packet at offsets of its payload.
func pieces(at ...int) func([]byte) [][]byte {
	return func(b []byte) (all [][]byte) {
		header := 20
		if b[0]>>4 == 6 {
			header = 40
		}
		from := 0
		for _, to := range append(slices.Clone(at), len(b)-header) {
			all = append(all, piece(b, header, from, to))
			from = to
		}
		return all
	}
}

func shuffled(order ...int) func([]byte) [][]byte {
	return func(b []byte) (some [][]byte) {
		all := pieces(24, 40)(b)
		for _, i := range order {
			some = append(some, all[i])
		}
		return some
	}
}

// overlapping has a second fragment that begins within the first.
func overlapping(b []byte) [][]byte {
	all := pieces(24, 40)(b)
	all[1] = piece(b, len(b)-len(payloadOf(b)), 16, 40)
	return all
}

func payloadOf(b []byte) []byte {
	if b[0]>>4 == 6 {
		return b[40:]
	}
	return b[20:]
}

// identification is that of the latest datagram in fragments.
var identification uint32 = 1000

func piece(b []byte, header, from, to int) []byte {
	more := header+to < len(b)
	out := bytes.Clone(b[:header])
	if header == 40 {
		out = append(out, b[6], 0)
		flags := uint16(from)
		if more {
			flags |= 1
		}
		out = binary.BigEndian.AppendUint16(out, flags)
		out = binary.BigEndian.AppendUint32(out, identification)
		out[6] = 44
		binary.BigEndian.PutUint16(out[4:], uint16(8+to-from))
		return append(out, b[header+from:header+to]...)
	}
	flags := uint16(from / 8)
	if more {
		flags |= 0x2000
	}
	binary.BigEndian.PutUint16(out[2:], uint16(20+to-from))
	binary.BigEndian.PutUint16(out[4:], uint16(identification))
	binary.BigEndian.PutUint16(out[6:], flags)
	mendHeader(out)
	return append(out, b[header+from:header+to]...)
}
