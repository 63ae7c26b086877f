package output

import (
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// Type says what a Record is about. A new type gets a constant and a name
// here, its fields in Record, a case in each format's AppendRecord, and a
// definition in schema.json.
type Type uint8

const (
	Host    Type = iota // one for each host that is decided
	Port                // one for each port that was asked
	Service             // one for each open port that was asked what it is, after its Port
	Hop                 // one for each hop of the way to a target
	Finding             // what is to be known beside of a host, before its Host

	OfPrivilege // about this machine: what this process may do on the network
	OfLimit     // what it has to live with
	OfInterface // one for each interface
	OfRoute     // one for each default route
	OfWay       // one for each target: how packets to it would leave
)

var typeNames = [...]string{Host: "host", Port: "port", Service: "service", Hop: "hop", Finding: "finding",
	OfPrivilege: "privilege", OfLimit: "limit", OfInterface: "interface", OfRoute: "route", OfWay: "way"}

func (t Type) String() string { return typeNames[t] }

// Record is one finding: facts as numbers and addresses, for the formats to
// put into words. A format reads it during AppendRecord and keeps no pointer
// into it, so the caller may reuse one Record for all.
type Record struct {
	Type    Type
	Addr    netip.Addr // the target
	State   probe.State
	Reason  probe.Reason
	From    netip.Addr // who answered; zero: nobody
	TTL     uint8      // of the answer, with HasTTL
	HasTTL  bool
	RTT     time.Duration // of the answered try, with HasRTT
	HasRTT  bool
	Tries   uint8        // packets sent for it
	Asked   string       // what was sent, in the singular: "SYN", "echo request"; "" is "probe"
	Errno   uint16       // why this machine could not ask, with probe.ReasonLocalError; 0: not known
	Source  netip.Addr   // whose address the question carried, with probe.SpoofedSource
	Reply   *probe.Reply // the answer, field by field; shown with Meta.Verbose
	Repeat  *Repeat      // with -c, and of every Hop; nil: asked once
	Names   []string     // forward names that led to Addr (Hop: to From), as the user wrote them; may be empty
	PTR     string       // the reverse name of Addr (Hop: of From); "": none
	Looked  bool         // the reverse name was looked up
	Differ  bool         // forward and reverse names disagree
	MAC     wire.MAC     // Host: of Addr on our link; OfInterface: ours; OfWay: of the next hop; zero: not known
	Vendor  string       // Host: whose MAC it is
	Named   bool         // Host: asked by address or name, not by a range
	Ports   uint32       // Host: how many Port records it has, before and after this one
	Routed  bool         // Host: its Hop records follow
	Proto   string       // Port, Service: "tcp", "udp"; Hop: what it was traced with, where that is not Meta.Trace's
	Port    uint16       // with Proto
	Service string       // Port: the registered name; Service: the protocol that is spoken; "": none

	Doubt     probe.Doubt   // Host, Port: why the answer, or silence, may not be what it seems; Finding: what it is about
	Confirmed bool          // Port: asked again, by a completed handshake or at the host's own pace; Finding: so were the ports
	By        netip.Addr    // Host, Finding: who answered in its place, with probe.ResetInPlace
	List      []uint16      // Finding: ports that it is about, some of them
	Count     uint64        // Finding: how many these are, or, without ports, addresses
	Far       uint8         // Finding: hops that other answers have come, with probe.Nearer; those in doubt: Hop
	Every     time.Duration // Finding: between two ICMP errors, with probe.ICMPLimit
	Cost      time.Duration // Finding: of asking all again at that pace

	Product  string   // Service: the program, as it calls itself; this and what follows "" where it does not say
	Version  string   // Service: of the program
	Info     string   // Service: what else it says
	OS       string   // Service: the system that it says it was built for
	Hostname string   // Service: the name by which it calls itself
	CPE      []string // Service
	HTTP     *HTTP    // Service: nil: it answered no request
	TLS      *TLS     // Service: nil: it spoke no TLS
	Banner   string   // Service: what it said unasked
	How      string   // Service: how it was found out: "greeting", "tls+http"
	Cut      string   // Service: why there may be more to know: "late", "long"; "": there is not

	Hop     uint8        // Hop: which hop, from 1: the TTL that was sent; Finding: see Far
	Hops    uint32       // Hop: how many Hop records the target has, before and after this one; 0: not known yet
	Others  []netip.Addr // Hop: who else answered for this TTL; From is the first
	Reached bool         // Hop: the target itself answered here, and Reason is what it said
	Quoted  int          // Hop: bytes of our packet that the answer quotes; 0: none
	Changes []Change     // Hop: fields that are not quoted as they were sent; DSCP and ECN may be left to the TOS bytes
	Visible bool         // Hop: all fields that were asked about are quoted: what is not in Changes did not change
	HasTOS  bool         // Hop: the quote shows the TOS byte
	SentTOS uint8        // Hop, with HasTOS: DSCP<<2 | ECN, as it was sent
	SeenTOS uint8        // Hop, with HasTOS: as it is quoted

	Privilege *Privilege // OfPrivilege; this and what follows nil elsewhere
	Limit     *Limit     // OfLimit
	Interface *Interface // OfInterface
	Route     *Route     // OfRoute
	Way       *Way       // OfWay
}

// Repeat is what became of a question that was asked Sent times (-c).
type Repeat struct {
	Sent, Answered uint32
	Min, Avg, Max  time.Duration // round-trip times, where Answered > 0; a Hop's are 0 where none was measured
}

// name is the one name to show for the host: as the user wrote it, else from
// the reverse look-up; "" if there is none.
func (r *Record) name() string {
	if len(r.Names) > 0 {
		return r.Names[0]
	}
	return r.PTR
}

// kept is a copy that borrows nothing, without Reply, what a Service said, and
// what is about this machine.
func (r *Record) kept() Record {
	k := *r
	k.Reply, k.CPE, k.HTTP, k.TLS = nil, nil, nil, nil
	k.Privilege, k.Limit, k.Interface, k.Route, k.Way = nil, nil, nil, nil, nil
	k.Names, k.Changes, k.Others = slices.Clone(r.Names), slices.Clone(r.Changes), slices.Clone(r.Others)
	if r.Repeat != nil {
		repeat := *r.Repeat
		k.Repeat = &repeat
	}
	return k
}

// packet returns the answer if it is a packet, which it is not where the kernel
// asked (connect) or nobody answered.
func (r *Record) packet() *probe.Reply {
	if r.Reply == nil || !r.Reply.IP.Src.IsValid() && r.Reply.MAC == (wire.MAC{}) {
		return nil
	}
	return r.Reply
}

// elsewhere tells whether somebody other than the target answered.
func (r *Record) elsewhere() bool {
	return r.From.IsValid() && r.From.WithZone("") != r.Addr.WithZone("")
}
