package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/cmd/nagios"
	"sonde/output"
	"sonde/scan/job"
	"sonde/scan/report"
	"sonde/scan/target"
)

// options are what a command line says: flags that write into a job.Spec, and
// those that are read when all of them are there. Which command has which flag
// stands in scan/job; a flag that others have and this one has not is there,
// hidden, to say why.
type options struct {
	spec   job.Spec
	set    *pflag.FlagSet
	lists  []string // files with targets
	kept   []string // files with targets that are left out
	output []string

	systems  string // the file of --os-db
	expected string // the file of --expect-file

	operands func(args []string) error // takes the arguments that are no flags; nil: they are targets
}

// newOptions makes the options of a command.
func newOptions(cmd *cobra.Command) *options {
	o := &options{set: cmd.Flags(), spec: job.Spec{Command: cmd.Name()}}
	o.set.SortFlags = false
	return o
}

// define adds a flag that add defines, if the command has it, and otherwise one
// that refuses whatever is no default.
func (o *options) define(add func(s *pflag.FlagSet)) {
	one := pflag.NewFlagSet("", pflag.ContinueOnError)
	one.SortFlags = false
	add(one)
	one.VisitAll(func(f *pflag.Flag) {
		if !job.Has(o.spec.Command, f.Name) {
			f.Hidden = true
			f.Value = &notHere{f.Value, f.DefValue, job.Why(o.spec.Command, f.Name)}
		}
		o.set.AddFlag(f)
	})
}

// notHere is the value of a flag that the command does not have. Stating its
// default is no offence.
type notHere struct {
	pflag.Value
	usual, why string
}

// errRefused is why.
type errRefused string

func (e errRefused) Error() string { return string(e) }

func (r *notHere) String() string { return r.usual }
func (r *notHere) Set(text string) error {
	if text == r.usual {
		return nil
	}
	return errRefused(r.why)
}

// finish reads the files that the flags name, and returns the Spec of the command
// line. args are its arguments that are no flags.
func (o *options) finish(a *app, args []string) (*job.Spec, error) {
	if err := o.checkEmpty(); err != nil {
		return nil, err
	}
	if err := o.byDefault(a, args); err != nil {
		return nil, err
	}
	s := &o.spec
	s.Args = a.args
	specs, err := o.specs()
	if err != nil {
		return nil, err
	}
	s.Show.Outputs = o.outputs(specs)
	if s.Show.Nagios {
		a.check = &nagios.Check{Want: s.Expect, File: o.expected != ""}
	}
	if slices.Contains(o.lists, "-") && slices.Contains(o.kept, "-") {
		return nil, job.Usage("-i - and --exclude-file - both read stdin")
	}
	if err := s.System.ReadDatabase(o.systems); err != nil {
		return nil, err
	}
	if s.Show.ASN != "" {
		if err := a.reading(s.Show.ASN, a.readOrigins); err != nil {
			return nil, job.Usage("--asn: %w", err)
		}
	}
	if o.operands != nil {
		if err := o.operands(args); err != nil {
			return nil, err
		}
		return s, s.Check()
	}
	t := &s.Targets
	t.Words = target.JoinRanges(args)
	if err := o.readLists(a); err != nil {
		return nil, err
	}
	if len(o.lists) > 0 && len(t.Words) == 0 {
		return nil, job.Usage("no target: name addresses, networks or hosts, or a file with -i")
	}
	if o.expected != "" {
		if err := a.reading(o.expected, s.ReadExpectations); err != nil {
			return nil, job.Usage("--expect-file %w", err)
		}
	}
	for _, name := range o.kept {
		if err := a.readWords(name, "exclusion", s.TargetOptions(), &t.Exclude, &t.ExcludeSources); err != nil {
			return nil, job.Usage("--exclude-file %w", err)
		}
		t.ExcludeFile = true
	}
	return s, s.Check()
}

