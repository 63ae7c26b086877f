package wire

// A packet's way through this file: Parse clears p, parseIP checks the IP
// header and its lengths (ip.go) and hands what the IP header calls its payload
// to the transport (tcp.go, udp.go, icmp.go). ICMP goes on to the packet that
// an error quotes (quote.go) or to neighbour discovery (nd.go). ARP has its own
// EtherType and none of this (arp.go).
//
// No checksum is verified on the way in. A kernel that knows that a network
// card, or nobody (veth, loopback, virtio), will look at the checksum leaves it
// half computed, and a packet socket sees it like that: verifying would throw
// away good answers of every container on this machine. That an answer is meant
// for us is proved by other means, 32 bits and more of it.

// Parse fills p from b, which begins at the IP header (TypeIPv4, TypeIPv6) or
// at the ARP message (TypeARP). It reports whether p.Layer is one of the
// transports. It returns false, with everything in p zero, for what is
// truncated, malformed, a fragment other than the first, or of another
// protocol. What the packet does not have is zero, too; only p.MAC is left as
// the caller set it.
//
// Bytes behind the end that the IP header tells are Ethernet padding and not
// looked at. p.Payload aliases b; everything else is copied.
func (p *Packet) Parse(b []byte, etherType uint16) bool {
	p.reset()
	ok := false
	switch etherType {
	case TypeIPv4:
		ok = p.parseIP(b, false)
	case TypeIPv6:
		ok = p.parseIP(b, true)
	case TypeARP:
		ok = p.ARP.parse(b)
		p.Layer = LayerARP
	}
	if !ok {
		p.reset()
	}
	return ok
}

// reset makes p zero except for its MAC. The quote is a third of a Packet and
// rarely filled.
func (p *Packet) reset() {
	p.Layer = LayerNone
	p.IP = IP{}
	p.TCP = TCP{}
	p.UDP = UDP{}
	p.ICMP = ICMP{}
	p.ARP = ARP{}
	p.ND = ND{}
	if p.Quote.Len != 0 {
		p.Quote = Quote{}
	}
	p.Payload = nil
}

// parseIP fills p from an IP packet.
func (p *Packet) parseIP(b []byte, v6 bool) bool {
	header, part, ok := p.IP.parse(b, v6)
	total := int(p.IP.Len)
	if !ok || part == laterFragment || total < header || total > len(b) {
		return false
	}
	segment := b[header:total]
	switch {
	case p.IP.Proto == ProtoTCP:
		p.Layer = LayerTCP
		n := p.TCP.parse(segment)
		p.Payload = segment[n:]
		return n > 0
	case p.IP.Proto == ProtoUDP:
		p.Layer = LayerUDP
		p.Payload, ok = p.UDP.parse(segment, part == firstFragment)
		return ok
	case p.IP.Proto == ProtoICMP && !v6, p.IP.Proto == ProtoICMPv6 && v6:
		p.Layer = LayerICMP
		return p.parseICMP(segment, v6)
	}
	return false
}

// parseICMP fills p from an ICMP message, with what it carries.
func (p *Packet) parseICMP(b []byte, v6 bool) bool {
	if !p.ICMP.parse(b, v6) {
		return false
	}
	p.Payload = b[icmpHeader:]
	switch {
	case p.ICMP.Msg == Solicitation || p.ICMP.Msg == Advertisement:
		return p.ND.parse(b)
	case p.ICMP.Msg.IsError():
		p.Quote.parse(original(b, v6), v6)
	}
	return true
}
