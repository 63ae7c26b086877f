package report

import "net/netip"

// PathMTU is how long packets may be on the way to a target (RFC 1191, RFC 8201). Lengths
// are bytes of whole IP packets. It comes before the Hops.
type PathMTU struct {
	Addr   netip.Addr // the target
	MTU    uint16     // the longest packet that is known to have got to Hop
	Hop    HopAt      // up to where it was measured: the target, or the last hop that answered
	Target bool       // Hop is the target
	Own    uint16     // what our own interface lets out
	Limits []MTULimit // who said that it passes on no more, from here to there
	Hole   *MTUHole   // where longer packets vanish and nobody says so; nil: nowhere
}

// MTULimit is what a router said that a packet was too long for.
type MTULimit struct {
	By   HopAt  // TTL 0: an address that no hop has
	MTU  uint16 // 0: it told none that is less than what it refused
	Sent uint16 // the length of the packet
}

// MTUHole is between After and By.
type MTUHole struct {
	Least  uint16 // the shortest packet that vanished
	After  HopAt  // the last hop that such a packet got to; TTL 0: none that answers
	By     HopAt  // the first that it did not get to, though shorter ones did
	Target bool   // By is the target, which may have got it and not answered
}

func (*PathMTU) record() {}
