package main

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"sonde/probe"
	"sonde/scan/link"
	"sonde/scan/sweep"
)

// addGuard defines --rst-guard, for commands that send SYNs.
func (f *flags) addGuard(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.guard, "rst-guard", false, "keep back the RSTs by which this machine's kernel answers SYN-ACKs, while the run lasts")
}

// checkGuard refuses --rst-guard where no SYN of our own is sent, as far as the
// command line tells, and demands packets of our own for it.
func (f *flags) checkGuard(kind probe.Kind, pings []sweep.Ping) error {
	if !f.guard {
		return nil
	}
	if kind != nil && kind != probe.SYN {
		return usage("--rst-guard: only SYNs are answered by SYN-ACKs, and -s%s sends none", f.kind[0])
	}
	if pings != nil && !slices.ContainsFunc(pings, func(p sweep.Ping) bool { return p.Kind == probe.SYN }) {
		return usage("--rst-guard: none of these pings is a SYN; choose one with -PS")
	}
	f.via = "raw"
	return nil
}

// sendsSYNs tells whether a request that passed checkGuard sends SYNs: a sweep asks
// neighbours by ARP or ND, unless -P says otherwise.
func (r *request) sendsSYNs(table *link.Table) bool {
	if r.proto == "tcp" || r.pinged {
		return true
	}
	for i := range r.targets.Len() {
		if !isNeighbour(&table.Ways()[table.Way(r.targets.At(i))]) {
			return true
		}
	}
	return false
}

// openGuard opens the guard of --rst-guard, which n.close ends. It does nothing
// where checkTransport or checkParts refuses it.
func (n *network) openGuard(req *request, table *link.Table) error {
	if !req.guard || table.Foreign() || !req.sendsSYNs(table) {
		return nil
	}
	guard, err := link.OpenRSTGuard(link.PortRange{First: n.ports.First, Last: n.ports.First + n.ports.N - 1})
	if err != nil {
		err = fmt.Errorf("--rst-guard: %w", errors.Join(err, n.link.Close()))
		if errors.Is(err, syscall.EPERM) {
			return needsRaw(err, true)
		}
		return local(err)
	}
	rest := n.close
	n.close = func() {
		guard.Close() // the kernel takes the table away with the socket, whatever close says
		rest()
	}
	return nil
}

// guarded says what --rst-guard does while the run lasts, or would do.
func (j *job) guarded() {
	if !j.flags.guard {
		return
	}
	ports := fmt.Sprintf("TCP ports %d-%d", j.network.ports.First, j.network.ports.First+j.network.ports.N-1)
	if j.network.ports.N == 1 {
		ports = fmt.Sprintf("TCP port %d", j.network.ports.First)
	}
	does := "until this run ends"
	if j.flags.dryRun {
		does = "while a run lasts"
	}
	j.note(fmt.Sprintf("--rst-guard: %s, no RST without ACK leaves this machine from %s (a table of nftables)", does, ports))
}
