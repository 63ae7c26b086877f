package output

import (
	"net/netip"

	"sonde/probe"
	"sonde/scan/report"
)

// Pager writes hosts, each when it is whole. An Assembler calls it in this order:
// AppendBegin, then AppendHost and AppendFinding as often as there is something
// to write, AppendMachine at most once, AppendEnd. All of them append to b, and
// keep nothing of what they are given but the Scan, which stays.
type Pager interface {
	Keep() Keep
	AppendBegin(b []byte, s *report.Scan) []byte
	AppendHost(b []byte, h *Host) []byte
	AppendFinding(b []byte, f *report.Finding) []byte // that is about no single host
	AppendRound(b []byte, r *report.Round) []byte     // of a watched trace: as they come, before its hosts
	AppendReroute(b []byte, r *report.Reroute) []byte // likewise
	AppendMachine(b []byte, m *Machine) []byte
	AppendPair(b []byte, p *report.Pair) []byte // of two captures: as they come
	AppendComparison(b []byte, c *report.Comparison) []byte
	AppendUnmet(b []byte, u *report.Unmet) []byte           // behind all hosts
	AppendDifference(b []byte, d *report.Difference) []byte // of two runs: by address
	AppendDifferences(b []byte, d *report.Differences) []byte
	AppendTrial(b []byte, t *report.Trial) []byte // of each target one after the other, and then
	AppendEffect(b []byte, e *report.Effect) []byte
	AppendConclusion(b []byte, c *report.Conclusion) []byte
	AppendEnd(b []byte, e *report.End) []byte
}

// Keep says what an Assembler holds for a Pager until a host is whole, beside
// what cannot be done without.
type Keep struct {
	Fold  bool // more than 25 ports in the same state other than open become Folds
	Brief bool // of what services say at length only the beginning is kept
	// Numbers has Folds list their ports, and tell protocols apart.
	Numbers bool
	// Sort hands hosts on by address, as far as sortRoom holds what is written of them:
	// each must be written in the same way wherever it stands.
	Sort bool
}

// Host is all that was found out about a host.
type Host struct {
	report.Host                  // zero but for Addr, unless Decided
	Decided     bool             // the host has a record; else the run was cut short, or this is only a route
	Listed      []Port           // by protocol and number; all that are not in Folds
	Folds       []Fold           // by state, the most frequent first
	Heard       Heard            // all ports
	Hops        []report.Hop     // by TTL
	Edges       []report.Edge    // of all ways, by TTL; none: it was not asked for them
	Rewrites    []report.Rewrite // on the way of these, by the hop that saw what had become of a field
	MTU         *report.PathMTU  // of the way of these; nil: not measured
	Findings    []report.Finding // as they came
	OS          *report.OS       // nil: it was not asked, or the run was cut short
	Then        *report.Then     // nil: no command was run for it, or has ended
}

// Port is a port with what it says of itself.
type Port struct {
	report.Port
	Service   *report.Service // nil: it was not asked, or the run was cut short
	MoreNames int             // names of its certificate that are left out, with Keep.Brief
}

// spoken is nmap's name of the service of a port: the one that was found, else the
// registered one. Where it is encrypted, that is told apart from the name.
func (p *Port) spoken() (name string, found, encrypted bool) {
	name = p.Port.Service
	if s := p.Service; s != nil {
		encrypted = s.TLS != nil && s.TLS.Version != 0
		if s.Service != "" {
			name, found = s.Service, true
		}
	}
	if inner, ok := report.WithinTLS(name); ok && encrypted {
		name = inner
	}
	return name, found, encrypted
}

// Fold counts ports of a host that are not listed one by one.
type Fold struct {
	State  probe.State
	Reason probe.Reason
	From   netip.Addr // who answered, if not the host
	Many   bool       // several addresses answered; From is the first
	N      uint64
	// Errno is why this machine could not ask, with probe.ReasonLocalError.
	Errno uint16
	// Weak: answers that prove nothing. Unproven: replies came, but none that counts.
	Weak, Unproven bool
	// Proto and Ports, in no order, are those that are counted, with Keep.Numbers.
	Proto string
	Ports []uint16
}

// Heard counts the ports of a host by who was heard of them.
type Heard struct {
	Host      uint32 // the host itself, or nobody
	Others    uint32 // somebody else
	Local     uint32 // this machine, which could not ask
	Elsewhere uint32 // nobody, since replies go to a foreign source (-S)
}

// Ports is how many ports there are.
func (h *Heard) Ports() uint32 { return h.Host + h.Others + h.Local + h.Elsewhere }

// Alone tells whether nothing is known but the record of the host, as in a sweep.
func (h *Host) Alone() bool {
	return h.Decided && h.Host.Ports == 0 && !h.Routed && !h.System && h.Heard.Ports() == 0 && len(h.Hops) == 0 && len(h.Findings) == 0
}

// RouteOnly tells whether nothing is known but the route: it is a trace, or the
// host was written before its route was known.
func (h *Host) RouteOnly() bool { return len(h.Hops) > 0 && !h.Decided && h.Heard.Ports() == 0 }

// Undecided is how many ports have no record, though the host has one.
func (h *Host) Undecided() uint32 {
	if !h.Decided {
		return 0
	}
	return h.Host.Ports - min(h.Host.Ports, h.Heard.Ports())
}

// Machine is what was found out about this machine, in the order of the records.
type Machine struct {
	Privileges []report.Privilege
	Limits     []report.Limit
	Interfaces []report.Interface
	Routes     []report.Route
	Ways       []report.Way
}
