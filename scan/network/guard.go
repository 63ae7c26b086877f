package network

import (
	"errors"
	"fmt"
	"syscall"

	"sonde/scan/link"
)

// sendsSYNs tells whether a request with a guard sends SYNs: a sweep asks
// neighbours by ARP or ND, unless the user chose other pings.
func (r *Request) sendsSYNs(table *link.Table) bool {
	if r.Proto == "tcp" || r.Pinged {
		return true
	}
	for i := range r.Targets.Len() {
		if !IsNeighbour(&table.Ways()[table.Way(r.Targets.At(i))]) {
			return true
		}
	}
	return false
}

// openGuard opens the guard of --rst-guard, which Close ends. It does nothing
// where whoever asked for it refuses it, or nothing is to be guarded.
func (n *Network) openGuard(r *Request, table *link.Table) error {
	if !r.Guard || table.Foreign() || !r.sendsSYNs(table) {
		return nil
	}
	guard, err := link.OpenRSTGuard(link.PortRange{First: n.Ports.First, Last: n.Ports.First + n.Ports.N - 1})
	if err != nil {
		err = fmt.Errorf("--rst-guard: %w", errors.Join(err, n.Link.Close()))
		if errors.Is(err, syscall.EPERM) {
			return NeedsRaw(err, true)
		}
		return err
	}
	n.GuardsRST = true
	n.closers = append(n.closers, func() { guard.Close() }) // the kernel takes the table away with the socket, whatever close says
	return nil
}
