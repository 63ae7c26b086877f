// Package defaults reads what flags are to be where a command line does not say: from the
// environment, SONDE_RATE for --rate, and from a file of the user's, config.toml in the folder
// sonde of os.UserConfigDir. There a key is a flag, for all commands that have it, or within a
// table for the command of that name. Read is what to call, then Set.For.
package defaults

import (
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/scan/job"
	"sonde/scan/report"
)

// never are the flags that say what one run is about, or nothing about a run: for them there
// are no defaults.
var never = []string{"help", "input", "resume"}

// prefix is what variables begin with.
const prefix = "SONDE_"

// Set is all defaults that there are.
type Set struct {
	// All are the defaults in the order of how much they count, the strongest first: the
	// environment, tables of commands, what stands before the tables. Values that add up
	// are several.
	All []report.Default
	// Path is the file that was read; "": there is none.
	Path string
	// Passed is whose file is not read under sudo, since root's counts; "": nobody's.
	Passed string
}

// Read reads the environment, as os.Environ has it, and the file. commands makes the root of all
// commands with all flags, which takes a while: it is called if there are defaults. Its errors are a *job.Error each: of a file that cannot be meant about usage, of
// one that is not to be trusted a local one.
func Read(environ []string, commands func() *cobra.Command) (*Set, error) {
	s, root := &Set{}, sync.OnceValue(commands)
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", "-"))
		if strings.HasPrefix(name, prefix) && name == variable(flag) && has(root(), "", flag) {
			s.All = append(s.All, report.Default{Flag: flag, Value: value, From: name})
		}
	}
	if s.Passed = value(environ, "SUDO_USER"); s.Passed == "root" {
		s.Passed = ""
	}
	path := file(environ)
	if path == "" {
		return s, nil
	}
	text, err := trusted(path)
	if err != nil || text == nil {
		return s, err
	}
	s.Path = path
	list, err := parse(path, text, func(command, flag string) bool { return has(root(), command, flag) })
	if err != nil {
		return nil, job.Usage("%s: %w", path, err)
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Command != "" && list[j].Command == "" })
	s.All = append(s.All, list...)
	return s, nil
}

// variable is the name of a flag in the environment.
func variable(flag string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// value is that of a variable.
func value(environ []string, name string) string {
	for _, v := range environ {
		if n, value, _ := strings.Cut(v, "="); n == name {
			return value
		}
	}
	return ""
}

// has tells whether a command, or any if none is named, has a flag that may have a default.
// The flag may be "": then it is about the command.
func has(root *cobra.Command, command, flag string) bool {
	for _, c := range root.Commands() {
		if command != "" && c.Name() != command {
			continue
		}
		f := c.Flags().Lookup(flag)
		if flag == "" && c.Flags().HasFlags() || f != nil && !f.Hidden && !slices.Contains(never, flag) {
			return true
		}
	}
	return false
}

// For returns the defaults that count for a command line: of each flag of set that is not
// given, the strongest, or where values add up all of its source.
func (s *Set) For(command string, set *pflag.FlagSet) (list []report.Default) {
	from := map[string]string{} // where the default of a flag is from
	for _, d := range s.All {
		f := set.Lookup(d.Flag)
		if f == nil || f.Hidden || f.Changed || d.Command != "" && d.Command != command {
			continue
		}
		if was, ok := from[d.Flag]; ok && was != d.From {
			continue
		}
		from[d.Flag] = d.From
		list = append(list, d)
	}
	return list
}
