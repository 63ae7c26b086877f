package output

import (
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// Type says what a Record is about. A new type gets a constant and a name
// here, its fields in Record, a case in each format's AppendRecord, and a
// definition in schema.json.
type Type uint8

const (
	Host Type = iota // one for each host that is decided
	Port             // one for each port that was asked
)

var typeNames = [...]string{Host: "host", Port: "port"}

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
	Repeat  *Repeat      // with -c; nil: asked once
	Names   []string     // forward names that led to Addr, as the user wrote them; may be empty
	PTR     string       // the reverse name; "": none
	Looked  bool         // the reverse name was looked up
	Differ  bool         // forward and reverse names disagree
	MAC     wire.MAC     // Host: of Addr on our link; zero: not known
	Vendor  string       // Host: whose MAC it is
	Named   bool         // Host: asked by address or name, not by a range
	Ports   uint32       // Host: how many Port records it has, before and after this one
	Proto   string       // Port: "tcp", "udp"
	Port    uint16       // Port
	Service string       // Port: the registered name; "": none
}

// Repeat is what became of a question that was asked Sent times (-c).
type Repeat struct {
	Sent, Answered uint32
	Min, Avg, Max  time.Duration // round-trip times, where Answered > 0
}

// name is the one name to show for the host: as the user wrote it, else from
// the reverse look-up; "" if there is none.
func (r *Record) name() string {
	if len(r.Names) > 0 {
		return r.Names[0]
	}
	return r.PTR
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