// readLists reads the targets of -i. Where several ports are asked, addresses may have a
// port behind them, as -o list writes them: unless the command line names ports, those of
// all lists together are asked of everybody.
func (o *options) readLists(a *app) error {
	s := &o.spec
	t, opt := &s.Targets, s.TargetOptions()
	if len(o.lists) > 0 && job.Has(s.Command, "top") { // which those have that ask several ports
		opt.Listed = new(target.Listed)
	}
	for _, name := range o.lists {
		if err := a.readWords(name, "target", opt, &t.Words, &t.Sources); err != nil {
			return job.Usage("-i %w", err)
		}
	}
	if opt.Listed == nil {
		return nil
	}
	ports := opt.Listed.Ports()
	list := report.PortRanges(ports)
	switch {
	case len(ports) == 0:
	case o.set.Changed("ports") || o.set.Changed("top"):
		a.tell(s, "-i: the ports of the list (%s) are not asked, but those that were named", list)
	default:
		s.Ask.Ports = list
		if len(ports) > 1 && len(t.Words) > 1 {
			a.tell(s, "-i: everybody is asked for all ports of the list: %s", list)
		}
	}
	return nil
}

// tell says something beside the result, unless nothing is to be said.
func (a *app) tell(s *job.Spec, format string, args ...any) {
	if !s.Show.Quiet {
		a.note(format, args...)
	}
}

// specs reads -o, and refuses formats that have no place for what the command finds out.
func (o *options) specs() ([]output.Spec, error) {
	specs, err := output.Formats().ParseSpecs(o.output)
	if err != nil {
		return nil, job.Usage("%w", err)
	}
	for _, spec := range specs {
		if f, err := output.Formats().Find(spec.Format); err == nil && !f.Fits(o.spec.Command) {
			return nil, job.Usage("-o %s: it has no place for what %s finds out: write -o json", f.Name, o.spec.Command)
		}
	}
	return specs, nil
}

// pair has the command take two operands, which it calls by these names.
func (o *options) pair(names string, first, second *string) {
	o.operands = func(args []string) error {
		if len(args) > 2 {
			return job.Usage("%s takes %s, and not %d", o.spec.Command, names, len(args))
		}
		args = append(args, "", "")
		*first, *second = args[0], args[1]
		return nil
	}
}

// outputs says where the records go. With -q nothing goes to stdout by default.
func (o *options) outputs(specs []output.Spec) []job.Output {
	var list []job.Output
	toStdout := slices.ContainsFunc(o.output, func(value string) bool {
		_, file, ok := strings.Cut(value, "=")
		return !ok || file == "-"
	})
	for _, s := range specs {
		implied := s.Path == "" && !toStdout
		if implied && (o.spec.Show.Quiet || o.spec.Show.DryRun || o.spec.Show.Nagios) {
			continue
		}
		list = append(list, job.Output{Format: s.Format, Path: s.Path, Streamed: output.Formats().Streams(s.Format), Implied: implied})
	}
	return list
}

// checkEmpty refuses empty values: mostly of a shell variable that is not set,
// and a scan of the default ports is not what was meant.
func (o *options) checkEmpty() error {
	var err error
	o.set.Visit(func(flag *pflag.Flag) {
		empty := flag.Value.String() == ""
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			empty = slices.Contains(list.GetSlice(), "")
		}
		if empty && err == nil {
			err = job.Usage("--%s: the value is empty", flag.Name)
		}
	})
	return err
}

// flagError says in one line what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		return job.Usage("%w: %s --help lists the flags", err, cmd.CommandPath())
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		var why errRefused
		if errors.As(err, &why) {
			return job.Usage("--%s: %s", invalid.GetFlag().Name, string(why))
		}
		want, ok := map[string]string{"int": "a whole number", "uint64": "a whole number from 0 on", "float64": "a number",
			"duration": "a duration such as 500ms, 5s or 2m"}[invalid.GetFlag().Value.Type()]
		if ok {
			return job.Usage("--%s %s: not %s", invalid.GetFlag().Name, invalid.GetValue(), want)
		}
		return job.Usage("--%s %s: %w", invalid.GetFlag().Name, invalid.GetValue(), errors.Unwrap(invalid))
	}
	return job.Usage("%w", err)
}
