package report

import (
	"net/netip"

	"sonde/probe"
	"sonde/probe/wire"
)

// Hop is one hop of the way to a target.
type Hop struct {
	Addr    netip.Addr // the target
	Proto   string     // what it was traced with, and the port, where that is not Scan.Trace's
	Port    uint16
	TTL     uint8        // which hop, from 1: the TTL that was sent
	Hops    uint32       // how many Hop records the target has, before and after this one; 0: not known yet
	From    netip.Addr   // who answered: of several the target before a router, and that before one that refused; zero: nobody
	Others  []netip.Addr // who else answered for this TTL
	State   probe.State  // of the port that ended the way, if it has one; else probe.Unknown
	Reason  probe.Reason
	Refused probe.Reason // what a router said who refused, where that is not Reason; NoResponse: none did
	Errno   uint16       // why this machine could not ask, with probe.ReasonLocalError; 0: not known
	Repeat  Repeat
	Reached bool       // the target itself answered here, and Reason is what it said
	Changes []Change   // fields that are not quoted as they were sent
	Unseen  []string   // fields of our packet that are not visible, since too little of it is quoted
	AsTo    netip.Addr // the target of the way that the hop was found on, where it was not asked on this one too; zero: it was
	Counted *Counted   // with -c; else nil
	AS      *AS        // of From; nil: not known
	Return  uint8      // hops that the answer has come, where it began with one of the usual TTLs: a guess; 0: not known
	Excerpt
	Moved
	Extension // what the answer tells beside
	Echoes    // of our packet in the target's answer
	Reply     *Packet
	Names     // of From
}

func (*Hop) record() {}

// Excerpt is how much of our packet an answer quotes.
type Excerpt struct {
	Quoted  int   // bytes; 0: none
	Visible bool  // all fields of our packet: what is not in Changes did not change
	HasTOS  bool  // the TOS byte
	TOS     uint8 // with HasTOS: DSCP<<2 | ECN as it is quoted
}

// Moved are the addresses of our packet as it is quoted, where a NAT has changed one; else
// zero.
type Moved struct{ QuotedSrc, QuotedDst netip.Addr }

// Extension is what an ICMP error tells behind its quote (RFC 4884).
type Extension struct {
	Labels     []wire.Label     // the MPLS label stack with which our packet came to From, outermost first
	Interfaces []wire.Interface // of the router, by which our packet came or would have left
	Objects    []Object         // of other kinds
}

// Object is one of them that nobody here understands.
type Object struct {
	Class, Type uint8
	Value       string // its bytes
}

// Echoes are what the target's answer shows of our packet.
type Echoes struct {
	Came       []string // fields that came; of wscale it does not show with which value
	Unanswered []string // fields that it does not answer: they did not come, or it does not use them, or the way back took them out
}

// Change is a field of a packet that was not seen as it was sent: as a hop quotes our
// packet, or as the capture at the other end has it. It was changed there, or on the way
// there.
type Change struct {
	Field      string // "mss"
	Sent, Seen string // "": it was not there; both "": its values are not shown
}

// Silent tells whether the hop was asked and did not answer.
func (h *Hop) Silent() bool { return !h.From.IsValid() && h.Reason != probe.ReasonLocalError }

// Refuses tells whether a router refused what came to this hop: it answered, but not as
// a router does that a packet dies at. Where no hop beyond answered, the way ends there.
func (h *Hop) Refuses() bool {
	return h.From.IsValid() && !h.Reached && h.Reason != probe.NoResponse && h.Reason != probe.TimeExceeded
}
