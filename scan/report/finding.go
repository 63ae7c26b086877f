package report

import (
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// Finding is what is to be known of a host beside its ports, and comes before its Host;
// without Addr it is about many hosts. Those of hardware addresses come at the end, when
// all have been heard.
type Finding struct {
	Addr      netip.Addr
	Doubt     probe.Doubt // what it is about
	Proto     string
	Canary    uint16        // the port that nobody uses, with probe.Canary
	Ports     []uint16      // that it is about, some of them
	Count     uint64        // how many these are, or, without ports, addresses
	MACs      []wire.MAC    // told for Addr, with probe.AddressConflict; for Count addresses, with probe.SharedMAC
	Confirmed bool          // the ports were asked again, too
	By        netip.Addr    // who answered in its place, with probe.ResetInPlace
	Hops      uint8         // that the answers in doubt have come, with probe.Nearer
	Others    uint8         // hops that other answers have come, with probe.Nearer
	Every     time.Duration // between two ICMP errors, with probe.ICMPLimit; whole microseconds
	Cost      time.Duration // of asking all again at that pace, usually; whole tenths of a second
	Most      time.Duration // and at most, likewise
	Hop       uint8         // the first hop that is in the loop, with probe.Loop, as the next
	Routers   []netip.Addr  // of the loop that answered, in their order
}

func (*Finding) record() {}
