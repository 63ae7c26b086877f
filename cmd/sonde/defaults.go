package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/cmd/defaults"
	"sonde/scan/job"
	"sonde/scan/report"
	"sonde/scan/target"
)

// byDefault sets flags that the command line does not give to what the environment or a
// file says, and tells which; one that does not go with the command line is left out, and
// that is told, too. args are the arguments that are no flags.
func (o *options) byDefault(a *app, args []string) error {
	if a.environ == nil {
		return nil
	}
	known, err := defaults.Read(a.environ, func() *cobra.Command { return newRoot(&app{}) })
	if err != nil {
		return err
	}
	list, before := known.For(o.spec.Command, o.set), *o
	for _, d := range list {
		if bare(o.set.Lookup(d.Flag)).Set(d.Value) != nil || d.Value == "" {
			return job.Usage("%s: %q is no value of --%s", d.From, d.Value, d.Flag)
		}
	}
	all := o.check(args)
	if all != nil {
		*o = before
	}
	if all != nil && o.check(args) != nil {
		return nil // which is said as ever
	}
	if all != nil { // one by one tells which is to blame
		list = slices.DeleteFunc(list, func(d report.Default) bool {
			before := *o
			bare(o.set.Lookup(d.Flag)).Set(d.Value)
			err := o.check(args)
			if err != nil {
				*o = before
				a.tell(&o.spec, "default not used: %s: %v", d.Text(), err)
			}
			return err != nil
		})
	}
	if o.spec.Defaults = list; o.spec.Command == "doctor" {
		o.spec.Defaults = known.All
	}
	var told []string
	for _, d := range list {
		told = append(told, d.Text())
	}
	if len(told) > 0 {
		a.tell(&o.spec, "by default: %s", strings.Join(told, ", "))
	}
	if known.Passed != "" && (known.Path != "" || o.spec.Command == "doctor") {
		a.tell(&o.spec, "under sudo the defaults of root count, and not those of %s", known.Passed)
	}
	return nil
}

// bare is the value of a flag without what watches over how often it is given.
func bare(f *pflag.Flag) pflag.Value {
	switch v := f.Value.(type) {
	case *once:
		return v.Value
	case *added:
		return v.Value
	}
	return f.Value
}

// check is Spec.Check of what is known before files are read: somebody stands for those
// that lists name.
func (o *options) check(args []string) error {
	if o.operands != nil {
		if err := o.operands(args); err != nil {
			return err
		}
		args = nil
	}
	specs, err := o.specs()
	if err != nil {
		return err
	}
	s := o.spec
	s.Show.Outputs = o.outputs(specs)
	s.Targets.ExcludeFile = len(o.kept) > 0
	s.Targets.Words = target.JoinRanges(args)
	if len(o.lists) > 0 {
		s.Targets.Words = append(s.Targets.Words, "127.0.0.1")
	}
	return s.Check()
}
