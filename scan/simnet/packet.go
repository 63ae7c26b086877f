package simnet

import (
	"encoding/binary"
	"net/netip"

	"sonde/probe/wire"
)

// Sizes of headers, in bytes.
const (
	ipv4Header = 20 // without options
	ipv6Header = 40
	icmpHeader = 8
)

// Offsets into IPv4 and IPv6 headers (RFC 791 §3.1, RFC 8200 §3).
const (
	tosAt4, fragmentAt4, ttlAt4, protoAt4, sumAt4, srcAt4, dstAt4 = 1, 6, 8, 9, 10, 12, 16
	protoAt6, ttlAt6, srcAt6, dstAt6                              = 6, 7, 8, 24
)

func etherType(addr netip.Addr) uint16 {
	if addr.Is4() {
		return wire.TypeIPv4
	}
	return wire.TypeIPv6
}

// addrAt returns the address at an offset into an IP header; zero where b is no
// packet of its EtherType.
func addrAt(b []byte, etype uint16, at4, at6 int) netip.Addr {
	switch {
	case etype == wire.TypeIPv4 && len(b) >= ipv4Header && b[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(b[at4:]))
	case etype == wire.TypeIPv6 && len(b) >= ipv6Header && b[0]>>4 == 6:
		return netip.AddrFrom16([16]byte(b[at6:]))
	}
	return netip.Addr{}
}

func source(b []byte, etype uint16) netip.Addr      { return addrAt(b, etype, srcAt4, srcAt6) }
func destination(b []byte, etype uint16) netip.Addr { return addrAt(b, etype, dstAt4, dstAt6) }

// segment returns the transport protocol of an IP packet and where its header
// begins. IPv6 extension headers count as the transport: nothing here sends
// any.
func segment(b []byte, etype uint16) (proto uint8, off int) {
	if etype == wire.TypeIPv4 {
		return b[protoAt4], int(b[0]&15) * 4
	}
	return b[protoAt6], ipv6Header
}

// ttl returns TTL or hop limit.
func ttl(b []byte, etype uint16) uint8 {
	if etype == wire.TypeIPv4 {
		return b[ttlAt4]
	}
	return b[ttlAt6]
}

// mayBeFragmented tells whether a router may do that with a packet (RFC 791 §3.2): with
// none of IPv6 (RFC 8200 §5).
func mayBeFragmented(b []byte, etype uint16) bool {
	const dontFragment = 0x40
	return etype == wire.TypeIPv4 && b[fragmentAt4]&dontFragment == 0
}

// decrement takes one off TTL or hop limit.
func decrement(b []byte, etype uint16) {
	if etype == wire.TypeIPv4 {
		b[ttlAt4]--
		adjust(b[sumAt4:], uint16(b[ttlAt4]+1)<<8, uint16(b[ttlAt4])<<8)
		return
	}
	b[ttlAt6]--
}

// setTTL writes TTL or hop limit.
func setTTL(b []byte, etype uint16, v uint8) {
	if etype == wire.TypeIPv4 {
		setWord(b, ttlAt4, uint16(v)<<8|uint16(b[protoAt4]), sumAt4)
		return
	}
	b[ttlAt6] = v
}

// setTOS writes the whole byte: TOS of IPv4, traffic class of IPv6.
func setTOS(b []byte, etype uint16, tos uint8) {
	if etype == wire.TypeIPv4 {
		setWord(b, 0, uint16(b[0])<<8|uint16(tos), sumAt4)
		return
	}
	b[0] = b[0]&0xf0 | tos>>4
	b[1] = tos<<4 | b[1]&0x0f
}

// tosOf reads the whole byte: TOS of IPv4, traffic class of IPv6.
func tosOf(b []byte, etype uint16) uint8 {
	if etype == wire.TypeIPv4 {
		return b[tosAt4]
	}
	return b[0]<<4 | b[1]>>4
}

// relabel writes another IP ID, the same for the same packet.
func relabel(b []byte) {
	old := binary.BigEndian.Uint16(b[4:])
	id := old*40503 + 12345
	binary.BigEndian.PutUint16(b[4:], id)
	adjust(b[sumAt4:], old, id)
}

