package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sonde/scan"
	"sonde/scan/link"
	"sonde/scan/target"
)

func newDoctor(a *app) *cobra.Command {
	f := flags{everyAddr: true}
	cmd := &cobra.Command{
		Use:   "doctor [TARGET...]",
		Short: "What may I do here, and which way would packets take?",
		Long: `doctor looks at this machine, and sends nothing but look-ups of names: what you
may do here, what to type where something is missing, interfaces, default
routes, limits. Of each target it tells by which interface, from which source
address and over which next hop packets would leave, and how sweep, tcp and udp
would ask. It shows all addresses of a name, and of a network the stretches that
go the same way.`,
		Example: `  sonde doctor
  sonde doctor 192.0.2.7 198.51.100.0/24
  sonde doctor --via raw -q || echo not permitted`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.doctor(cmd.Context(), &f, args) },
	}
	f.add(cmd)
	f.hide(cmd, doctorHasNo...)
	f.hide(cmd, "numeric", "all-addresses")
	return cmd
}

// doctorHasNo are common flags that have no meaning where nothing is sent.
var doctorHasNo = []string{"ping", "source-port", "resolve", "timing", "rate", "max-retries", "timeout", "host-timeout", "deadline",
	"ttl", "tos", "dscp", "seed", "shard", "resume", "expect", "packet-trace", "pcap", "dry-run", "verbose", "open"}

// examination is one run of doctor: a job that asks this machine only.
type examination struct {
	*job
	rights     link.Rights
	raw        bool // packets of our own would be sent
	table      *link.Table
	interfaces []link.Interface
	neighbours *link.Neighbours
	known      knownMACs
}

// doctor reports what this machine lets us do, or the ways to targets.
func (a *app) doctor(ctx context.Context, f *flags, args []string) error {
	if err := f.refuse("doctor sends nothing", doctorHasNo...); err != nil {
		return err
	}
	if err := f.refuse("doctor always shows them", "all-addresses"); err != nil {
		return err
	}
	if err := f.check(false); err != nil {
		return err
	}
	everywhere := len(args)+len(f.input) == 0
	t, err := noTargets()
	if everywhere {
		err = f.refuse("there is no target", "source", "ipv4", "ipv6", "exclude", "exclude-file")
	} else if err == nil {
		t, err = a.targets(ctx, f, args)
	}
	if err != nil {
		return err
	}
	e, err := a.examine(f, t)
	if err != nil {
		return err
	}
	defer e.close()
	for _, s := range e.sinks {
		s.Begin(&e.meta)
	}
	if everywhere {
		err = e.machine()
	} else {
		e.missing()
		e.ways()
	}
	if err == nil {
		err = e.impossible()
	}
	if err == nil && e.score.unasked == 0 {
		e.score.yes, e.score.answer = 1, "ready"
	}
	return e.end(err)
}

// noTargets is what is asked where no target is named.
func noTargets() (*target.Result, error) {
	none, err := target.NewSet(nil, nil)
	return &target.Result{NamedSet: none, Swept: none, All: none}, err
}

// examine finds out what holds for all targets, and opens the outputs. All
// privileges are given up, as for any other run.
func (a *app) examine(f *flags, t *target.Result) (*examination, error) {
	began := time.Now()
	e := &examination{job: &job{app: a, flags: f, targets: t, names: &names{}, network: &network{start: began, close: func() {}}}}
	e.stats = scan.Stats{Complete: true, Loss: -1, ExpectedMissed: -1}
	specs, err := f.outputs()
	if err != nil {
		return nil, err
	}
	req := request{targets: t.All, iface: f.iface, source: f.sourceAddr()}
	for _, s := range specs {
		req.files = req.files || s.Path != ""
	}
	e.rights = link.AskRights()
	if err := giveUp(req.files); err != nil {
		return nil, local(err)
	}
	e.raw = e.rights.Raw == nil && f.via != "connect"
	if e.table, err = newTable(&req); err != nil {
		return nil, err
	}
	if e.interfaces, err = link.Interfaces(); err != nil {
		return nil, local(err)
	}
	if e.neighbours, err = link.OpenNeighbours(e.table); err != nil {
		return nil, local(err)
	}
	e.network.close = e.neighbours.Close
	if e.known, err = e.neighbours.Known(); err != nil {
		e.close()
		return nil, local(err)
	}
	if err := e.openSinks(specs); err != nil {
		return nil, err
	}
	e.describe("doctor")
	e.meta.Addresses = t.All.Len()
	if e.raw {
		e.meta.Methods = []string{"raw"}
	}
	if e.table.Foreign() {
		e.meta.Source = req.source
	}
	e.stats.Elapsed = time.Since(began)
	return e, nil
}

// impossible is the error of flags that ask for what cannot be done here, as the
// other commands tell it.
func (e *examination) impossible() error {
	switch {
	case e.raw || e.flags.via != "raw" && !e.table.Foreign():
		return nil
	case e.rights.Raw != nil:
		return needsRaw(e.rights.Raw, false)
	}
	return local(fmt.Errorf("-S %v is not ours: the kernel sends nothing from there", e.meta.Source))
}
