package wire

import (
	"encoding/binary"
	"net/netip"
)

// Checksum returns the Internet checksum of b (RFC 1071): what belongs into a
// checksum field that is zero in b, and 0 where b has a correct one.
func Checksum(b []byte) uint16 { return ^fold(sum(b)) }

// SegmentChecksum returns the checksum of a TCP, UDP, ICMP or ICMPv6 message
// between src and dst: what belongs into a checksum field that is zero in
// segment, and 0 where segment has a correct one. Those that demand it include
// the pseudo header of their family (RFC 9293 §3.1, RFC 8200 §8.1).
func SegmentChecksum(src, dst netip.Addr, proto uint8, segment []byte) uint16 {
	total := sum(segment)
	if proto != ProtoICMP { // RFC 792: the message alone
		total += pseudo(src, dst, proto, len(segment))
	}
	return ^fold(total)
}

// pseudo adds up the pseudo header of a segment of size bytes (RFC 9293 §3.1, RFC 8200
// §8.1).
func pseudo(src, dst netip.Addr, proto uint8, size int) uint64 {
	total := uint64(proto) + uint64(size)
	if dst.Is4() {
		s, d := as4(src), as4(dst)
		return total + sum(s[:]) + sum(d[:])
	}
	s, d := src.As16(), dst.As16()
	return total + sum(s[:]) + sum(d[:])
}

// MovedChecksum returns what becomes of the checksum c of a TCP, UDP or ICMPv6
// message between src and dst when these become toSrc and toDst, as behind a NAT
// (RFC 1624 §3). All must be of one family.
func MovedChecksum(c uint16, src, dst, toSrc, toDst netip.Addr) uint16 {
	was := fold(sumOf(src) + sumOf(dst))
	return ^fold(uint64(^c) + uint64(^was) + sumOf(toSrc) + sumOf(toDst))
}

func sumOf(a netip.Addr) uint64 {
	if a.Is4() {
		b := a.As4()
		return sum(b[:])
	}
	b := a.As16()
	return sum(b[:])
}

// ChecksumOffset returns where the checksum of the TCP, UDP, ICMP or ICMPv6
// header is in packet, which begins at its IP header; 0 where there is none.
func ChecksumOffset(packet []byte) int {
	var ip IP
	if len(packet) == 0 {
		return 0
	}
	header, part, ok := ip.parse(packet, packet[0]>>4 == 6)
	if !ok || part == laterFragment {
		return 0
	}
	at := sumOffset(ip.Proto)
	if at == 0 || header+at+2 > len(packet) {
		return 0
	}
	return header + at
}

// sumOffset is where the checksum is in the header of a transport; 0 of another one.
func sumOffset(proto uint8) int {
	switch proto {
	case ProtoTCP:
		return 16
	case ProtoUDP:
		return 6
	case ProtoICMP, ProtoICMPv6:
		return 2
	}
	return 0
}

// SentChecksum returns the checksum that a packet was built with: what an ICMP
// error quotes as Quote.Sum. It is 0 where packet has none.
func SentChecksum(packet []byte) uint16 {
	if at := ChecksumOffset(packet); at != 0 {
		return binary.BigEndian.Uint16(packet[at:])
	}
	return 0
}

// sum adds up b as big-endian numbers of 32 bits, the last one padded with
// zeros. Folded it is the ones' complement sum of 16 bits (RFC 1071 §2). For
// less than 16 GB it does not overflow.
func sum(b []byte) (total uint64) {
	for len(b) >= 4 {
		total += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		total += uint64(binary.BigEndian.Uint16(b)) << 16
		b = b[2:]
		if len(b) == 1 {
			total += uint64(b[0]) << 8
		}
	} else if len(b) == 1 {
		total += uint64(b[0]) << 24
	}
	return total
}

// fold adds the carries back until 16 bits are left.
func fold(total uint64) uint16 {
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return uint16(total)
}
