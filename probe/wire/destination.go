package wire

import (
	"encoding/binary"
	"net/netip"
)

// UnknownOption is the type of a destination option that has no meaning (RFC 4727 §3.6
// keeps it for experiments). Its first two bits, 10, demand that who does not know it
// discards the packet and says so, even if that was sent to a group (RFC 8200 §4.2,
// RFC 4443 §2.4 (e.3)).
const UnknownOption = 0x9e

// destinationOptions is the number of the header (RFC 8200 §4.6).
const destinationOptions = 60

// InsertUnknownOption puts a destination options header of 8 bytes with UnknownOption
// behind the IPv6 header of the packet at b[start:], which has no other extension
// header. The checksum behind it does not depend on that (RFC 8200 §8.1).
func InsertUnknownOption(b []byte, start int) []byte {
	const header = 40
	at := start + header
	next := b[start+6]
	b = append(b, make([]byte, 8)...)
	copy(b[at+8:], b[at:len(b)-8])
	copy(b[at:], []byte{next, 0, UnknownOption, 4, 0, 0, 0, 0})
	b[start+6] = destinationOptions
	binary.BigEndian.PutUint16(b[start+4:], binary.BigEndian.Uint16(b[start+4:])+8)
	return b
}

// GroupMAC is the Ethernet address of a multicast group (RFC 1112 §6.4, RFC 2464 §7).
func GroupMAC(group netip.Addr) MAC {
	if group.Is4() {
		a := group.As4()
		return MAC{0x01, 0x00, 0x5e, a[1] & 0x7f, a[2], a[3]}
	}
	a := group.As16()
	return MAC{0x33, 0x33, a[12], a[13], a[14], a[15]}
}
