package probe

// State is what is known of a port or of a host.
type State uint8

const (
	Unknown State = iota
	Open
	Closed
	Filtered
	Unfiltered
	OpenFiltered
	ClosedFiltered
	Up
	Down
	NotTested
)

var stateNames = [...]string{
	Unknown: "unknown", Open: "open", Closed: "closed", Filtered: "filtered",
	Unfiltered: "unfiltered", OpenFiltered: "open|filtered", ClosedFiltered: "closed|filtered",
	Up: "up", Down: "down", NotTested: "not-tested",
}

func (s State) String() string { return stateNames[s] }

// ParseState is the inverse of State.String.
func ParseState(name string) (State, bool) {
	for s, n := range stateNames {
		if n == name {
			return State(s), true
		}
	}
	return 0, false
}

// Reason is the one fact that decided a state.
type Reason uint8

const (
	NoResponse Reason = iota
	SynAck
	Syn
	Reset
	ConnRefused
	UDPResponse
	EchoReply
	TimestampReply
	MaskReply
	ARPReply
	NDReply
	NetUnreach
	HostUnreach
	ProtoUnreach
	PortUnreach
	NetProhibited
	HostProhibited
	AdminProhibited
	NoRoute
	AddrUnreach
	BeyondScope
	PolicyFail
	RejectRoute
	TimeExceeded
	ParamProblem
	PacketTooBig
	ReasonLocalError
	ReasonNoNeighbour
	SpoofedSource
	ReasonDeadline
)

var reasonNames = [...]string{
	NoResponse: "no-response", SynAck: "syn-ack", Syn: "syn", Reset: "reset", ConnRefused: "conn-refused",
	UDPResponse: "udp-response", EchoReply: "echo-reply", TimestampReply: "timestamp-reply", MaskReply: "mask-reply",
	ARPReply: "arp-reply", NDReply: "nd-reply",
	NetUnreach: "net-unreach", HostUnreach: "host-unreach", ProtoUnreach: "proto-unreach", PortUnreach: "port-unreach",
	NetProhibited: "net-prohibited", HostProhibited: "host-prohibited", AdminProhibited: "admin-prohibited",
	NoRoute: "no-route", AddrUnreach: "addr-unreach", BeyondScope: "beyond-scope", PolicyFail: "policy-fail",
	RejectRoute: "reject-route", TimeExceeded: "time-exceeded", ParamProblem: "param-problem", PacketTooBig: "packet-too-big",
	ReasonLocalError: "local-error", ReasonNoNeighbour: "no-neighbour", SpoofedSource: "spoofed-source",
	ReasonDeadline: "deadline",
}

func (r Reason) String() string { return reasonNames[r] }

// Reasons lists the names of all reasons, for the schema and the manual.
func Reasons() []string { return reasonNames[:] }

// States lists the names of all states.
func States() []string { return stateNames[:] }
