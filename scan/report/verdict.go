package report

import (
	"net/netip"
	"time"

	"sonde/probe"
)

// Verdict is what was decided of a host or of a port, and by which answer.
type Verdict struct {
	State  probe.State
	Reason probe.Reason
	Doubt  probe.Doubt   // why the answer, or silence, may not be what it seems
	From   netip.Addr    // who answered, without zone; zero: nobody
	TTL    uint8         // of the answer, with HasTTL
	HasTTL bool          //
	RTT    time.Duration // of the answered try, with HasRTT; not with Repeat, which tells it
	HasRTT bool          //
	Tries  uint8         // packets sent for it
	Asked  string        // what was sent, in the singular: "SYN", "echo request"; "" is "probe"
	Errno  uint16        // why this machine could not ask, with probe.ReasonLocalError; 0: not known
	Source netip.Addr    // whose address the question carried, with probe.SpoofedSource
	Weak   bool          // the answer proves nothing, and nothing better came
	// Unproven is how many replies without proof came, where nothing with proof did.
	Unproven uint16
	Data     probe.Data // what became of the payload of an echo request
	// QuotedSrc and QuotedDst are the addresses that an ICMP error quotes, where they
	// are not those that were sent from and to; else zero.
	QuotedSrc, QuotedDst netip.Addr
	Reply                *Packet // the answer, field by field; nil: none is known, or the run is not verbose
	Repeat               *Repeat // of a question that was asked several times (-c); nil: asked once
}

// elsewhere tells whether somebody other than addr answered.
func elsewhere(from, addr netip.Addr) bool {
	return from.IsValid() && from.WithZone("") != addr.WithZone("")
}
