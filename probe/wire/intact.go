package wire

import "encoding/binary"

// Sums says which checksums of a packet that came in somebody has looked at, and
// what may stand in the others.
type Sums uint8

const (
	// SumsUnseen: nobody has looked at any, and all were computed.
	SumsUnseen Sums = iota
	// SumsVouched: the transport's needs no look. The network card found it right, or
	// it was never computed, since the packet never left this machine (veth, loopback).
	SumsVouched
	// SumsOfKernel: the IP header was looked at. Whether the transport's was computed
	// is not known: in its place may be what the card, or nobody, would go on from.
	SumsOfKernel
)

// Intact tells whether the checksums of the IP packet at the start of b are right, as
// far as sums leaves them to be looked at: of the IPv4 header (RFC 791 section 3.1),
// of TCP, UDP, ICMP and ICMPv6. A UDP datagram over IPv4 may be without (RFC 768), over
// IPv6 not (RFC 8200 section 8.1). What is no whole IP packet is not intact; ARP has
// no checksum. Parse does not look at them: few packets are worth the time.
func Intact(b []byte, etherType uint16, sums Sums) bool {
	if etherType == TypeARP {
		return true
	}
	var ip IP
	header, part, ok := ip.parse(b, etherType == TypeIPv6)
	total := int(ip.Len)
	if !ok || part != whole || total < header || total > len(b) {
		return false
	}
	if etherType == TypeIPv4 && sums != SumsOfKernel && Checksum(b[:header]) != 0 {
		return false
	}
	return sums == SumsVouched || intactSegment(&ip, b[header:total], sums == SumsOfKernel)
}

// intactSegment tells whether the checksum of a transport segment is right. With
// begun it may also be that of the pseudo header alone, where a card is to add the rest.
func intactSegment(ip *IP, segment []byte, begun bool) bool {
	at := sumOffset(ip.Proto)
	switch ip.Proto {
	case ProtoTCP:
	case ProtoUDP:
		size, ok := udpSize(segment)
		if !ok {
			return false
		}
		segment = segment[:size] // what the datagram leaves over is not covered
		if segment[at] == 0 && segment[at+1] == 0 {
			return ip.Dst.Is4()
		}
	case ProtoICMP, ProtoICMPv6:
		begun = false // no card computes it
	default:
		return false
	}
	if SegmentChecksum(ip.Src, ip.Dst, ip.Proto, segment) == 0 {
		return true
	}
	if !begun || at+2 > len(segment) {
		return false
	}
	return binary.BigEndian.Uint16(segment[at:]) == fold(pseudo(ip.Src, ip.Dst, ip.Proto, len(segment)))
}
