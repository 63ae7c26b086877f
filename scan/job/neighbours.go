package job

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// neighbours are the hardware addresses that were told for addresses on our links, until
// the end of the run: who answers second is heard when the host has its record.
type neighbours struct {
	mu   sync.Mutex
	told map[netip.Addr][]wire.MAC // in the order of coming, each once
}

const (
	// mostTold is how many hardware addresses are kept of one address.
	mostTold = 8
	// sharedBy is from how many addresses of one family on it is said that they have one
	// hardware address: hosts with two or three addresses are everywhere.
	sharedBy = 4
)

// hear is a scan.Config's Neighbour.
func (n *neighbours) hear(addr netip.Addr, mac wire.MAC) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.told == nil {
		n.told = map[netip.Addr][]wire.MAC{}
	}
	if all := n.told[addr]; len(all) < mostTold && !slices.Contains(all, mac) {
		n.told[addr] = append(all, mac)
	}
}

// report puts what is to be known of them.
func (n *neighbours) report(put func(*report.Finding)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	type shared struct {
		mac wire.MAC
		v6  bool
	}
	many := map[shared]uint64{}
	for _, addr := range slices.SortedFunc(maps.Keys(n.told), netip.Addr.Compare) {
		for _, m := range n.told[addr] {
			many[shared{m, addr.Is6()}]++
		}
		if machines := slices.DeleteFunc(slices.Clone(n.told[addr]), redundant); len(machines) > 1 {
			put(&report.Finding{Addr: addr, Doubt: probe.AddressConflict, MACs: machines})
		}
	}
	for _, s := range slices.SortedFunc(maps.Keys(many), func(a, b shared) int { return bytes.Compare(a.mac[:], b.mac[:]) }) {
		if many[s] >= sharedBy {
			put(&report.Finding{Doubt: probe.SharedMAC, MACs: []wire.MAC{s.mac}, Count: many[s]})
		}
	}
}

// redundant tells whether m is the address of a virtual router, which one of several
// machines answers for beside its own: VRRP and CARP (RFC 9568 section 7.3), HSRP of
// both versions (RFC 2281; Cisco's for the second, and for IPv6) and GLBP.
// Beside the machine's own address it is none of another machine.
func redundant(m wire.MAC) bool {
	switch [4]byte(m[:4]) {
	case [4]byte{0x00, 0x00, 0x5e, 0x00}:
		return m[4] == 1 || m[4] == 2
	case [4]byte{0x00, 0x00, 0x0c, 0x07}:
		return m[4] == 0xac
	case [4]byte{0x00, 0x00, 0x0c, 0x9f}:
		return m[4]&0xf0 == 0xf0
	case [4]byte{0x00, 0x05, 0x73, 0xa0}:
		return m[4]&0xf0 == 0
	case [4]byte{0x00, 0x07, 0xb4, 0x00}:
		return true
	}
	return false
}
