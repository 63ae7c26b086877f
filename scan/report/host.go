package report

import (
	"net/netip"

	"sonde/probe/wire"
)

// Host is one host that was decided.
type Host struct {
	Addr netip.Addr
	Verdict
	By     netip.Addr // who answered in its place, with probe.ResetInPlace
	MAC    wire.MAC   // of Addr on our link; zero: not known
	Vendor string     // whose MAC it is
	Named  bool       // asked by address or name, not by a range
	Ports  uint32     // how many Port records it has, before and after this one
	Routed bool       // its Hop records follow
	System bool       // its OS record follows
	Local  []LocalName
	Names
}

// LocalName is a name that a host on the link says it has: its own word, which nobody has
// checked. Its bytes are the host's.
type LocalName struct {
	Name   string
	Source string // the name service: one of LocalNameSources
}

// LocalNameSources are the name services of a link: multicast DNS (RFC 6762), LLMNR (RFC
// 4795) and NetBIOS (RFC 1002).
func LocalNameSources() []string { return []string{"llmnr", "mdns", "netbios"} }

func (*Host) record() {}

// Elsewhere tells whether somebody other than the host answered.
func (h *Host) Elsewhere() bool { return elsewhere(h.From, h.Addr) }

// Names are what look-ups told of an address.
type Names struct {
	Forward []string // names that led to it, as the user wrote them; may be empty
	PTR     string   // its reverse name; "": none
	Looked  bool     // the reverse name was looked up
	Differ  bool     // forward and reverse names disagree
}

// Name is the one name to show: as the user wrote it, else from the reverse
// look-up; "" if there is none.
func (n *Names) Name() string {
	if len(n.Forward) > 0 {
		return n.Forward[0]
	}
	return n.PTR
}
