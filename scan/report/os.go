package report

import "net/netip"

// OS is which TCP/IP stack answers a host's packets, and so which system is likely to run
// there. One follows for each Host that says so.
type OS struct {
	Addr    netip.Addr
	Matches []OSMatch // what it is, and behind it what it may be, too; none: it is not known
	// Unknown is the share of what is possible that no stack of the database is; with
	// Matches or without.
	Unknown      float64
	Why          string    // why it is not known, for people: with no Matches
	For, Against []string  // what speaks for and against what is the most probable, the strongest first
	Passive      bool      // nothing was asked for it: it is by SYN-ACKs alone
	Seen         uint32    // how many features were seen of it
	Hops         uint8     // that its answers have come, where one is the link; 0: not known
	Said         []OSWord  // what services say
	Apart        []OSPorts // ports that another stack answers
	Features     []string  // what was seen: "options=MSTNW", in the words of a database
	Sample       string    // the same as a row for a database, where it was asked for
}

func (*OS) record() {}

// OSMatch is a system, as deep as the evidence goes. Shares are as Rate rounds them.
type OSMatch struct {
	Name       string // "Linux 4.20 or newer"
	Family     string
	Generation string  // "": it cannot be told
	Confidence float64 // probability of Name
	InFamily   float64 // probability of Family
	CPE        string
	Device     string // what such a stack usually runs on; "": anything
	Unverified bool   // what is known of it was never compared with a real one
	Hints      []OSHint
}

// OSHint is something beside the name that is probable.
type OSHint struct {
	Name       string
	Confidence float64
}

// OSWord is what a service says of the system that it was built for.
type OSWord struct {
	Port    uint16
	Text    string
	Agrees  bool // it names the family of the match
	Differs bool // it names another one
}

// OSPorts are ports that another stack answers than the host's: they are forwarded, or a
// balancer has them.
type OSPorts struct {
	Ports      string // as PortRanges writes them
	Name       string // of that stack; "": it is not known
	Confidence float64
	Evidence   string // what it answers otherwise
}
