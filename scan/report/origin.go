package report

import "net/netip"

// AS says who announces an address, by the user's file (--asn).
type AS struct {
	Prefix  netip.Prefix // the longest that the file has
	Numbers []uint32     // of the autonomous systems that announce it
	Name    string       // as the file has it; may be empty
}
