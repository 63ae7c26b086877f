package wire

import "encoding/binary"

// Excerpt is the beginning of a packet, such as an ICMP error quotes, or all of it. Of the
// headers in Packet what is not there is zero; its Quote, and what belongs to it, are not
// filled.
type Excerpt struct {
	Packet
	Header   []byte // the IP header with its options or extension headers, borrowed
	Behind   []byte // the header of the transport and its payload, as far as they are there, borrowed
	Fragment bool   // it is one of several fragments, and not of the packet's size
}

// Parse fills x from b, which begins at an IP header and may end anywhere behind it; but
// what the IP header calls the end of the packet is believed. It returns false, with
// everything in x zero, where the IP header is not all there, or malformed. Checksums are
// not looked at.
func (x *Excerpt) Parse(b []byte) bool {
	*x = Excerpt{}
	if len(b) == 0 {
		return false
	}
	v6 := b[0]>>4 == 6
	header, part, ok := x.IP.parse(b, v6)
	if !ok {
		*x = Excerpt{}
		return false
	}
	x.Header, x.Behind, x.Fragment = b[:header], b[header:], part != whole
	if part == laterFragment {
		x.Behind = nil
		return true
	}
	var head [tcpHeader]byte
	seen := copy(head[:], x.Behind)
	size := udpHeader // that of ICMP is as long
	switch {
	case x.IP.Proto == ProtoTCP:
		x.Layer = LayerTCP
		size = max(int(head[12]>>4)*4, tcpHeader)
		if x.TCP.parse(x.Behind) == 0 {
			head[12] = tcpHeader / 4 << 4
			x.TCP.parse(head[:])
		}
	case x.IP.Proto == ProtoUDP:
		x.Layer = LayerUDP
		word := binary.BigEndian.Uint16
		x.UDP = UDP{Src: word(head[0:]), Dst: word(head[2:]), Len: word(head[4:]), Sum: word(head[6:])}
	case x.IP.Proto == ProtoICMP && !v6, x.IP.Proto == ProtoICMPv6 && v6:
		x.Layer = LayerICMP
		if seen >= icmpHeader {
			x.ICMP.parse(x.Behind, v6)
		}
	default:
		return true
	}
	if size <= len(x.Behind) {
		x.Payload = x.Behind[size:]
	}
	return true
}

// Whole tells whether the header of the transport is all there, with its options.
func (x *Excerpt) Whole() bool {
	switch n := len(x.Behind); x.Layer {
	case LayerTCP:
		return n >= tcpHeader && n >= int(x.Behind[12]>>4)*4
	case LayerUDP, LayerICMP:
		return n >= udpHeader
	}
	return false
}

// IPOptions are the options of an IPv4 header, as they stand there.
func (x *Excerpt) IPOptions() []byte {
	if len(x.Header) < ipv4Header || x.Header[0]>>4 != 4 {
		return nil
	}
	return x.Header[ipv4Header:]
}

// Extensions calls do with the number of each extension header of IPv6 in front of the
// transport (RFC 8200 §4), in their order.
func (x *Excerpt) Extensions(do func(number uint8)) {
	if len(x.Header) < ipv6Header || x.Header[0]>>4 != 6 {
		return
	}
	next := x.Header[6]
	for at := ipv6Header; at < len(x.Header); {
		size, ok := extensionSize(next, x.Header[at:], at == ipv6Header)
		if !ok || size == 0 {
			return
		}
		do(next)
		next = x.Header[at]
		at += size
	}
}

// Sum is the checksum of the transport, if it is there.
func (x *Excerpt) Sum() (sum uint16, ok bool) {
	at := sumOffset(x.IP.Proto)
	if x.Layer == LayerNone || len(x.Behind) < at+2 {
		return 0, false
	}
	return binary.BigEndian.Uint16(x.Behind[at:]), true
}

// ExpectedSum is what the checksum of sent must have become where x, of the same transport,
// shows it: for the addresses and the words that both show (RFC 1624 §3). Where x has
// another one, something has changed that x does not show. It is not ok where that cannot
// be told: of a packet of another length that is not all there.
func (x *Excerpt) ExpectedSum(sent *Excerpt) (sum uint16, ok bool) {
	was, ok := sent.Sum()
	is, seen := x.Sum()
	if !ok || !seen || x.IP.Src.Is4() != sent.IP.Src.Is4() || x.Layer != sent.Layer {
		return 0, false
	}
	size := int(x.IP.Len) - len(x.Header)
	if size == len(x.Behind) && SegmentChecksum(x.IP.Src, x.IP.Dst, x.IP.Proto, x.Behind) == 0 {
		return is, true
	}
	if size != int(sent.IP.Len)-len(sent.Header) && !x.Fragment {
		return 0, false
	}
	n := min(len(x.Behind), len(sent.Behind))
	if n < len(sent.Behind) {
		n &^= 1 // the other half of the last word is not there
	}
	before, now := x.partSum(sent.Behind[:n]), x.partSum(x.Behind[:n])
	if x.IP.Proto != ProtoICMP { // which has no pseudo header (RFC 792)
		before += sumOf(sent.IP.Src) + sumOf(sent.IP.Dst)
		now += sumOf(x.IP.Src) + sumOf(x.IP.Dst)
	}
	return ^fold(uint64(^was) + uint64(^fold(before)) + now), true
}

// partSum adds up the words of b but for the checksum of the transport.
func (x *Excerpt) partSum(b []byte) uint64 {
	at := sumOffset(x.IP.Proto)
	return sum(b[:at]) + sum(b[at+2:])
}
