package wire

import (
	"encoding/binary"
	"net/netip"
)

// Neighbour discovery: ICMPv6 types, the size of a message without options
// (RFC 4861 §4.3, §4.4), the option with an Ethernet address (§4.6.1).
const (
	ndSolicitation  = 135
	ndAdvertisement = 136
	ndHeader        = 24

	ndSourceLink = 1 // option of a solicitation
	ndTargetLink = 2 // option of an advertisement
)

// Flags of an advertisement, in byte 4 of the message (RFC 4861 §4.4).
const (
	ndRouter    = 0x80
	ndSolicited = 0x40
	ndOverride  = 0x20
)

// parse fills n from the ICMPv6 message b, a neighbour solicitation or
// advertisement. It makes those checks of RFC 4861 §7.1 that concern the
// message alone. That the hop limit is 255, without which the sender may be
// anywhere in the Internet, is for the caller to check, who has IP.TTL.
func (n *ND) parse(b []byte) bool {
	if len(b) < ndHeader {
		return false
	}
	link := uint8(ndSourceLink)
	if b[0] == ndAdvertisement {
		link = ndTargetLink
		n.Router = b[4]&ndRouter != 0
		n.Solicited = b[4]&ndSolicited != 0
		n.Override = b[4]&ndOverride != 0
	}
	n.Target = netip.AddrFrom16([16]byte(b[8:24]))
	if n.Target.IsMulticast() || n.Target.Is4In6() {
		return false
	}
	for opt := b[ndHeader:]; len(opt) > 0; {
		if len(opt) < 2 {
			return false
		}
		size := int(opt[1]) * 8 // §4.6: in 8 bytes, with type and length
		if size == 0 || size > len(opt) {
			return false
		}
		// Another size is the address of another kind of link.
		if opt[0] == link && size == 8 && !n.HasMAC {
			n.MAC, n.HasMAC = MAC(opt[2:8]), true
		}
		opt = opt[size:]
	}
	return true
}

// AppendND appends an IPv6 packet with a neighbour solicitation or
// advertisement. n.MAC goes into its option if n.HasMAC. The caller sets ip.TTL
// to 255, without which nobody listens (RFC 4861 §7.1).
func AppendND(b []byte, ip *IP, n *ND, solicitation bool) []byte {
	typ, link, flags := uint8(ndAdvertisement), uint8(ndTargetLink), uint8(0)
	switch {
	case solicitation:
		typ, link = ndSolicitation, ndSourceLink
	default:
		if n.Router {
			flags |= ndRouter
		}
		if n.Solicited {
			flags |= ndSolicited
		}
		if n.Override {
			flags |= ndOverride
		}
	}
	size := ndHeader
	if n.HasMAC {
		size += 8
	}
	target := n.Target.As16()
	b = appendIPv6(b, ip, ProtoICMPv6, size)
	start := len(b)
	b = append(b, typ, 0, 0, 0, flags, 0, 0, 0) // checksum: below
	b = append(b, target[:]...)
	if n.HasMAC {
		b = append(b, link, 1)
		b = append(b, n.MAC[:]...)
	}
	binary.BigEndian.PutUint16(b[start+2:], SegmentChecksum(ip.Src, ip.Dst, ProtoICMPv6, b[start:]))
	return b
}

// SolicitedNode returns the multicast group that everybody with the IPv6
// address addr listens to (RFC 4291 §2.7.1), and the Ethernet address of that
// group (RFC 2464 §7): where a solicitation goes.
func SolicitedNode(addr netip.Addr) (netip.Addr, MAC) {
	a := addr.As16()
	group := [16]byte{0: 0xff, 1: 0x02, 11: 0x01, 12: 0xff, 13: a[13], 14: a[14], 15: a[15]}
	return netip.AddrFrom16(group), MAC{0x33, 0x33, 0xff, a[13], a[14], a[15]}
}
