package wire

import "net/netip"

// UsualNetwork is the network of the usual size that an address is of, a /24 or a /64: the
// Internet has no routes to smaller ones of IPv4, and RFC 4291 §2.5.1 makes that the size
// of an IPv6 link. It is the zero prefix for an address that is none.
func UsualNetwork(addr netip.Addr) netip.Prefix {
	bits := 24
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.WithZone("").Prefix(bits)
	return p
}
