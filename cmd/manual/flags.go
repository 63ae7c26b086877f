package manual

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/probe/field"
)

// groups are the titles under which help shows flags, and the flags in the order in which
// it does.
var groups = []struct{ title, flags string }{
	{"What is asked", "scan ports port proto top exclude-ports hops flows mtu watch for vary confirm udp services fingerprints thorough ping no-os os-db os-sample locate until-sure count interval wait-for"},
	{"Who is asked", "input local list exclude exclude-file all-addresses ipv4 ipv6"},
	{"From where", "interface source source-port via rst-guard"},
	{"Fields of the packet (sonde help packets)", fields},
	{"How fast, and how long (sonde help timing)", "timing rate max-retries timeout host-timeout deadline"},
	{"A part of a job", "seed shard resume"},
	{"What is shown, and where", "output open verbose quiet expect expect-file nagios then numeric resolve asn metrics replay stats color packet-trace pcap dry-run"},
	{"Help", "help version"},
}

// fields stands for all fields of the table of packets that no other group has.
const fields = "*"

// others is the title of flags that no group has.
const others = "Other flags"

// flagParts are the flags of a command in their groups.
func flagParts(cmd *cobra.Command) []Part {
	var parts []Part
	left := map[string]*pflag.Flag{}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			left[f.Name] = f
		}
	})
	add := func(title string, names []string) {
		var terms []Term
		for _, name := range names {
			if f := left[name]; f != nil {
				terms = append(terms, flagTerm(f))
				delete(left, name)
			}
		}
		if terms != nil {
			parts = append(parts, Part{Title: title, Terms: terms})
		}
	}
	for _, g := range groups {
		add(g.title, groupFlags(g.flags))
	}
	rest := make([]string, 0, len(left))
	for name := range left {
		rest = append(rest, name)
	}
	slices.Sort(rest)
	add(others, rest)
	return parts
}

// groupFlags are the names of the flags of a group.
func groupFlags(names string) []string {
	if names != fields {
		return strings.Fields(names)
	}
	var list []string
	for _, f := range field.All() {
		if f.Name != "source-port" { // which is with what else says where questions come from
			list = append(list, f.Name)
		}
	}
	return list
}

// flagTerm is a flag with its value, and what it is for.
func flagTerm(f *pflag.Flag) Term {
	value, usage := pflag.UnquoteUsage(f)
	word := "    --" + f.Name
	if f.Shorthand != "" {
		word = "-" + f.Shorthand + ", --" + f.Name
	}
	if value != "" && f.NoOptDefVal == "" {
		word += " " + value
	}
	switch f.Name {
	case "help":
		usage = "this help"
	case "version":
		usage = "the version"
	}
	if d := f.DefValue; d != "" && d != "false" && d != "[]" && d != "0" {
		usage += " (default " + d + ")"
	}
	return Term{word, usage}
}
