package wire

// A packet's way through this file: Parse clears p, parseIP checks the IP
// header and its lengths (ip.go) and hands what the IP header calls its payload
// to the transport (tcp.go, udp.go, icmp.go). ICMP goes on to the packet that
// an error quotes (quote.go), with what is behind that (extension.go), or to neighbour
// discovery (nd.go). ARP has its own EtherType and none of this (arp.go).
//
// No checksum is verified on the way in, but that of an extension: of the packets that
// a socket lets in few are an answer, and only for these it matters, see Intact.

// Parse fills p from b, which begins at the IP header (TypeIPv4, TypeIPv6) or
// at the ARP message (TypeARP). It reports whether p.Layer is one of the
// transports. It returns false, with everything in p zero, for what is
// truncated, malformed, a fragment of a datagram, or of another protocol. What the packet does not have is zero, too; only p.MAC is left as
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
	p.Payload, p.Extension = nil, nil
}

// parseIP fills p from an IP packet.
func (p *Packet) parseIP(b []byte, v6 bool) bool {
	header, part, ok := p.IP.parse(b, v6)
	total := int(p.IP.Len)
	if !ok || part != whole || total < header || total > len(b) {
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
		p.Payload, ok = p.UDP.parse(segment)
		return ok
	case p.IP.Proto == ProtoICMP && !v6, p.IP.Proto == ProtoICMPv6 && v6:
		p.Layer = LayerICMP
		return p.parseICMP(segment, v6) && !(p.isND() && fragmented(b))
	}
	return false
}

// fragmented tells whether the IPv6 packet b has a fragment header, be it of the only
// fragment. Neighbour discovery must not (RFC 6980 §5).
func fragmented(b []byte) bool {
	at, _ := findFragment(b)
	return at != 0
}

func (p *Packet) isND() bool { return p.ICMP.Msg == Solicitation || p.ICMP.Msg == Advertisement }

// parseICMP fills p from an ICMP message, with what it carries.
func (p *Packet) parseICMP(b []byte, v6 bool) bool {
	if !p.ICMP.parse(b, v6) {
		return false
	}
	p.Payload = b[icmpHeader:]
	switch {
	case p.isND():
		return p.ND.parse(b)
	case p.ICMP.Msg.IsError():
		quote, extension := original(b, v6)
		if p.Quote.parse(quote, v6); p.Quote.Len > 0 {
			p.Extension = extension
			p.Quote.labels(extension)
		}
	}
	return true
}