// adjust corrects the checksum at sum for a word that has changed (RFC 1624
// §3). A checksum that was wrong stays wrong.
func adjust(sum []byte, old, new uint16) {
	s := uint32(^binary.BigEndian.Uint16(sum)) + uint32(^old) + uint32(new)
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	binary.BigEndian.PutUint16(sum, ^uint16(s))
}

// sumsOK tells whether the checksums of an IP packet, which has been parsed,
// are right. UDP over IPv4 may have none (RFC 768).
func sumsOK(b []byte, etype uint16, p *wire.Packet) bool {
	proto, off := segment(b, etype)
	if etype == wire.TypeIPv4 && wire.Checksum(b[:off]) != 0 {
		return false
	}
	if p.Layer == wire.LayerUDP && p.UDP.Sum == 0 && etype == wire.TypeIPv4 {
		return true
	}
	return wire.SegmentChecksum(p.IP.Src, p.IP.Dst, proto, b[off:min(int(p.IP.Len), len(b))]) == 0
}

// Limits of an ICMP error: IPv4 576 bytes (RFC 1812 §4.3.2.3), IPv6 the least
// MTU (RFC 4443 §2.4).
const (
	maxError4 = 576
	maxError6 = 1280
)

// appendError appends an ICMP error about packet, from src to its sender. quote
// bytes are quoted behind its IP header; negative: as many as are allowed. It
// appends nothing where no error may be sent: about ICMP errors, about
// anything without a single sender or receiver (RFC 1122 §3.2.2), or if src is
// not of the packet's family. mtu is what a message says that a packet is too big for.
func appendError(b, packet []byte, etype uint16, msg wire.Message, src netip.Addr, ttl uint8, quote, mtu int) []byte {
	from, to := source(packet, etype), destination(packet, etype)
	proto, off := segment(packet, etype)
	switch {
	case !src.IsValid() || src.Is4() != from.Is4(),
		from.IsUnspecified() || from.IsMulticast() || to.IsMulticast(),
		isError(packet, proto, off):
		return b
	}
	size := maxError4 - ipv4Header - icmpHeader
	if from.Is6() {
		size = maxError6 - ipv6Header - icmpHeader
	}
	if quote >= 0 {
		size = min(size, off+quote)
	}
	m := wire.ICMP{Msg: nearest(msg, from.Is6())}
	m.SetType(from.Is6())
	switch {
	case m.Msg == wire.PacketTooBig:
		m.Info = uint32(mtu)
	case msg == wire.ProtoUnreach && from.Is6():
		m.Code, m.Info = 1, protoAt6 // RFC 4443 §3.4: unrecognized next header
	}
	ip := wire.IP{Src: src, Dst: from, TTL: ttl, TOS: 0xc0} // RFC 1812 §4.3.2.5
	return wire.AppendICMP(b, &ip, &m, packet[:min(size, len(packet))])
}

// isError tells whether a packet is an ICMP error, or too short to tell.
func isError(b []byte, proto uint8, off int) bool {
	switch {
	case proto != wire.ProtoICMP && proto != wire.ProtoICMPv6:
		return false
	case off >= len(b):
		return true
	case proto == wire.ProtoICMP:
		return b[off] == 3 || b[off] == 4 || b[off] == 5 || b[off] == 11 || b[off] == 12
	}
	return b[off] < 128
}

// nearest returns the message of a family that is nearest to msg.
func nearest(msg wire.Message, v6 bool) wire.Message {
	if v6 {
		switch msg {
		case wire.NetUnreach:
			return wire.NoRoute
		case wire.HostUnreach:
			return wire.AddrUnreach
		case wire.ProtoUnreach:
			return wire.ParamProblem
		case wire.NetProhibited, wire.HostProhibited:
			return wire.AdminProhibited
		}
		return msg
	}
	switch msg {
	case wire.NoRoute, wire.RejectRoute:
		return wire.NetUnreach
	case wire.AddrUnreach:
		return wire.HostUnreach
	case wire.BeyondScope:
		return wire.NetProhibited
	case wire.PolicyFail:
		return wire.AdminProhibited
	}
	return msg
}
