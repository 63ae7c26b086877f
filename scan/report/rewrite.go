package report

import "net/netip"

// Rewrite is where on the way to a target a field of our packets was changed: between
// After and By, or by one of both. It comes before the Hops.
type Rewrite struct {
	Addr     netip.Addr // the target
	Field    string     // "mss", as in Change
	From, To string     // "": it was not there
	After    HopAt      // the last hop that saw From; TTL 0: none did, and it left as that
	By       HopAt      // the first hop that saw To
	Target   bool       // By is the target itself
	Between  []uint8    // TTLs of the hops between them, none of which shows the field
}

// HopAt is a hop, and who it is.
type HopAt struct {
	TTL  uint8
	From netip.Addr // who answered there
}

func (*Rewrite) record() {}
