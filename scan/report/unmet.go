package report

import (
	"net/netip"

	"sonde/probe"
)

// Unmet is an expectation (--expect-file) that does not hold. It comes at the end, before End.
type Unmet struct {
	Addr    netip.Addr // zero: the name did not resolve
	Name    string     // as it stands in the file, unless that is the address
	Proto   string     // of the port; "": it is about the host
	Port    uint16
	Want    []probe.State // any of which would do
	Decided bool          // there is a record of it, from which what follows is
	State   probe.State
	Reason  probe.Reason
	From    netip.Addr // who answered; zero: nobody
	Tries   uint8
	Asked   string // as in Verdict
	Weak    bool
}

func (*Unmet) record() {}
