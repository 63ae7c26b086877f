// Package complete tells shells which values flags can have: interfaces, formats, states,
// kinds of probe, ports by name. Flags is what to call.
package complete

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/fingerprint"
	"sonde/output"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/job"
)

// values lists what may be typed for a flag of a command: each value, and behind a tab what
// it is. typed is what is there already.
type values func(command, typed string) []string

// known are the flags whose values are not files, by their long names. Of others with a
// value nothing is offered: they are numbers, durations, addresses.
var known = map[string]values{
	"output":      formats,
	"interface":   interfaces,
	"expect":      states,
	"wait-for":    states,
	"scan":        func(string, string) []string { return kinds(func(e probe.Entry) string { return e.Scan }) },
	"ping":        pings,
	"ports":       ports,
	"port":        port,
	"timing":      templates,
	"dscp":        classes,
	"via":         fixed("raw", "connect", "xdp"),
	"color":       fixed("auto", "always", "never"),
	"proto":       fixed("icmp", "tcp", "udp"),
	"tcp-options": fixed("none", "linux", "windows", "macos", "freebsd"),
	"ecn":         fixed("0\tno ECN", "1\tECT(1)", "2\tECT(0)", "3\tcongestion experienced"),
	"vary":        factors,
}

// files are the flags whose values are files.
var files = []string{"input", "exclude-file", "pcap", "resume"}

// pieces are the flags whose values go on behind what is offered: no blank follows.
var pieces = []string{"output", "ports", "ping", "vary"}

// Flags has cmd complete the values of its flags, and no names of files where targets stand.
func Flags(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.NoOptDefVal != "" || slices.Contains(files, f.Name) {
			return
		}
		list, directive := known[f.Name], cobra.ShellCompDirectiveNoFileComp
		if slices.Contains(pieces, f.Name) {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		// Its error is that there is one already.
		cmd.RegisterFlagCompletionFunc(f.Name, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			switch {
			case f.Name == "output" && strings.Contains(typed, "="):
				return nil, cobra.ShellCompDirectiveDefault // a file
			case list == nil:
				return nil, directive
			}
			return list(cmd.Name(), typed), directive
		})
	})
	if cmd.Name() != "compare" {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
}

func fixed(list ...string) values { return func(string, string) []string { return list } }

func formats(command, _ string) (list []string) {
	for _, f := range output.Formats().For(command) {
		list = append(list, f.Name+"\t"+f.Doc)
	}
	return list
}

// states are those that some way of asking finds.
func states(command, _ string) (list []string) {
	ways := [][]string{nil}
	if command == "tcp" {
		for _, e := range probe.Kinds() {
			if e.Scan != "" {
				ways = append(ways, []string{e.Scan})
			}
		}
	}
	for _, state := range job.States(command) {
		if slices.ContainsFunc(ways, func(scan []string) bool {
			s := job.Spec{Command: command, Targets: job.Targets{Words: []string{"192.0.2.7"}}, Ask: job.Ask{Scan: scan}, Expect: state.String()}
			return s.Check() == nil
		}) {
			list = append(list, state.String())
		}
	}
	return list
}

// kinds are the letters by which kinds of probe are chosen.
func kinds(letter func(probe.Entry) string) (list []string) {
	for _, e := range probe.Kinds() {
		if l := letter(e); l != "" {
			list = append(list, l+"\t"+e.Kind.Doc())
		}
	}
	slices.Sort(list)
	return list
}

func pings(command, _ string) []string {
	list := kinds(func(e probe.Entry) string { return e.Ping })
	if command != "sweep" {
		list = append(list, "N\tnot at all")
	}
	return list
}

// ports are the names of services that begin as the last word of a list does. Of all of
// them there are too many.
func ports(command, typed string) (list []string) {
	i := strings.LastIndexByte(typed, ',') + 1
	before, name := typed[:i], typed[i:]
	if name == "" {
		return nil
	}
	proto := "tcp"
	if command == "udp" {
		proto = "udp"
	}
	for _, n := range fingerprint.NamesLike(name+"*", proto) {
		list = append(list, before+n)
	}
	return list
}

// port are the names that stand for a single port.
func port(command, typed string) []string {
	return slices.DeleteFunc(ports(command, typed), func(name string) bool { return len(fingerprint.PortsOf(name, "tcp")) != 1 })
}

func templates(string, string) (list []string) {
	for n, name := range scan.TemplateNames {
		list = append(list, strconv.Itoa(n)+"\t"+name, name+"\t"+strconv.Itoa(n))
	}
	return list
}

func classes(string, string) (list []string) {
	for d := range uint8(64) {
		if name := wire.DSCPName(d); name != strconv.Itoa(int(d)) {
			list = append(list, name+"\t"+strconv.Itoa(int(d)))
		}
	}
	return list
}

func factors(string, string) (list []string) {
	for _, name := range job.Factors() {
		list = append(list, name+"=")
	}
	return list
}

func interfaces(string, string) (list []string) {
	all, err := net.Interfaces()
	if err != nil {
		return nil // a shell has no place for it
	}
	for _, i := range all {
		list = append(list, i.Name)
	}
	return list
}
