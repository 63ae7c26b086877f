package report

import "net/netip"

// Port is one port that was asked.
type Port struct {
	Addr  netip.Addr
	Proto string // "tcp", "udp"
	Port  uint16
	Verdict
	Confirmed bool   // asked again, by a completed handshake or at the host's own pace
	Service   string // the registered name; "": none
}

func (*Port) record() {}

// Elsewhere tells whether somebody other than the host answered.
func (p *Port) Elsewhere() bool { return elsewhere(p.From, p.Addr) }
