package report

import "net/netip"

// Edge is a step of the ways to a target, where it was asked for all of them: from who
// answered for one TTL to who did for the next.
type Edge struct {
	Addr netip.Addr // the target
	TTL  uint8      // of To, from 1
	// From is who answered for the TTL before; zero: this machine (TTL 1), or nobody did, or
	// packets of one flow go there by any of several.
	From    netip.Addr
	To      netip.Addr // zero: nobody answered
	Flows   uint32     // that were seen to take it
	Of      uint32     // that were seen to come from From
	Settled bool       // as many flows were asked as tell with 95 % that From has no other next hops
	Reached bool       // To is the target
	// Balancing is how From spreads packets over several next hops: one of Balancings, ""
	// where there is one only.
	Balancing string
	// Hashed are the fields by which From chooses, and Idle those by which it does not, as
	// far as that was found out.
	Hashed, Idle []string
}

func (*Edge) record() {}

// How a router spreads packets over next hops.
const (
	PerFlow         = "per-flow"   // packets of one flow go the same way
	PerPacket       = "per-packet" // they do not
	BehindPerPacket = "unknown"    // it stands behind one that does not keep flows together
)

// Balancings are all of them.
func Balancings() []string { return []string{PerFlow, PerPacket, BehindPerPacket} }
