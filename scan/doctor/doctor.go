// Package doctor looks at this machine: what this process may do on the network,
// what limits it, and which way packets to targets would leave. It sends nothing but
// look-ups of names. Run is what to call first.
package doctor

import (
	"context"
	"fmt"
	"time"

	"sonde/scan"
	"sonde/scan/job"
	"sonde/scan/link"
	"sonde/scan/network"
	"sonde/scan/report"
	"sonde/scan/sandbox"
	"sonde/scan/target"
)

// examination is one run of doctor.
type examination struct {
	spec       *job.Spec
	out        report.Sink
	targets    *target.Result
	rights     link.Rights
	sandbox    sandbox.State
	raw        bool // packets of our own would be sent
	table      *link.Table
	interfaces []link.Interface
	noProgram  string // why none can be loaded into the kernel, "" if one can
	neighbours *link.Neighbours
	known      knownMACs
	unasked    int // targets to which there is no way
}

// Run reports what this machine lets us do, or, where t has targets, the ways to
// them. All privileges are given up, as by any other run. An error means that
// nothing was put; it is an *job.Error. What goes wrong later is told to env.Warn,
// and is in the Outcome.
func Run(ctx context.Context, env *job.Env, s *job.Spec, t *target.Result, out report.Sink) (job.Outcome, error) {
	began := time.Now()
	if t == nil {
		none, err := target.NewSet(nil, nil)
		if err != nil {
			return job.Outcome{}, job.Local(err)
		}
		t = &target.Result{NamedSet: none, Swept: none, All: none}
	}
	e := &examination{spec: s, out: out, targets: t}
	req := &network.Request{Targets: t.All, Iface: s.Way.Iface, Source: s.SourceAddr()}
	if err := e.look(req); err != nil {
		return job.Outcome{}, job.Local(network.Sandboxed(err))
	}
	defer e.neighbours.Close()
	if env.Begin != nil {
		if err := env.Begin(ctx, false, nil); err != nil {
			return job.Outcome{}, job.Local(err)
		}
	}
	if err := e.giveUp(env); err != nil {
		return job.Outcome{}, job.Local(err)
	}
	first := report.Scan{Version: env.Version, Command: s.Command, Args: s.Args, Defaults: s.Defaults, Time: report.Time(began),
		Methods: []string{"connect"}, Addresses: t.All.Len()}
	if e.raw {
		first.Methods = []string{"raw"}
	}
	for _, rule := range e.table.Choosy() {
		first.Notes = append(first.Notes, "a rule chooses the way by more than the address: ip rule: "+rule+
			". What is told here is the way of packets of sonde's own; --via connect follows the rule")
	}
	first.Notes = append(first.Notes, t.Notes...)
	env.Tell(first.Notes...)
	if e.table.Foreign() {
		first.Source = req.Source
	}
	out.Put(&first)
	o := job.Outcome{Stats: scan.NoStats(), Unresolved: len(t.Unresolved) > 0}
	o.Stats.Elapsed = time.Since(began)
	e.end(env, &o, e.report())
	return o, nil
}

// look finds out what holds for all targets.
func (e *examination) look(req *network.Request) error {
	e.rights = link.AskRights()
	if e.noProgram = link.WhyNoProgram(); e.noProgram == "" && e.rights.Raw != nil {
		e.noProgram = "no-capability" // it needs both
	}
	e.raw = e.rights.Raw == nil && e.spec.Way.Via != "connect"
	var err error
	if e.table, err = network.Routes(req); err != nil {
		return err
	}
	if e.interfaces, err = link.Interfaces(); err != nil {
		return err
	}
	if e.neighbours, err = link.OpenNeighbours(e.table); err != nil {
		return err
	}
	if e.known, err = e.neighbours.Known(); err != nil {
		e.neighbours.Close()
	}
	return err
}

// giveUp does what any run does when its outputs are open, and notes how far that came.
func (e *examination) giveUp(env *job.Env) (err error) {
	var later sandbox.Files
	if env.Renames != nil {
		later.Rename = env.Renames()
	}
	e.sandbox, err = network.GiveUp(later)
	return err
}

// report puts what was found, and tells what cannot be done here.
func (e *examination) report() error {
	if e.targets.All.Len() == 0 {
		if err := e.machine(); err != nil {
			return err
		}
	} else {
		e.missing()
		e.ways()
	}
	return e.impossible()
}

// end puts the last record.
func (e *examination) end(env *job.Env, o *job.Outcome, err error) {
	o.Score.Unasked = e.unasked
	if err == nil && e.unasked == 0 {
		o.Score.Yes, o.Score.Answer = 1, "ready"
	}
	e.out.Put(o.Conclude(env, err))
}

// impossible is the error of flags that ask for what cannot be done here, as the
// other commands tell it.
func (e *examination) impossible() error {
	switch {
	case e.raw || e.spec.Way.Via != "raw" && !e.table.Foreign():
		return nil
	case e.rights.Raw != nil:
		return network.NeedsRaw(e.rights.Raw, false)
	}
	return fmt.Errorf("-S %v is not ours: the kernel sends nothing from there", e.spec.SourceAddr())
}
