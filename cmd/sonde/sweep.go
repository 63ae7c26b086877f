package main

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	"sonde/output"
	"sonde/probe"
	"sonde/scan"
	"sonde/scan/checkpoint"
	"sonde/scan/sweep"
)

func newSweep(a *app) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "sweep TARGET...",
		Short: "Who is there?",
		Long: `sweep asks which hosts are there: by ARP or ND on the link, elsewhere by an
echo request, a SYN to port 443, an ACK to port 80, a timestamp request (IPv4)
and a DNS question to UDP port 53. One answer is enough.`,
		Example: `  sonde sweep 192.0.2.0/24
  sonde sweep -PE -PS22,443 192.0.2.0/24 -o json`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.sweep(cmd.Context(), &f, args) },
	}
	f.add(cmd)
	f.addTCP(cmd)
	f.addGuard(cmd)
	cmd.Flags().MarkHidden("open") // refused, in words of its own
	return cmd
}

// liars counts addresses in whose place resets were sent, by who sent them; the
// zero address stands for those of whom it could not be told.
type liars map[netip.Addr]uint64

func (l liars) count(h *sweep.Host) {
	if h.Doubt == probe.ResetInPlace || h.Doubt == probe.ResetUnplaced {
		l[h.By]++
	}
}

func (l liars) report(record func(*output.Record)) {
	for _, by := range slices.SortedFunc(maps.Keys(l), netip.Addr.Compare) {
		r := output.Record{Type: output.Finding, Doubt: probe.ResetInPlace, By: by, Count: l[by]}
		if !by.IsValid() {
			r.Doubt = probe.ResetUnplaced
		}
		record(&r)
	}
}

// sweep reports which targets are there.
func (a *app) sweep(ctx context.Context, f *flags, args []string) error {
	if err := f.check(true); err != nil {
		return err
	}
	if f.noPing() {
		return usage("-PN: a sweep that asks nothing finds nothing")
	}
	pings, err := f.pings()
	if err != nil {
		return err
	}
	if err := f.checkGuard(nil, pings); err != nil {
		return err
	}
	if f.via == "connect" {
		if err := checkPings(pings); err != nil {
			return err
		}
	}
	t, err := a.targets(ctx, f, args)
	if err != nil {
		return err
	}
	j, err := a.newJob(f, "sweep", t, request{proto: "icmp", sweeps: true, pinged: pings != nil, probes: t.All.Len() * uint64(max(1, len(pings)))})
	if err != nil {
		return err
	}
	if j.meta.Source.IsValid() && pings == nil {
		pings = []sweep.Ping{{Kind: probe.Echo}}
	}
	parts, err := j.allParts(t.NamedSet, t.Swept, pings)
	if err == nil {
		err = f.checkParts(parts)
	}
	if err != nil {
		j.close()
		return err
	}
	j.guarded()
	facts := j.facts(pings, parts)
	j.shareParts(parts)
	j.meta.Addresses = j.share(t.All).Len()
	j.meta.Probes = j.meta.Addresses * uint64(max(1, len(pings)))
	if f.dryRun {
		return j.dryRun(func() ([]scan.Plan, error) { return j.pingPlans(parts), nil })
	}
	if err = j.keep(facts, probe.Up); err == nil {
		err = j.keepSweep(parts)
	}
	if err != nil {
		j.close()
		return err
	}
	idle := j.nothing()
	return j.run(ctx, func(ctx context.Context) error {
		if idle || j.kept != nil && j.kept.Found() {
			return nil
		}
		liars := liars{}
		err := j.findHosts(ctx, parts, func(h *sweep.Host) {
			r := j.hostRecord(h)
			liars.count(h)
			silent := h.Reply.Event == probe.Silence || h.Reply.Event == probe.NoNeighbour
			var counts checkpoint.Counts
			switch {
			case h.State != probe.Up && j.passedOver(h.Addr):
			case h.Doubt != probe.NoDoubt: // of the host itself nothing was heard
				counts = j.score.add(h.State, probe.NoResponse, probe.Up)
			case r.Named || !silent || j.score.countsSilent():
				counts = j.score.add(r.State, r.Reason, probe.Up)
			}
			found := *h
			j.recordThen(ctx, &r, func() { j.kept.host(ctx, &found, counts) })
		})
		liars.report(func(r *output.Record) { j.record(ctx, r) })
		return err
	})
}
