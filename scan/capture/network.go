package capture

import (
	"encoding/binary"

	"sonde/probe/wire"
)

// Link types that are read, besides those that are written, by their numbers in the
// list of link types on tcpdump.org.
const (
	linkNull    Link = 0   // BSD loopback: the family in the byte order of whoever captured
	linkRawOld  Link = 12  // raw IP, by the number that some systems have for it
	linkRawBSD  Link = 14  // the same on OpenBSD
	linkLoop    Link = 108 // OpenBSD loopback: the family in network byte order
	linkSLL     Link = 113 // Linux "cooked": what tcpdump -i any writes
	linkIPv4    Link = 228
	linkIPv6    Link = 229
	linkSLL2    Link = 276
	mostTags         = 4 // VLAN tags of a frame
	typeVLAN         = 0x8100
	typeQinQ         = 0x88a8 // IEEE 802.1ad
	typeQinQOld      = 0x9100
	typePPPoE        = 0x8864 // RFC 2516
	pppIPv4          = 0x0021
	pppIPv6          = 0x0057
	etherHeader      = 14
	sllHeader        = 16
	sll2Header       = 20
)

// Known tells whether Network reads packets of that link type.
func (l Link) Known() bool {
	switch l {
	case Ethernet, RawIP, linkNull, linkRawOld, linkRawBSD, linkLoop, linkSLL, linkIPv4, linkIPv6, linkSLL2:
		return true
	}
	return false
}

// Network returns what a frame carries, and its EtherType. VLAN tags are passed over.
// It is not ok where the frame is cut before that, or its link type is not known.
func Network(link Link, b []byte) (etherType uint16, packet []byte, ok bool) {
	switch link {
	case Ethernet:
		if len(b) < etherHeader {
			return 0, nil, false
		}
		return untag(binary.BigEndian.Uint16(b[12:]), b[etherHeader:])
	case linkSLL:
		if len(b) < sllHeader {
			return 0, nil, false
		}
		return untag(binary.BigEndian.Uint16(b[14:]), b[sllHeader:])
	case linkSLL2:
		if len(b) < sll2Header {
			return 0, nil, false
		}
		return untag(binary.BigEndian.Uint16(b), b[sll2Header:])
	case linkNull, linkLoop:
		if len(b) < 4 {
			return 0, nil, false
		}
		return byVersion(b[4:]) // the number of IPv6 differs between systems
	case RawIP, linkRawOld, linkRawBSD, linkIPv4, linkIPv6:
		return byVersion(b)
	}
	return 0, nil, false
}

// untag passes over VLAN tags and PPPoE.
func untag(etherType uint16, b []byte) (uint16, []byte, bool) {
	for range mostTags {
		switch {
		case etherType == typeVLAN || etherType == typeQinQ || etherType == typeQinQOld:
			if len(b) < 4 {
				return 0, nil, false
			}
			etherType, b = binary.BigEndian.Uint16(b[2:]), b[4:]
		case etherType == typePPPoE:
			if len(b) < 8 {
				return 0, nil, false
			}
			switch binary.BigEndian.Uint16(b[6:]) {
			case pppIPv4:
				return wire.TypeIPv4, b[8:], true
			case pppIPv6:
				return wire.TypeIPv6, b[8:], true
			}
			return 0, nil, false
		default:
			return etherType, b, true
		}
	}
	return 0, nil, false
}

// byVersion finds out by the first four bits what b is.
func byVersion(b []byte) (uint16, []byte, bool) {
	switch {
	case len(b) == 0:
		return 0, nil, false
	case b[0]>>4 == 4:
		return wire.TypeIPv4, b, true
	case b[0]>>4 == 6:
		return wire.TypeIPv6, b, true
	}
	return 0, nil, false
}
